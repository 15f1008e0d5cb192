import {
  type Completion,
  type CompletionSurroundings,
  FILES,
  NOTHING,
  words,
} from "./completion.ts";

/** What may stand behind each word of `wg set` that takes a value. */
const VALUES: Readonly<Record<string, Completion>> = {
  "listen-port": NOTHING,
  "fwmark": words(["off"]),
  "private-key": FILES,
  "preshared-key": FILES,
  "endpoint": NOTHING,
  "persistent-keepalive": words(["off", "25"]),
  "allowed-ips": NOTHING,
};
const OF_INTERFACE = ["listen-port", "fwmark", "private-key"];
const OF_PEER = [
  "remove",
  "preshared-key",
  "endpoint",
  "persistent-keepalive",
  "allowed-ips",
];

/** Completes what follows `before` in `wg set`, whose first word is the interface. */
export async function completeSet(
  before: readonly string[],
  surroundings: CompletionSurroundings,
): Promise<Completion> {
  const [interfaceName = "", ...rest] = before;
  let possible = OF_INTERFACE;
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at] ?? "";
    const isLast = at === rest.length - 1;
    if (word === "peer") {
      if (isLast) return { candidates: await surroundings.peers(interfaceName), files: "none" };
      possible = OF_PEER;
      at++;
    } else {
      possible = possible.filter((other) => other !== word);
      if (word === "remove") continue;
      const values = VALUES[word];
      if (values === undefined) return NOTHING;
      if (isLast) return values;
      at++;
    }
  }
  return words([...possible, "peer"]);
}

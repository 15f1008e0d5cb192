/** What names peers, after a save: configs with little else than what could. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { formatKey } from "../../../core/keys.ts";
import { KEY_A, KEY_B, KEY_C, parse, peerState, running, save } from "./save_tunnel.ts";

const comment = fc.constantFrom("", "", "# Name = NAME", "# Name: NAME", "# NAME", "# [Peer]");
const comments = fc.array(comment, { maxLength: 4 });
const section = fc.tuple(comments, comments, comments);

/** Configs of three peers, which of them are gone, which have no endpoint any more, and if one is new. */
const configs = fc.record({
  sections: fc.tuple(section, section, section, comments),
  isGone: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
  isLost: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
  isNew: fc.boolean(),
}).map(({ sections: [a, b, c, end], ...change }) => {
  const lines = [a, b, c].flatMap(([above, within, below], i) => [
    ...above,
    "[Peer]",
    `PublicKey = ${[KEY_A, KEY_B, KEY_C][i]}`,
    ...within,
    "Endpoint = 192.0.2.1:1",
    ...below,
  ]);
  let count = 0;
  const text = ["[Interface]", "ListenPort = 1", ...lines, ...end, ""].join("\n");
  return { text: text.replace(/NAME/g, () => `name ${++count}`), ...change };
});

function namesOf(text: string): Map<string, string | undefined> {
  return new Map(parse(text).peers.map(({ publicKey, name }) => [formatKey(publicKey), name]));
}

Deno.test("save: peers that stay keep their names, whatever comments are where", () => {
  fc.assert(
    fc.property(configs, ({ text, isGone, isLost, isNew }) => {
      const tunnel = running(parse(text));
      for (const [i, peer] of tunnel.state.peers.entries()) if (isLost[i]) peer.endpoint = null;
      tunnel.state.peers = tunnel.state.peers.filter((_, i) => !isGone[i]);
      if (isNew) tunnel.state.peers.push(peerState(new Uint8Array(32).fill(7)));
      const saved = save(text, tunnel);
      const before = namesOf(text);
      for (const [key, name] of namesOf(saved)) assert.equal(name, before.get(key), saved);
      assert.equal(save(saved, tunnel), saved);
    }),
    { numRuns: 3000 },
  );
});

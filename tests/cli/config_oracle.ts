/** What the real `wg` and wg-quick say of a config, without an interface. */

import { runProgram } from "./wg_oracle.ts";

/**
 * "unresolved": accepted but for an endpoint that could not be resolved, which isn't the parser's to
 * say.
 */
export type Verdict = "accepted" | "rejected" | "unresolved";

/** The verdict of `wg setconf`, which parses a config before it looks for the interface. */
export function wgVerdict(text: string, directory: string): Verdict {
  const path = `${directory}/oracle.conf`;
  Deno.writeTextFileSync(path, text, { mode: 0o600 });
  return setconfVerdict(path);
}

/** The verdict of wg-quick: what it leaves to `wg` goes through `wg setconf`. */
export function quickVerdict(text: string, directory: string): Verdict {
  const path = `${directory}/oracle.conf`;
  Deno.writeTextFileSync(path, text, { mode: 0o600 });
  const { code, stdout } = runProgram("wg-quick", ["strip", path]);
  if (code !== 0) return "rejected";
  Deno.writeTextFileSync(path, stdout);
  return setconfVerdict(path);
}

function setconfVerdict(path: string): Verdict {
  // In a network namespace of its own, so that no host name of a test is ever asked for.
  const args = ["--net", "wg", "setconf", "nonexist0", path];
  const { stderr } = runProgram("unshare", args, { WG_ENDPOINT_RESOLUTION_RETRIES: "0" });
  if (/Unable to modify interface/.test(stderr)) return "accepted";
  const unresolved = /name resolution|Name or service not known|No address associated|in hostname/;
  return unresolved.test(stderr) ? "unresolved" : "rejected";
}

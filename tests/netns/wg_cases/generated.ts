/** Scripts with generated arguments of `set` and generated configs, which change peers that are there. */
import { KEY, OTHER_KEY } from "../../cli/config_cases.ts";
import { WgInputs } from "../../cli/wg_parser_cases.ts";
import { PEERS } from "./setting.ts";

/** So many of each, which depend on nothing but the seed. */
export function generatedScripts(seed: number, count: number): string[] {
  const made = new WgInputs(seed);
  const scripts: string[] = [];
  while (scripts.length < count) {
    const words = made.arguments().map((word) => quoted(ofPeers(word))).join(" ");
    // A sign in front of an allowed IP is nothing that an old `wg` knows.
    if (!/[',\s][+-]/.test(words)) {
      scripts.push(`cd $f; wg set wg0 ${words}`);
    }
  }
  for (let i = 0; i < count; i++) {
    const text = ofPeers(made.config()).replaceAll(/[\0+\u0080-\u00ff-]/g, "");
    const command = i % 2 === 0 ? "addconf" : "setconf";
    scripts.push(`wg ${command} wg0 <(printf %s ${quoted(text)})`);
  }
  return scripts;
}

/** Changes the peers of the parser's tests for those of {@linkcode settingWith}. */
function ofPeers(text: string): string {
  return text.replaceAll(KEY, PEERS[0] ?? "").replaceAll(OTHER_KEY, PEERS[1] ?? "");
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

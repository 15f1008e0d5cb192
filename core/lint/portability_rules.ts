/** What wgts takes, but wg-quick doesn't. */

import { asciiLowerCase, QUICK_KEYS, WGTS_INTERFACE_KEYS, WGTS_PEER_KEYS } from "../config/keys.ts";
import type { Tell } from "./finding.ts";
import { contentSpan, keySpan, type LocatedSection } from "./located.ts";

const OF_QUICK: ReadonlySet<string> = new Set(QUICK_KEYS);
const OF_WGTS: ReadonlySet<string> = new Set([...WGTS_INTERFACE_KEYS, ...WGTS_PEER_KEYS]);

/** wg ignores white space in names; wg-quick doesn't, and leaves what it doesn't know to wg. */
export function checkPortability(sections: readonly LocatedSection[], tell: Tell): void {
  const help = "remove the white space in it";
  for (const { name, line, settings } of sections) {
    const isQuick = name === "Interface" && settings.some(({ key }) => OF_QUICK.has(key));
    const header = contentSpan(line);
    const written = line.text.slice(header.start, header.end);
    if (isQuick && asciiLowerCase(written) !== "[interface]") {
      tell("wg-quick-refuses", header, "wg-quick doesn't know a section written so", help);
    }
    for (const { key, line } of settings) {
      const span = keySpan(line);
      if (OF_WGTS.has(key)) {
        const advice = "`wgts wg-quick strip' makes a config for wg of this one";
        tell("needs-wgts", span, `neither wg nor wg-quick knows ${key}`, advice);
      }
      if (!OF_QUICK.has(key) || span.end - span.start === key.length) continue;
      tell("wg-quick-refuses", span, "wg-quick doesn't know a key written so", help);
    }
  }
}

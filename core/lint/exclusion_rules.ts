/** What is odd about `DisallowedIPs`. */

import type { QuickConfig } from "../config/types.ts";
import { parsePrefix, ValueError } from "../config/values.ts";
import type { IpPrefix } from "../ip.ts";
import { formatKey, parseKey } from "../keys.ts";
import { overlaps } from "../prefix_difference.ts";
import type { Tell } from "./finding.ts";
import { contentSpan, itemsOf, type LocatedSection, settingsOf } from "./located.ts";

/** Tells of exclusions that exclude nothing, and of peers that are left with nothing. */
export function checkExclusions(
  { peers }: QuickConfig,
  sections: readonly LocatedSection[],
  tell: Tell,
): void {
  const claimsOf = ({ allowedIps, claimedIps = allowedIps }: QuickConfig["peers"][number]) =>
    claimedIps;
  for (const section of sections) {
    const key = parseKey(settingsOf([section], "PublicKey").at(-1)?.line.value ?? "");
    const peer = key === null
      ? undefined
      : peers.find(({ publicKey }) => formatKey(publicKey) === formatKey(key));
    const isOfPeer = section.name === "Peer";
    const claims = isOfPeer ? peer && claimsOf(peer) : peers.flatMap(claimsOf);
    for (const { text, span } of settingsOf([section], "DisallowedIPs").flatMap(itemsOf)) {
      const prefix = tryParse(text);
      if (prefix === null || claims === undefined) continue;
      const masked = prefix.masked();
      if (prefix.hasHostBits) {
        const message = `${prefix} has bits behind its prefix length: it is taken as ${masked}`;
        tell("host-bits", span, message);
      }
      if (claims.some((claim) => overlaps(claim, prefix))) continue;
      const whose = isOfPeer ? "this peer's AllowedIPs have" : "the AllowedIPs of no peer have";
      const message = isOfPeer ? `${whose} nothing of ${masked}` : `${whose} anything of ${masked}`;
      tell("idle-exclusion", span, message, "remove it, or did you mean another one?");
    }
    if (peer?.claimedIps !== undefined && peer.allowedIps.length === 0) {
      const message = "DisallowedIPs exclude all of this peer's AllowedIPs";
      tell("no-allowed-ips", contentSpan(section.line), message);
    }
  }
}

function tryParse(text: string): IpPrefix | null {
  try {
    return parsePrefix(text);
  } catch (error) {
    if (error instanceof ValueError) return null;
    throw error;
  }
}

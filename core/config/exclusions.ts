/** `DisallowedIPs`: what of AllowedIPs isn't meant. */

import type { IpPrefix } from "../ip.ts";
import { subtractPrefixes } from "../prefix_difference.ts";
import { formatComplaint } from "./error.ts";
import type { QuickConfig, WgPeerConfig } from "./types.ts";
import { parsePrefix, readItems } from "./values.ts";

/** Prefixes separated by commas, host bits cleared. */
export function parseDisallowedIps(text: string, warn: (problem: string) => void): IpPrefix[] {
  const prefixes: IpPrefix[] = [];
  readItems(text.split(","), (item) => {
    const prefix = parsePrefix(item);
    if (prefix.hasHostBits) {
      warn(`DisallowedIPs ${prefix} has host bits: taken as ${prefix.masked()}`);
    }
    prefixes.push(prefix.masked());
  });
  return prefixes;
}

/** What is taken out of the AllowedIPs of `peer`. */
export function exclusionsOf(config: QuickConfig, peer: WgPeerConfig): IpPrefix[] {
  return [...config.interface.disallowedIps ?? [], ...peer.disallowedIps ?? []];
}

/**
 * Takes the exclusions out of the allowed IPs of all peers. A prefix that two peers have then belongs to
 * the last of them, as with those that are written.
 */
export function applyExclusions(config: QuickConfig, file: string): void {
  const owners = new Map<string, WgPeerConfig>();
  let isAnyReduced = false;
  for (const peer of config.peers) {
    const excluded = exclusionsOf(config, peer);
    if (excluded.length === 0) continue;
    const claimed = peer.allowedIps;
    const left = subtractPrefixes(claimed, excluded);
    if (left.length === claimed.length && left.every((prefix, i) => claimed[i]?.equals(prefix))) {
      continue;
    }
    peer.claimedIps = claimed;
    peer.allowedIps = left;
    isAnyReduced = true;
  }
  if (!isAnyReduced) return;
  for (const peer of config.peers) {
    for (const prefix of peer.allowedIps) {
      const text = prefix.toString();
      const owner = owners.get(text);
      owners.set(text, peer);
      if (owner === undefined) continue;
      owner.allowedIps = owner.allowedIps.filter((other) => !other.equals(prefix));
      const position = { file, line: peer.line };
      const problem = `this peer takes ${text} from the peer of line ${owner.line}`;
      config.warnings.push({ ...position, message: formatComplaint(position, problem) });
    }
  }
}

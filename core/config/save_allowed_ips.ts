/**
 * The allowed IPs of a running interface in its config, where a prefix belongs to the last that claims
 * it.
 */

import type { PeerState } from "../interface_state.ts";
import type { IpPrefix } from "../ip.ts";
import { overlaps } from "../prefix_difference.ts";
import type { SettingLine } from "./document.ts";
import type { ConfigSection } from "./edit.ts";
import { ALLOWED_IP_LIST, editList, isSameSet, Place, type PrefixText } from "./edit_place.ts";
import { asciiLowerCase } from "./keys.ts";
import type { WgPeerConfig } from "./types.ts";
import { parseAllowedIps, parsePrefix } from "./values.ts";

/**
 * The peers whose allowed IPs must be edited: those that have others now, and those that claim one in
 * vain so far, because a later peer claims it too, which will no longer do so.
 */
export function findStale(
  known: ReadonlyMap<string, readonly ConfigSection[]>,
  configured: ReadonlyMap<string, WgPeerConfig>,
  peers: ReadonlyMap<string, PeerState>,
): Set<string> {
  const stale = new Set<string>();
  const owners = new Map<string, string>();
  for (const [key, { allowedIps }] of peers) {
    for (const prefix of allowedIps) owners.set(String(prefix), key);
    const before = configured.get(key);
    if (before !== undefined && !isSameSet(before.allowedIps, allowedIps)) stale.add(key);
  }
  const isAnyGone = [...configured.keys()].some((key) => !peers.has(key));
  if (stale.size === 0 && !isAnyGone) return stale;
  for (const [key, sections] of known) {
    const last = sections.at(-1)?.header.number ?? 0;
    const reduced = configured.get(key);
    const written = claimsOf(sections);
    const kept = reduced?.claimedIps && new Set(reduced.claimedIps.map(String));
    // Where exclusions left a part of what is written, that part counts.
    const claims = kept === undefined || reduced === undefined
      ? written
      : [...reduced.allowedIps.map(String), ...written.filter((claim) => !kept.has(claim))];
    for (const claim of claims) {
      const owner = owners.get(claim);
      if (owner === key) continue;
      // A new peer comes last.
      const first = owner === undefined ? 0 : known.get(owner)?.[0]?.header.number;
      if ((first ?? Infinity) < last) stale.add(key);
    }
  }
  return stale;
}

/**
 * The AllowedIPs of which `excluded` leave what a peer has, as far as they can: those of the config of which
 * nothing has gone, and the rest as it is.
 */
export function claimsFor(
  { allowedIps, claimedIps = allowedIps }: WgPeerConfig,
  excluded: readonly IpPrefix[],
  running: readonly string[],
): string[] {
  const rest = new Set(running), has = new Set(running);
  const kept: string[] = [];
  for (const claim of claimedIps) {
    const parts = allowedIps.filter((part) => claim.contains(part)).map(String);
    // What is excluded completely is none that went away.
    if (!parts.every((part) => has.has(part))) continue;
    kept.push(String(claim));
    for (const part of parts) rest.delete(part);
  }
  return [...kept, ...[...rest].filter((text) => !isExcluded(parsePrefix(text), excluded))];
}

/** Whether exclusions take a part of `prefix`. */
export function isExcluded(prefix: IpPrefix, excluded: readonly IpPrefix[]): boolean {
  return excluded.some((other) => overlaps(prefix, other));
}

function claimsOf(sections: readonly ConfigSection[]): string[] {
  return allowedIpLines(sections).flatMap(({ value }) =>
    parseAllowedIps(value).filter(({ sign }) => sign !== "-")
      .map(({ prefix }) => prefix.masked().toString())
  );
}

function allowedIpLines(sections: readonly ConfigSection[]): SettingLine[] {
  return sections.flatMap(({ settings }) =>
    settings.filter(({ key }) => asciiLowerCase(key) === "allowedips")
  );
}

/** Makes the sections of `place` give their peer the allowed IPs `wanted`, host bits cleared. */
export function editAllowedIps(place: Place, wanted: readonly PrefixText[]): void {
  const lines = allowedIpLines(place.sections);
  const isSigned = lines.some(({ value }) => /[+-]/.test(value));
  if (place.sections.length === 1 && !isSigned) {
    editList(place, "AllowedIPs", wanted, ALLOWED_IP_LIST);
    return;
  }
  // Later sections and signs change what earlier lines say: one line in the last section says it all.
  const end = place.sections.at(-1) ?? place.sections[0];
  const last = allowedIpLines([end]).at(-1);
  for (const line of lines) {
    if (line !== last || wanted.length === 0) place.editor.removeLine(line);
  }
  const value = wanted.join(", ");
  if (wanted.length === 0) return;
  if (last !== undefined) place.editor.setValue(last, value);
  else new Place(place.editor, [end]).insert("AllowedIPs", value);
}

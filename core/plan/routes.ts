/**
 * Which routes an interface's allowed IPs ask for.
 *
 * @module
 */
import type { WgPeerConfig } from "../config/types.ts";
import { type IpFamily, IpPrefix } from "../ip.ts";
import { subtractPrefixes } from "../prefix_difference.ts";

/** First table, and mark, that a default route may take: WireGuard's customary port (wg-quick(8)). */
export const FIRST_TUNNEL_TABLE: number = 51820;

/**
 * The destinations of `allowedIps` in the order in which wg-quick(8) adds their routes: each once,
 * without host bits, longest prefix first, and by their text, backwards, among equals.
 */
export function destinations(allowedIps: Iterable<IpPrefix>): IpPrefix[] {
  const byText = new Map<string, IpPrefix>();
  for (const prefix of allowedIps) {
    const masked = prefix.masked();
    byText.set(masked.toString(), masked);
  }
  return [...byText]
    .sort(([a, prefixA], [b, prefixB]) => prefixB.length - prefixA.length || (a < b ? 1 : -1))
    .map(([, prefix]) => prefix);
}

/**
 * The allowed IPs that routes lead to. Of a default route, exclusions take nothing: it stays one, with
 * a mark, rules and a table of its own, for what goes nowhere else; see {@linkcode exceptions}.
 */
export function routedIps({ allowedIps, claimedIps }: WgPeerConfig): readonly IpPrefix[] {
  if (claimedIps === undefined) return allowedIps;
  const defaults = claimedIps.filter((claim) => claim.length === 0);
  const others = claimedIps.filter((claim) => claim.length > 0);
  return [
    ...defaults,
    ...allowedIps.filter((part) => others.some((claim) => claim.contains(part))),
  ];
}

/** What of the addresses of `family` no peer is allowed, though a default route leads to one. */
export function exceptions(peers: readonly WgPeerConfig[], family: IpFamily): IpPrefix[] {
  if (peers.every(({ claimedIps }) => claimedIps === undefined)) return [];
  const all = IpPrefix.parse(family === 4 ? "0.0.0.0/0" : "::/0");
  const allowed = peers.flatMap(({ allowedIps }) =>
    allowedIps.filter((prefix) => prefix.family === family)
  );
  return all === null ? [] : subtractPrefixes([all], allowed);
}

/**
 * The routes that Linux adds for the addresses of an interface. An IPv4 address without a subnet has
 * none, since it is only local; an IPv6 address always has one.
 */
export function connectedRoutes(addresses: Iterable<IpPrefix>): IpPrefix[] {
  return [...addresses]
    .filter((address) => address.length > 0 && !(address.family === 4 && address.length === 32))
    .map((address) => address.masked());
}

/**
 * A table number that no route uses: the first from {@linkcode FIRST_TUNNEL_TABLE} on.
 * It serves as the mark of the tunnel's own datagrams too.
 */
export function freeTable(isUsed: (table: number) => boolean): number {
  let table = FIRST_TUNNEL_TABLE;
  while (isUsed(table)) table++;
  return table;
}

/** Reads the text of an rt_tables file: lines of a number and a name, `#` starts a comment. */
export function parseTableNames(text: string): Map<string, number> {
  const names = new Map<string, number>();
  for (const line of text.split("\n")) {
    const match = /^\s*(0x[0-9a-f]+|[0-9]+)\s+([^\s#]+)/i.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined) names.set(match[2], Number(match[1]));
  }
  return names;
}

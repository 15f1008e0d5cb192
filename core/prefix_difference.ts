/** Sets of addresses without others, as prefixes. */

import { IpAddress, IpPrefix } from "./ip.ts";

/**
 * What is left of each of `prefixes` without `excluded`: the fewest prefixes that cover exactly the
 * addresses that no excluded one has, in ascending order. A prefix that has none of these stays as it is,
 * but for its host bits. Each prefix comes once, at its first place.
 */
export function subtractPrefixes(
  prefixes: readonly IpPrefix[],
  excluded: readonly IpPrefix[],
): IpPrefix[] {
  const left = new Map<string, IpPrefix>();
  for (const prefix of prefixes) {
    const masked = prefix.masked();
    const holes = excluded.filter((other) => overlaps(masked, other));
    for (const part of split(masked, holes)) left.set(part.toString(), part);
  }
  return [...left.values()];
}

/** Whether two prefixes have an address in common: one of them is a part of the other then. */
export function overlaps(a: IpPrefix, b: IpPrefix): boolean {
  return a.contains(b) || b.contains(a);
}

/** @param holes that overlap `prefix` */
function split(prefix: IpPrefix, holes: readonly IpPrefix[]): IpPrefix[] {
  if (holes.length === 0) return [prefix];
  if (holes.some((hole) => hole.contains(prefix))) return [];
  return halvesOf(prefix).flatMap((half) =>
    split(half, holes.filter((hole) => overlaps(half, hole)))
  );
}

function halvesOf({ address, length }: IpPrefix): IpPrefix[] {
  const upper = address.bytes.slice();
  const byte = length >> 3;
  upper[byte] = (upper[byte] ?? 0) | 0x80 >> (length & 7);
  return [address, IpAddress.fromBytes(upper)].map((half) => new IpPrefix(half, length + 1));
}

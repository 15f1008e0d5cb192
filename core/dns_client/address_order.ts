/** In which order the addresses of a host are tried. */

import { type IpAddress, IpPrefix } from "../ip.ts";

/** RFC 6724 section 2.1: the higher, the better. What isn't listed is plain IPv6. */
const PRECEDENCES: readonly (readonly [prefix: string, precedence: number])[] = [
  ["::1/128", 50],
  ["::ffff:0:0/96", 35],
  ["::/96", 1],
  ["2001::/32", 5],
  ["2002::/16", 30],
  ["3ffe::/16", 1],
  ["fec0::/10", 1],
  ["fc00::/7", 3],
];
const PRECEDENCE_IPV4 = 35;
const PRECEDENCE_IPV6 = 40;

/**
 * `addresses` without repetition, the best first: those that there is a route to (RFC 6724 section 6,
 * rule 1), then by precedence (rule 6); and the families by turns from the best one's on (RFC 8305
 * section 4), so that a family that doesn't work holds nothing up.
 */
export function orderAddresses(
  addresses: readonly IpAddress[],
  hasRoute: (address: IpAddress) => boolean,
): IpAddress[] {
  const unique = addresses.filter((address, at) =>
    addresses.findIndex((other) => other.equals(address)) === at
  );
  const weights = new Map(unique.map((address) => {
    return [address, (hasRoute(address) ? 100 : 0) + precedence(address)];
  }));
  const weight = (address: IpAddress) => weights.get(address) ?? 0;
  const sorted = unique.sort((a, b) => weight(b) - weight(a));
  const first = sorted.filter(({ family }) => family === sorted[0]?.family);
  const second = sorted.filter(({ family }) => family !== sorted[0]?.family);
  return Array.from({ length: sorted.length }, (_, i) => [first[i], second[i]])
    .flat()
    .filter((address) => address !== undefined);
}

function precedence(address: IpAddress): number {
  if (address.family === 4) return PRECEDENCE_IPV4;
  for (const [text, precedence] of PRECEDENCES) {
    if (IpPrefix.parse(text)?.contains(address)) return precedence;
  }
  return PRECEDENCE_IPV6;
}

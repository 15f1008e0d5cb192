/** Zones of IPv6 addresses (RFC 4007 section 11), as Linux and the C library understand them. */

const MAX_SCOPE_ID = 0xffff_ffff;

/**
 * Whether `address` (4 or 16 bytes) is meant on one link or interface only: it is link-local, or multicast
 * of that scope or a smaller one (RFC 4291 sections 2.5.6 and 2.7). Of any other, Linux looks at no scope
 * id, and tells none.
 */
export function isZoned(address: Uint8Array): boolean {
  return isOfLink(address) || isMulticast(address, 1);
}

/**
 * The scope id that a zone means, 0 for none, as getaddrinfo(3) reads it; null when it doesn't. Only where
 * the address is zoned it may be a name, which goes before a number.
 *
 * @param address 16 bytes
 * @param indexOf the index of the interface of that name, 0 when there is none
 */
export function parseZone(
  address: Uint8Array,
  zone: string,
  indexOf: (name: string) => number,
): number | null {
  const index = isZoned(address) ? indexOf(zone) : 0;
  if (index !== 0) return index;
  const number = /^[0-9]+$/.test(zone) ? Number(zone) : NaN;
  return number <= MAX_SCOPE_ID ? number : null;
}

/**
 * The scope id that Linux needs with an address whose zone is `zone`, "" for none: 0 where the address is
 * enough; null when the zone isn't there.
 */
export function neededScopeId(
  address: Uint8Array,
  zone: string,
  indexOf: (name: string) => number,
): number | null {
  return zone === "" || !isZoned(address) ? 0 : parseZone(address, zone, indexOf);
}

/**
 * The zone that a scope id means, as getnameinfo(3) writes it: "" for 0, a name only with addresses of one
 * link, a number with others.
 *
 * @param address 4 or 16 bytes
 * @param nameOf the name of the interface with that index, or the index when there is none
 */
export function formatZone(
  address: Uint8Array,
  scopeId: number,
  nameOf: (scopeId: number) => string,
): string {
  if (scopeId === 0) return "";
  return isOfLink(address) ? nameOf(scopeId) : String(scopeId);
}

function isOfLink(address: Uint8Array): boolean {
  const [first = 0, second = 0] = address;
  if (address.length !== 16) return false;
  return first === 0xfe && (second & 0xc0) === 0x80 || isMulticast(address, 2);
}

function isMulticast(address: Uint8Array, scope: number): boolean {
  return address.length === 16 && address[0] === 0xff && ((address[1] ?? 0) & 0x0f) === scope;
}

import { IpAddress } from "../ip.ts";
import type { UapiEndpoint } from "../uapi/command.ts";
import { AF_INET, AF_INET6 } from "./family.ts";

/**
 * `struct sockaddr_in` (16 bytes) and `sockaddr_in6` (28 bytes): the family and the scope id in host
 * byte order (little-endian), the port in network byte order. Source: ip(7), ipv6(7).
 */
const SOCKADDR_IN = { SIZE: 16, PORT: 2, ADDRESS: 4 } as const;
const SOCKADDR_IN6 = { SIZE: 28, PORT: 2, ADDRESS: 8, SCOPE_ID: 24 } as const;

/** The index of the interface that an IPv6 zone names. */
export type ScopeIdOf = (zone: string) => number;
/** The zone that stands for an interface's index in an endpoint with `address`. */
export type ZoneOf = (scopeId: number, address: IpAddress) => string;

/** `endpoint` as a socket address of its family. */
export function encodeSockaddr(
  { address, port, zone }: UapiEndpoint,
  scopeIdOf: ScopeIdOf,
): Uint8Array {
  const layout = address.family === 4 ? SOCKADDR_IN : SOCKADDR_IN6;
  const bytes = new Uint8Array(layout.SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, address.family === 4 ? AF_INET : AF_INET6, true);
  view.setUint16(layout.PORT, port);
  bytes.set(address.bytes, layout.ADDRESS);
  if (address.family === 6 && zone !== "") {
    view.setUint32(SOCKADDR_IN6.SCOPE_ID, scopeIdOf(zone), true);
  }
  return bytes;
}

/** The endpoint that a socket address is; null for one of another family or size than IP's. */
export function decodeSockaddr(bytes: Uint8Array, zoneOf: ZoneOf): UapiEndpoint | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const family = bytes.length < 2 ? 0 : view.getUint16(0, true);
  if (family === AF_INET && bytes.length === SOCKADDR_IN.SIZE) {
    const { ADDRESS, PORT } = SOCKADDR_IN;
    const address = IpAddress.fromBytes(bytes.slice(ADDRESS, ADDRESS + 4));
    return { address, port: view.getUint16(PORT), zone: "" };
  }
  if (family === AF_INET6 && bytes.length === SOCKADDR_IN6.SIZE) {
    const { ADDRESS, PORT, SCOPE_ID } = SOCKADDR_IN6;
    const address = IpAddress.fromBytes(bytes.slice(ADDRESS, ADDRESS + 16));
    const scopeId = view.getUint32(SCOPE_ID, true);
    const zone = scopeId === 0 ? "" : zoneOf(scopeId, address);
    return { address, port: view.getUint16(PORT), zone };
  }
  return null;
}

import type { IpFamily } from "./ip.ts";

/** Bytes of an IPv4 header without options (RFC 791 section 3.1). */
export const IPV4_HEADER_SIZE = 20;
/** Bytes of an IPv6 header (RFC 8200 section 3). */
export const IPV6_HEADER_SIZE = 40;

/** Offsets of the addresses in an IPv4 header; 4 bytes each, network byte order. */
export const IPV4_SOURCE_OFFSET = 12;
export const IPV4_DESTINATION_OFFSET = 16;
/** Offsets of the addresses in an IPv6 header; 16 bytes each, network byte order. */
export const IPV6_SOURCE_OFFSET = 8;
export const IPV6_DESTINATION_OFFSET = 24;

const IPV4_TOTAL_LENGTH_OFFSET = 2;
const IPV4_FRAGMENT_OFFSET = 6;
const IPV4_PROTOCOL_OFFSET = 9;
const IPV6_PAYLOAD_LENGTH_OFFSET = 4;
const IPV6_NEXT_HEADER_OFFSET = 6;

const PROTOCOL_UDP = 17;
const UDP_HEADER_SIZE = 8;
/** IPv6's fragment header (RFC 8200 section 4.5), which the first fragment has as well. */
const PROTOCOL_FRAGMENT = 44;
const FRAGMENT_HEADER_SIZE = 8;

/**
 * The IP version of the packet of `length` bytes at `packet`: 4 or 6, or 0 when it is neither or
 * shorter than its version's fixed header.
 */
export function ipVersion(view: DataView, packet: number, length: number): IpFamily | 0 {
  if (length < IPV4_HEADER_SIZE) return 0;
  const version = view.getUint8(packet) >> 4;
  if (version === 4) return 4;
  return version === 6 && length >= IPV6_HEADER_SIZE ? 6 : 0;
}

/**
 * The length in bytes that a packet of IP version `version` at `packet` says it has; -1 when that is
 * less than its header or more than the `length` bytes there are. What lies behind is padding.
 */
export function ipPacketLength(
  view: DataView,
  packet: number,
  length: number,
  version: IpFamily,
): number {
  const claimed = version === 4
    ? view.getUint16(packet + IPV4_TOTAL_LENGTH_OFFSET)
    : view.getUint16(packet + IPV6_PAYLOAD_LENGTH_OFFSET) + IPV6_HEADER_SIZE;
  const least = version === 4 ? IPV4_HEADER_SIZE : IPV6_HEADER_SIZE;
  return claimed < least || claimed > length ? -1 : claimed;
}

/**
 * The offset of the UDP payload of a packet of IP version `version` at `packet`; -1 when it isn't a
 * UDP datagram's beginning. IPv6 extension headers other than the fragment header are not followed.
 * The payload may lie behind the packet's end.
 */
export function udpPayload(view: DataView, packet: number, version: IpFamily): number {
  if (version === 4) {
    if (view.getUint8(packet + IPV4_PROTOCOL_OFFSET) !== PROTOCOL_UDP) return -1;
    if ((view.getUint16(packet + IPV4_FRAGMENT_OFFSET) & 0x1fff) !== 0) return -1;
    return packet + (view.getUint8(packet) & 0xf) * 4 + UDP_HEADER_SIZE;
  }
  const next = view.getUint8(packet + IPV6_NEXT_HEADER_OFFSET);
  const header = packet + IPV6_HEADER_SIZE;
  if (next === PROTOCOL_UDP) return header + UDP_HEADER_SIZE;
  if (next !== PROTOCOL_FRAGMENT || view.getUint8(header) !== PROTOCOL_UDP) return -1;
  if ((view.getUint16(header + 2) & 0xfff8) !== 0) return -1;
  return header + FRAGMENT_HEADER_SIZE + UDP_HEADER_SIZE;
}

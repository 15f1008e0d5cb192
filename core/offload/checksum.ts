/**
 * Small sums of the Internet checksum (RFC 1071), in the convention of `ChecksumKernel`: 16-bit words
 * read as little-endian, which gives the checksum with its bytes swapped: it is stored little-endian too.
 */

import { IPV4_HEADER_SIZE, IPV6_HEADER_SIZE } from "../packet.ts";
import { Ipv4Header, Ipv6Header } from "./transport_header.ts";

/** Folds a sum of less than 2^31 to 16 bits with the carries added back. */
export function fold(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

/** What a 16-bit number in network byte order adds to a sum. */
export function wordOf(value: number): number {
  return (value & 0xff) << 8 | value >>> 8 & 0xff;
}

/** Sum, not folded, of `length` bytes at `offset`: a multiple of 4, at most 2^16. */
export function sumHeader(view: DataView, offset: number, length: number): number {
  let sum = 0;
  for (const end = offset + length; offset < end; offset += 4) {
    const words = view.getInt32(offset, true);
    sum += (words & 0xffff) + (words >>> 16);
  }
  return sum;
}

/**
 * Sum, not folded, of the pseudo-header of a packet of IP version `version` but for its length field
 * (RFC 9293 section 3.1, RFC 8200 section 8.1).
 */
export function sumPseudoHeader(
  view: DataView,
  packet: number,
  version: number,
  protocol: number,
): number {
  const start = version === 4 ? Ipv4Header.SOURCE : Ipv6Header.SOURCE;
  const end = version === 4 ? IPV4_HEADER_SIZE : IPV6_HEADER_SIZE;
  return sumHeader(view, packet + start, end - start) + wordOf(protocol);
}

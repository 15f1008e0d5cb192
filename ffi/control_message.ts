/** Ancillary data of UDP sockets (cmsg(3), ip(7), ipv6(7), udp(7)), in memory. */

import type { LocalSource } from "../core/endpoint.ts";
import type { Memory } from "../core/memory.ts";
import {
  CMSGHDR,
  IN6_PKTINFO,
  IN_PKTINFO,
  IP_PKTINFO,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_PKTINFO,
  SOL_UDP,
  UDP_GRO,
  UDP_SEGMENT,
} from "./layout.ts";

/** Room for all control messages of one datagram: the local source and a segment size, and one more. */
export const CONTROL_SIZE = 96;

const LINK_LOCAL_PREFIX = 0xfe80;

/** What the control messages of one received datagram say. One object is used for all of them. */
export class ReceivedControl {
  /** Offset of the in_pktinfo or in6_pktinfo; 0 without one. */
  packetInfo = 0;
  /** Bytes of each datagram but the last that the kernel joined into one; 0 when it joined none. */
  segmentSize = 0;

  /** Reads the `length` bytes of control messages at `at`. */
  parse(view: DataView, at: number, length: number): void {
    this.packetInfo = 0;
    this.segmentSize = 0;
    const end = at + length;
    while (at + CMSGHDR.SIZE <= end) {
      const size = view.getUint32(at + CMSGHDR.LENGTH, true);
      if (size < CMSGHDR.SIZE || at + size > end) return;
      const level = view.getInt32(at + CMSGHDR.LEVEL, true);
      const type = view.getInt32(at + CMSGHDR.TYPE, true);
      const data = at + CMSGHDR.SIZE;
      if (level === IPPROTO_IP && type === IP_PKTINFO) this.packetInfo = data;
      else if (level === IPPROTO_IPV6 && type === IPV6_PKTINFO) this.packetInfo = data;
      else if (level === SOL_UDP && type === UDP_GRO) {
        this.segmentSize = view.getInt32(data, true);
      }
      at += align(size);
    }
  }
}

/** The local side of a received datagram from its in_pktinfo or in6_pktinfo at `at`. */
export function readPacketInfo(memory: Memory, at: number, ipv6: boolean): LocalSource {
  const { bytes, view } = memory;
  if (ipv6) {
    const address = at + IN6_PKTINFO.ADDR;
    return {
      address: bytes.slice(address, address + 16),
      interfaceIndex: view.getInt32(at + IN6_PKTINFO.IFINDEX, true),
    };
  }
  const address = at + IN_PKTINFO.SPEC_DST;
  return {
    address: bytes.slice(address, address + 4),
    interfaceIndex: view.getInt32(at + IN_PKTINFO.IFINDEX, true),
  };
}

/**
 * Writes the control message that makes a datagram leave from `source`, and returns its bytes.
 *
 * The interface is left to routing, as the kernel's WireGuard does: one pinned here would be used even
 * after the route has moved to another. Only a link-local address means nothing without it.
 */
export function writePacketInfo(memory: Memory, at: number, source: LocalSource): number {
  const { bytes, view } = memory;
  const data = at + CMSGHDR.SIZE;
  if (source.address.length === 4) {
    writeHeader(view, at, IN_PKTINFO.SIZE, IPPROTO_IP, IP_PKTINFO);
    bytes.fill(0, data, data + IN_PKTINFO.SIZE);
    bytes.set(source.address, data + IN_PKTINFO.SPEC_DST);
    return align(CMSGHDR.SIZE + IN_PKTINFO.SIZE);
  }
  writeHeader(view, at, IN6_PKTINFO.SIZE, IPPROTO_IPV6, IPV6_PKTINFO);
  bytes.set(source.address, data + IN6_PKTINFO.ADDR);
  const linkLocal = (view.getUint16(data + IN6_PKTINFO.ADDR) & 0xffc0) === LINK_LOCAL_PREFIX;
  view.setInt32(data + IN6_PKTINFO.IFINDEX, linkLocal ? source.interfaceIndex : 0, true);
  return align(CMSGHDR.SIZE + IN6_PKTINFO.SIZE);
}

/** Writes the control message that lets the kernel cut a message into datagrams, and returns its bytes. */
export function writeSegmentSize(view: DataView, at: number, segmentSize: number): number {
  writeHeader(view, at, 2, SOL_UDP, UDP_SEGMENT);
  view.setUint16(at + CMSGHDR.SIZE, segmentSize, true);
  return align(CMSGHDR.SIZE + 2);
}

function writeHeader(view: DataView, at: number, size: number, level: number, type: number): void {
  view.setUint32(at + CMSGHDR.LENGTH, CMSGHDR.SIZE + size, true);
  view.setUint32(at + CMSGHDR.LENGTH + 4, 0, true);
  view.setInt32(at + CMSGHDR.LEVEL, level, true);
  view.setInt32(at + CMSGHDR.TYPE, type, true);
}

function align(size: number): number {
  return (size + CMSGHDR.ALIGNMENT - 1) & -CMSGHDR.ALIGNMENT;
}

import type { ChecksumKernel } from "../crypto/crypto.ts";
import type { Memory } from "../memory.ts";
import { IPV4_HEADER_SIZE, IPV6_HEADER_SIZE } from "../packet.ts";
import { fold, sumHeader, sumPseudoHeader, wordOf } from "./checksum.ts";
import {
  Ipv4Header,
  Ipv6Header,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  TCP_HEADER_SIZE,
  TcpFlag,
  TcpHeader,
  UDP_HEADER_SIZE,
  UdpHeader,
} from "./transport_header.ts";
import { GsoType, NEEDS_CHECKSUM, VirtioNetHeader } from "./virtio_net_header.ts";

/** The largest IP packet that a TUN interface hands out, in bytes. */
const MAX_PACKET_SIZE = 65_535;

/**
 * Does what the kernel left to be done when it handed out a packet with a virtio_net_hdr: completes its
 * checksum, or cuts a TCP or UDP super-packet into the packets that it stands for, as Linux' own
 * segmentation does (inet_gso_segment, tcp_gso_segment, __udp_gso_segment).
 *
 * One super-packet at a time: {@linkcode begin}, then {@linkcode write} for each packet, in any order.
 * Nothing is allocated, and no byte before the packet or behind its length is read or written.
 */
export class Splitter {
  readonly #memory: Memory;
  readonly #checksum: ChecksumKernel;

  #packet = 0;
  #version = 0;
  /** Bytes of the IP header with options or extension headers, and of it and the transport header. */
  #ipSize = 0;
  #headerSize = 0;
  #payloadSize = 0;
  #gsoSize = 0;
  #count = 0;
  #isTcp = false;
  #flags = 0;
  #sequence = 0;
  #id = 0;
  /** What the fields add to a checksum that are the same in every packet. */
  #ipSum = 0;
  #transportSum = 0;

  /** A splitter of packets in `memory`; `checksum` works on the same memory. */
  constructor(memory: Memory, checksum: ChecksumKernel) {
    this.#memory = memory;
    this.#checksum = checksum;
  }

  /**
   * Looks at a packet of `length` bytes at `packet` and its virtio_net_hdr at `header`.
   *
   * @returns how many packets it makes. 1: nothing is to be cut, and the packet is complete now, where it
   * is. More: {@linkcode write} them, while the super-packet stays where it is. 0: it is malformed and
   * must be dropped.
   */
  begin(header: number, packet: number, length: number): number {
    const { view } = this.#memory;
    const flags = view.getUint8(header + VirtioNetHeader.FLAGS);
    const type = view.getUint8(header + VirtioNetHeader.GSO_TYPE) & ~GsoType.ECN;
    const needsChecksum = (flags & NEEDS_CHECKSUM) !== 0;
    if (type === GsoType.NONE) {
      if (!needsChecksum) return 1;
      const start = view.getUint16(header + VirtioNetHeader.CHECKSUM_START, true);
      const offset = view.getUint16(header + VirtioNetHeader.CHECKSUM_OFFSET, true);
      return this.#completeChecksum(packet, length, start, offset);
    }
    if (length < IPV4_HEADER_SIZE || length > MAX_PACKET_SIZE) return 0;
    if (!this.#parseHeaders(header, packet, length, type, needsChecksum)) return 0;
    this.#gsoSize = view.getUint16(header + VirtioNetHeader.GSO_SIZE, true);
    if (this.#gsoSize === 0) return 0;
    this.#count = Math.ceil(this.#payloadSize / this.#gsoSize);
    if (this.#count <= 1) return this.#completeSingle(length, needsChecksum);
    this.#readFields(needsChecksum);
    return this.#count;
  }

  /** Bytes of packet `index`. */
  length(index: number): number {
    return this.#headerSize + this.#payloadOf(index);
  }

  /**
   * Writes packet `index` to `to`, complete and with valid checksums.
   *
   * @param to room for {@linkcode length} bytes that don't overlap the super-packet
   * @returns its bytes
   */
  write(index: number, to: number): number {
    const { view } = this.#memory;
    const header = this.#headerSize;
    const start = index * this.#gsoSize;
    const payload = this.#payloadOf(index);
    for (let at = 0; at < header; at += 4) {
      view.setInt32(to + at, view.getInt32(this.#packet + at, true), true);
    }
    const sum = this.#checksum.copyAndSum(to + header, this.#packet + header + start, payload);
    const length = header + payload;
    if (this.#version === 4) this.#writeIpv4(to, length, index);
    else view.setUint16(to + Ipv6Header.PAYLOAD_LENGTH, length - IPV6_HEADER_SIZE);
    const transport = to + this.#ipSize;
    const size = length - this.#ipSize;
    if (this.#isTcp) this.#writeTcp(transport, size, index, start, sum);
    else this.#writeUdp(transport, size, sum);
    return length;
  }

  #payloadOf(index: number): number {
    const left = this.#payloadSize - index * this.#gsoSize;
    return left < this.#gsoSize ? left : this.#gsoSize;
  }

  #writeIpv4(to: number, length: number, index: number): void {
    const { view } = this.#memory;
    // Linux counts the ID up for each packet, also with DF: only a device that asks for it
    // (NETIF_F_TSO_MANGLEID) is given super-packets of one ID.
    const id = this.#id + index & 0xffff;
    view.setUint16(to + Ipv4Header.TOTAL_LENGTH, length);
    view.setUint16(to + Ipv4Header.ID, id);
    const sum = this.#ipSum + wordOf(length) + wordOf(id);
    view.setUint16(to + Ipv4Header.CHECKSUM, ~fold(sum) & 0xffff, true);
  }

  #writeTcp(transport: number, size: number, index: number, start: number, payload: number): void {
    const { view } = this.#memory;
    const sequence = this.#sequence + start | 0;
    let flags = this.#flags;
    if (index > 0) flags &= ~TcpFlag.CWR;
    if (index < this.#count - 1) flags &= ~(TcpFlag.FIN | TcpFlag.PSH);
    view.setInt32(transport + TcpHeader.SEQUENCE, sequence);
    view.setUint8(transport + TcpHeader.FLAGS, flags);
    const sum = this.#transportSum + payload + wordOf(size) + (flags << 8) +
      wordOf(sequence >>> 16) + wordOf(sequence & 0xffff);
    view.setUint16(transport + TcpHeader.CHECKSUM, ~fold(sum) & 0xffff, true);
  }

  #writeUdp(transport: number, size: number, payload: number): void {
    const { view } = this.#memory;
    view.setUint16(transport + UdpHeader.LENGTH, size);
    // The length counts twice: in the header and in the pseudo-header. Zero would mean "no checksum".
    const checksum = ~fold(this.#transportSum + payload + 2 * wordOf(size)) & 0xffff;
    view.setUint16(transport + UdpHeader.CHECKSUM, checksum === 0 ? 0xffff : checksum, true);
  }

  /** Completes the checksum of any protocol, as skb_checksum_help does. */
  #completeChecksum(packet: number, length: number, start: number, offset: number): 0 | 1 {
    if (start + offset + 2 > length) return 0;
    const checksum = ~this.#checksum.sum(packet + start, length - start) & 0xffff;
    const field = packet + start + offset;
    this.#memory.view.setUint16(field, checksum === 0 ? 0xffff : checksum, true);
    return 1;
  }

  /** A super-packet of one packet: its lengths are right already. */
  #completeSingle(length: number, needsChecksum: boolean): 0 | 1 {
    if (!needsChecksum) return 1;
    const offset = this.#isTcp ? TcpHeader.CHECKSUM : UdpHeader.CHECKSUM;
    return this.#completeChecksum(this.#packet, length, this.#ipSize, offset);
  }

  /** Finds the headers of a super-packet. False when they are not what its type says, or not all there. */
  #parseHeaders(
    header: number,
    packet: number,
    length: number,
    type: number,
    needsChecksum: boolean,
  ): boolean {
    const { view } = this.#memory;
    const isTcp = type !== GsoType.UDP;
    const first = view.getUint8(packet);
    const version = first >> 4;
    let ipSize = version === 4 ? (first & 0xf) * 4 : IPV6_HEADER_SIZE;
    if (version === 4) {
      if (type !== GsoType.TCP4 && isTcp || ipSize < IPV4_HEADER_SIZE) return false;
    } else if (version !== 6 || type !== GsoType.TCP6 && isTcp || length < ipSize) {
      return false;
    }
    if (needsChecksum) {
      const start = view.getUint16(header + VirtioNetHeader.CHECKSUM_START, true);
      const offset = view.getUint16(header + VirtioNetHeader.CHECKSUM_OFFSET, true);
      if (offset !== (isTcp ? TcpHeader.CHECKSUM : UdpHeader.CHECKSUM)) return false;
      // Behind IPv6 extension headers the transport header lies where the kernel says.
      const hasExtensions = version === 6 && start > ipSize && start % 8 === 0;
      if (start !== ipSize && !hasExtensions) return false;
      ipSize = start;
    }
    if (version === 4 || ipSize === IPV6_HEADER_SIZE) {
      const field = version === 4 ? Ipv4Header.PROTOCOL : Ipv6Header.NEXT_HEADER;
      const protocol = view.getUint8(packet + field);
      if (protocol !== (isTcp ? PROTOCOL_TCP : PROTOCOL_UDP)) return false;
    }
    if (length < ipSize + (isTcp ? TCP_HEADER_SIZE : UDP_HEADER_SIZE)) return false;
    let transportSize = UDP_HEADER_SIZE;
    if (isTcp) {
      transportSize = (view.getUint8(packet + ipSize + TcpHeader.DATA_OFFSET) >> 4) * 4;
      if (transportSize < TCP_HEADER_SIZE || length < ipSize + transportSize) return false;
    }
    this.#packet = packet;
    this.#version = version;
    this.#isTcp = isTcp;
    this.#ipSize = ipSize;
    this.#headerSize = ipSize + transportSize;
    this.#payloadSize = length - this.#headerSize;
    return true;
  }

  /** Reads what changes from packet to packet, and sums up what doesn't. */
  #readFields(needsChecksum: boolean): void {
    const { view } = this.#memory;
    const packet = this.#packet;
    const transport = packet + this.#ipSize;
    const size = this.#headerSize - this.#ipSize + this.#payloadSize;
    if (this.#version === 4) {
      this.#id = view.getUint16(packet + Ipv4Header.ID);
      this.#ipSum = sumHeader(view, packet, this.#ipSize) -
        view.getUint16(packet + Ipv4Header.TOTAL_LENGTH, true) -
        view.getUint16(packet + Ipv4Header.ID, true) -
        view.getUint16(packet + Ipv4Header.CHECKSUM, true);
    }
    const field = transport + (this.#isTcp ? TcpHeader.CHECKSUM : UdpHeader.CHECKSUM);
    const checksum = view.getUint16(field, true);
    // The field holds the pseudo-header's sum, as only the kernel knows it when there is a routing
    // header. Its length comes off by adding the complement.
    const pseudo = needsChecksum
      ? checksum + (~wordOf(size) & 0xffff)
      : sumPseudoHeader(view, packet, this.#version, this.#isTcp ? PROTOCOL_TCP : PROTOCOL_UDP);
    let sum = pseudo + sumHeader(view, transport, this.#headerSize - this.#ipSize) - checksum;
    if (this.#isTcp) {
      this.#sequence = view.getInt32(transport + TcpHeader.SEQUENCE);
      this.#flags = view.getUint8(transport + TcpHeader.FLAGS);
      sum -= view.getUint16(transport + TcpHeader.SEQUENCE, true) +
        view.getUint16(transport + TcpHeader.SEQUENCE + 2, true) + (this.#flags << 8);
    } else {
      sum -= view.getUint16(transport + UdpHeader.LENGTH, true);
    }
    this.#transportSum = sum;
  }
}

import type { ChecksumKernel } from "../crypto/crypto.ts";
import { IPV4_HEADER_SIZE, IPV6_HEADER_SIZE } from "../packet.ts";
import { fold, sumHeader, sumPseudoHeader, wordOf } from "./checksum.ts";
import { type FlowPacket, MergeKind } from "./flow_packet.ts";
import {
  Ipv4Header,
  Ipv6Header,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  TCP_HEADER_SIZE,
  TcpFlag,
  TcpHeader,
  UdpHeader,
} from "./transport_header.ts";
import {
  GsoType,
  NEEDS_CHECKSUM,
  VIRTIO_NET_HEADER_SIZE,
  VirtioNetHeader,
} from "./virtio_net_header.ts";

/** Most packets in a group: the kernel's limit for UDP, and far below IOV_MAX. */
export const MAX_GROUP_PACKETS = 64;

/** Most bytes of a group: those of the largest IP packet. */
const MAX_GROUP_SIZE = 65_535;

/**
 * Packets of one flow that form a super-packet together, or a single packet.
 *
 * The first packet stays as it is until {@linkcode writeHeaders}, so that others can be compared with it.
 */
export class PacketGroup {
  /** Offset of the first packet. */
  packet = 0;
  /** How many packets it has. */
  count = 0;
  /** The first and the last of its pieces, as the merger counts them. */
  firstPiece = 0;
  lastPiece = 0;
  /** Bytes of the headers. */
  headerSize = 0;

  #kind = 0;
  #ipSize = 0;
  /** Bytes of the first packet, of its data, and of the super-packet. */
  #firstSize = 0;
  #gsoSize = 0;
  #size = 0;
  #nextSequence = 0;
  #id = 0;
  #fixedId = false;
  #verified = false;
  /** TCP's PSH, when the last packet has it. */
  #push = 0;
  /** What {@linkcode writeHeaders} overwrites in the first packet. */
  #ipChecksum = 0;
  #checksum = 0;

  /** Begins with a packet of `length` bytes at `packet`, which is the merger's piece `piece`. */
  open(packet: number, length: number, piece: number, parsed: FlowPacket): void {
    this.packet = packet;
    this.count = 1;
    this.firstPiece = piece;
    this.lastPiece = piece;
    this.headerSize = parsed.headerSize;
    this.#kind = parsed.kind;
    this.#ipSize = parsed.ipSize;
    this.#firstSize = length;
    this.#gsoSize = parsed.payloadSize;
    this.#size = length;
    this.#nextSequence = parsed.sequence + parsed.payloadSize | 0;
    this.#id = parsed.id;
    this.#fixedId = false;
    this.#verified = false;
    this.#push = 0;
  }

  /** Appends a packet that it {@linkcode accepts}. False when the group is complete with it. */
  append(piece: number, parsed: FlowPacket): boolean {
    if (this.count === 1) this.#fixedId = parsed.id === this.#id;
    this.count++;
    this.lastPiece = piece;
    this.#size += parsed.payloadSize;
    this.#nextSequence = this.#nextSequence + parsed.payloadSize | 0;
    this.#push = parsed.flags & TcpFlag.PSH;
    return parsed.payloadSize === this.#gsoSize && this.#push === 0;
  }

  /** Whether the mergeable packet at `packet` continues the group by all but the checksums. */
  continuedBy(view: DataView, packet: number, parsed: FlowPacket): boolean {
    return parsed.kind === this.#kind &&
      (!parsed.isTcp || parsed.sequence === this.#nextSequence) &&
      parsed.payloadSize <= this.#gsoSize &&
      this.#size + parsed.payloadSize <= MAX_GROUP_SIZE &&
      this.count < MAX_GROUP_PACKETS &&
      (parsed.isIpv4
        ? this.#idContinues(parsed) && sameIpv4(view, this.packet, packet)
        : sameIpv6(view, this.packet, packet)) &&
      sameTransport(view, this.packet + this.#ipSize, packet + this.#ipSize, parsed);
  }

  /** Whether the first packet's checksums are right. */
  verify(view: DataView, checksum: ChecksumKernel): boolean {
    this.#verified ||= checksumsValid(view, checksum, this.packet, this.#firstSize, this.#kind);
    return this.#verified;
  }

  /** IPv4 IDs count up, or all are the same where they mean nothing (RFC 6864 section 4.1). */
  #idContinues(parsed: FlowPacket): boolean {
    const ahead = parsed.id - this.#id & 0xffff;
    if (this.count === 1) return ahead === 1 || ahead === 0 && parsed.dontFragment;
    return ahead === (this.#fixedId ? 0 : this.count);
  }

  /** Makes the first packet a super-packet's beginning, and describes that in a virtio_net_hdr. */
  writeHeaders(view: DataView): void {
    const { packet } = this;
    const isIpv4 = (this.#kind & (MergeKind.TCP4 | MergeKind.UDP4)) !== 0;
    const isTcp = (this.#kind & (MergeKind.TCP4 | MergeKind.TCP6)) !== 0;
    const transport = packet + this.#ipSize;
    const size = this.#size - this.#ipSize;
    this.#ipChecksum = view.getUint16(packet + Ipv4Header.CHECKSUM, true);
    this.#writeIpLength(view, isIpv4, this.#size);
    if (isIpv4) {
      view.setInt16(packet + Ipv4Header.CHECKSUM, 0);
      const sum = ~fold(sumHeader(view, packet, IPV4_HEADER_SIZE)) & 0xffff;
      view.setUint16(packet + Ipv4Header.CHECKSUM, sum, true);
    }
    const protocol = isTcp ? PROTOCOL_TCP : PROTOCOL_UDP;
    const pseudo = sumPseudoHeader(view, packet, isIpv4 ? 4 : 6, protocol) + wordOf(size);
    const offset = isTcp ? TcpHeader.CHECKSUM : UdpHeader.CHECKSUM;
    this.#checksum = view.getUint16(transport + offset, true);
    view.setUint16(transport + offset, fold(pseudo), true);
    if (isTcp) this.#setFlags(view, this.#push);
    else view.setUint16(transport + UdpHeader.LENGTH, size);

    const header = packet - VIRTIO_NET_HEADER_SIZE;
    const type = isTcp ? (isIpv4 ? GsoType.TCP4 : GsoType.TCP6) : GsoType.UDP;
    view.setUint8(header + VirtioNetHeader.FLAGS, NEEDS_CHECKSUM);
    view.setUint8(header + VirtioNetHeader.GSO_TYPE, type);
    view.setUint16(header + VirtioNetHeader.HEADER_LENGTH, this.headerSize, true);
    view.setUint16(header + VirtioNetHeader.GSO_SIZE, this.#gsoSize, true);
    view.setUint16(header + VirtioNetHeader.CHECKSUM_START, this.#ipSize, true);
    view.setUint16(header + VirtioNetHeader.CHECKSUM_OFFSET, offset, true);
  }

  /** Undoes {@linkcode writeHeaders} but for the virtio_net_hdr: the first packet is as it came. */
  restoreHeaders(view: DataView): void {
    const isIpv4 = (this.#kind & (MergeKind.TCP4 | MergeKind.UDP4)) !== 0;
    const isTcp = (this.#kind & (MergeKind.TCP4 | MergeKind.TCP6)) !== 0;
    const transport = this.packet + this.#ipSize;
    this.#writeIpLength(view, isIpv4, this.#firstSize);
    if (isIpv4) view.setUint16(this.packet + Ipv4Header.CHECKSUM, this.#ipChecksum, true);
    const offset = isTcp ? TcpHeader.CHECKSUM : UdpHeader.CHECKSUM;
    view.setUint16(transport + offset, this.#checksum, true);
    if (isTcp) this.#setFlags(view, 0);
    else view.setUint16(transport + UdpHeader.LENGTH, this.#firstSize - this.#ipSize);
  }

  #writeIpLength(view: DataView, isIpv4: boolean, size: number): void {
    if (isIpv4) view.setUint16(this.packet + Ipv4Header.TOTAL_LENGTH, size);
    else view.setUint16(this.packet + Ipv6Header.PAYLOAD_LENGTH, size - IPV6_HEADER_SIZE);
  }

  /** The first packet of several has no PSH itself. */
  #setFlags(view: DataView, push: number): void {
    const at = this.packet + this.#ipSize + TcpHeader.FLAGS;
    view.setUint8(at, view.getUint8(at) & ~TcpFlag.PSH | push);
  }
}

/** Whether the checksums of a packet of `length` bytes and of a mergeable kind are right. */
export function checksumsValid(
  view: DataView,
  checksum: ChecksumKernel,
  packet: number,
  length: number,
  kind: number,
): boolean {
  const isIpv4 = (kind & (MergeKind.TCP4 | MergeKind.UDP4)) !== 0;
  const isTcp = (kind & (MergeKind.TCP4 | MergeKind.TCP6)) !== 0;
  if (isIpv4 && fold(sumHeader(view, packet, IPV4_HEADER_SIZE)) !== 0xffff) return false;
  // The addresses stand right before the transport header: one sum for both.
  const start = isIpv4 ? Ipv4Header.SOURCE : Ipv6Header.SOURCE;
  const size = length - (isIpv4 ? IPV4_HEADER_SIZE : IPV6_HEADER_SIZE);
  const sum = checksum.sum(packet + start, length - start);
  return fold(sum + wordOf(size) + wordOf(isTcp ? PROTOCOL_TCP : PROTOCOL_UDP)) === 0xffff;
}

/** Equal but for length, ID and checksum. Neither has options. */
function sameIpv4(view: DataView, a: number, b: number): boolean {
  // Version and type of service; fragmentation; time to live and protocol; the addresses.
  return view.getInt16(a) === view.getInt16(b) &&
    view.getInt32(a + 6) === view.getInt32(b + 6) &&
    view.getInt32(a + 12) === view.getInt32(b + 12) &&
    view.getInt32(a + 16) === view.getInt32(b + 16);
}

/** Equal but for the length: version, traffic class, flow label, hop limit and the addresses. */
function sameIpv6(view: DataView, a: number, b: number): boolean {
  if (view.getInt32(a) !== view.getInt32(b)) return false;
  if (view.getInt16(a + 6) !== view.getInt16(b + 6)) return false;
  for (let at = 8; at < IPV6_HEADER_SIZE; at += 4) {
    if (view.getInt32(a + at) !== view.getInt32(b + at)) return false;
  }
  return true;
}

/** Same ports; and with TCP all but the sequence number, PSH and the checksum equal. */
function sameTransport(view: DataView, a: number, b: number, parsed: FlowPacket): boolean {
  if (view.getInt32(a) !== view.getInt32(b)) return false;
  if (!parsed.isTcp) return true;
  const flagsAndWindow = view.getInt32(a + TcpHeader.DATA_OFFSET) ^
    view.getInt32(b + TcpHeader.DATA_OFFSET);
  if ((flagsAndWindow & ~(TcpFlag.PSH << 16)) !== 0) return false;
  if (view.getInt32(a + TcpHeader.ACKNOWLEDGMENT) !== view.getInt32(b + TcpHeader.ACKNOWLEDGMENT)) {
    return false;
  }
  if (view.getInt16(a + TcpHeader.URGENT) !== view.getInt16(b + TcpHeader.URGENT)) return false;
  const size = parsed.headerSize - parsed.ipSize;
  for (let at = TCP_HEADER_SIZE; at < size; at += 4) {
    if (view.getInt32(a + at) !== view.getInt32(b + at)) return false;
  }
  return true;
}

import { IPV4_HEADER_SIZE, IPV6_HEADER_SIZE } from "../packet.ts";
import {
  DONT_FRAGMENT,
  Ipv4Header,
  Ipv6Header,
  PROTOCOL_ICMP6,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  TCP_HEADER_SIZE,
  TcpFlag,
  TcpHeader,
  UDP_HEADER_SIZE,
  UdpHeader,
} from "./transport_header.ts";

/** Transport protocols that can be merged: single bits, so that they form sets. */
export const MergeKind = { TCP4: 1, TCP6: 2, UDP4: 4, UDP6: 8, ALL: 15 } as const;

/** Another protocol: its packets are in no flow that is merged. */
export const OTHER_PROTOCOL = 0;
/** TCP or UDP perhaps, but not to be read safely, as a fragment is: it may be in any flow. */
export const ANY_FLOW = 16;

/** 2^32 divided by the golden ratio, and odd: a factor that spreads what it is multiplied with. */
const GOLDEN_RATIO = 0x9e3779b1;

/** A version 4 header without options. */
const PLAIN_IPV4 = 0x45;

/** What merging must know about one packet, read from its headers. Made once, filled for each packet. */
export class FlowPacket {
  /** A {@linkcode MergeKind}, {@linkcode OTHER_PROTOCOL} or {@linkcode ANY_FLOW}. */
  kind: number = OTHER_PROTOCOL;
  /** Whether it can be in a group with others: it has data, and nothing that stands out. */
  mergeable = false;
  /** A hash of kind, addresses and ports; its upper bits are the best. For the four kinds only. */
  hash = 0;
  /** Bytes of the IP header, of all headers, and of the data behind them. */
  ipSize = 0;
  headerSize = 0;
  payloadSize = 0;
  /** TCP's sequence number (as a signed integer) and flags; UDP has 0. */
  sequence = 0;
  flags = 0;
  /** IPv4's identification and whether fragmenting is forbidden; IPv6 has 0 and true. */
  id = 0;
  dontFragment = false;

  /** Whether it is TCP. For the four kinds only. */
  get isTcp(): boolean {
    return (this.kind & (MergeKind.TCP4 | MergeKind.TCP6)) !== 0;
  }

  /** Whether it is IPv4. For the four kinds only. */
  get isIpv4(): boolean {
    return (this.kind & (MergeKind.TCP4 | MergeKind.UDP4)) !== 0;
  }

  /** Reads the headers of a packet of `length` bytes at `packet`, and nothing behind it. */
  parse(view: DataView, packet: number, length: number): void {
    this.mergeable = false;
    this.kind = ANY_FLOW;
    if (length < IPV4_HEADER_SIZE) return;
    const first = view.getUint8(packet);
    if (first >> 4 === 4) this.#parseIpv4(view, packet, length, first);
    else if (first >> 4 === 6 && length >= IPV6_HEADER_SIZE) this.#parseIpv6(view, packet, length);
  }

  #parseIpv4(view: DataView, packet: number, length: number, first: number): void {
    const protocol = view.getUint8(packet + Ipv4Header.PROTOCOL);
    if (protocol !== PROTOCOL_TCP && protocol !== PROTOCOL_UDP) {
      this.kind = OTHER_PROTOCOL;
      return;
    }
    if (first !== PLAIN_IPV4) return;
    if (view.getUint16(packet + Ipv4Header.TOTAL_LENGTH) !== length) return;
    const fragment = view.getUint16(packet + Ipv4Header.FRAGMENT);
    if ((fragment & ~DONT_FRAGMENT) !== 0) return;
    this.dontFragment = fragment !== 0;
    this.id = view.getUint16(packet + Ipv4Header.ID);
    this.hash = view.getInt32(packet + 12) ^ Math.imul(view.getInt32(packet + 16), 5);
    this.ipSize = IPV4_HEADER_SIZE;
    if (protocol === PROTOCOL_TCP) this.#parseTcp(view, packet, length, MergeKind.TCP4);
    else this.#parseUdp(view, packet, length, MergeKind.UDP4);
  }

  #parseIpv6(view: DataView, packet: number, length: number): void {
    const protocol = view.getUint8(packet + Ipv6Header.NEXT_HEADER);
    if (protocol !== PROTOCOL_TCP && protocol !== PROTOCOL_UDP) {
      // Any other may be an extension header before TCP or UDP.
      if (protocol === PROTOCOL_ICMP6) this.kind = OTHER_PROTOCOL;
      return;
    }
    if (view.getUint16(packet + Ipv6Header.PAYLOAD_LENGTH) + IPV6_HEADER_SIZE !== length) return;
    this.dontFragment = true;
    this.id = 0;
    this.hash = view.getInt32(packet + 12) ^ view.getInt32(packet + 20) ^
      Math.imul(view.getInt32(packet + 28) ^ view.getInt32(packet + 36), 5);
    this.ipSize = IPV6_HEADER_SIZE;
    if (protocol === PROTOCOL_TCP) this.#parseTcp(view, packet, length, MergeKind.TCP6);
    else this.#parseUdp(view, packet, length, MergeKind.UDP6);
  }

  #parseTcp(view: DataView, packet: number, length: number, kind: number): void {
    const transport = packet + this.ipSize;
    if (length < this.ipSize + TCP_HEADER_SIZE) return;
    const size = (view.getUint8(transport + TcpHeader.DATA_OFFSET) >> 4) * 4;
    const headerSize = this.ipSize + size;
    if (size < TCP_HEADER_SIZE || length < headerSize) return;
    this.kind = kind;
    this.#hashPorts(view, transport);
    this.headerSize = headerSize;
    this.payloadSize = length - headerSize;
    this.sequence = view.getInt32(transport + TcpHeader.SEQUENCE);
    this.flags = view.getUint8(transport + TcpHeader.FLAGS);
    // A congestion window reduced (CWR) stands in the first packet of a super-packet only, and Linux
    // begins none with it; FIN, SYN, RST and URG end what is merged.
    this.mergeable = this.payloadSize > 0 &&
      (this.flags & ~(TcpFlag.PSH | TcpFlag.ECE)) === TcpFlag.ACK;
  }

  #parseUdp(view: DataView, packet: number, length: number, kind: number): void {
    const transport = packet + this.ipSize;
    const size = length - this.ipSize;
    if (size < UDP_HEADER_SIZE) return;
    this.kind = kind;
    this.#hashPorts(view, transport);
    this.headerSize = this.ipSize + UDP_HEADER_SIZE;
    this.payloadSize = size - UDP_HEADER_SIZE;
    this.sequence = 0;
    this.flags = 0;
    this.mergeable = this.payloadSize > 0 &&
      view.getUint16(transport + UdpHeader.LENGTH) === size &&
      view.getUint16(transport + UdpHeader.CHECKSUM) !== 0;
  }

  #hashPorts(view: DataView, transport: number): void {
    const ports = Math.imul(view.getInt32(transport), 3) + this.kind;
    this.hash = Math.imul(this.hash ^ ports, GOLDEN_RATIO);
  }
}

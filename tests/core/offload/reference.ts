/** Splitting, merging and checking of packets as the RFCs and Linux' rules say, without regard to speed. */
import {
  ACK,
  byte,
  CWR,
  ECE,
  FIN,
  pseudoHeader,
  PSH,
  setIpChecksum,
  setLengths,
  setTransportChecksum,
  sumOf,
} from "./packets.ts";

/** What a virtio_net_hdr says. */
export interface GsoHeader {
  flags: number;
  type: number;
  headerLength: number;
  gsoSize: number;
  checksumStart: number;
  checksumOffset: number;
}

/** The header's 10 bytes. */
export function encodeGsoHeader(header: GsoHeader): Uint8Array {
  const { flags, type, headerLength, gsoSize, checksumStart, checksumOffset } = header;
  const shorts = Uint16Array.of(headerLength, gsoSize, checksumStart, checksumOffset);
  return Uint8Array.of(flags, type, ...new Uint8Array(shorts.buffer));
}

/** Reads 10 bytes as a header. */
export function decodeGsoHeader(bytes: Uint8Array): GsoHeader {
  const u16 = (at: number) => byte(bytes, at) + byte(bytes, at + 1) * 256;
  return {
    flags: byte(bytes, 0),
    type: byte(bytes, 1),
    headerLength: u16(2),
    gsoSize: u16(4),
    checksumStart: u16(6),
    checksumOffset: u16(8),
  };
}

/** What a packet's headers say; null when it isn't plain TCP or UDP. */
export interface Parsed {
  version: 4 | 6;
  protocol: "tcp" | "udp";
  /** Where the transport header and the payload begin. */
  start: number;
  payloadStart: number;
  /** Addresses, protocol and ports. */
  flow: string;
  /** All that must be equal in packets that are merged. */
  same: string;
  id: number;
  dontFragment: boolean;
  sequence: number;
  flags: number;
  payload: Uint8Array;
}

function u16(bytes: Uint8Array, at: number): number {
  return byte(bytes, at) * 256 + byte(bytes, at + 1);
}

function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 65536 + u16(bytes, at + 2);
}

/** The protocol of a packet that may belong to any flow, or to none that is merged. */
export type Unparsed = "any flow" | "other";

/** Reads the headers. */
export function parse(bytes: Uint8Array): Parsed | Unparsed {
  const version = bytes[0] === undefined ? 0 : bytes[0] >> 4;
  if (version === 4 && bytes.length >= 20) return parseIpv4(bytes);
  if (version === 6 && bytes.length >= 40) return parseIpv6(bytes);
  return "any flow";
}

function parseIpv4(bytes: Uint8Array): Parsed | Unparsed {
  if (bytes[9] !== 6 && bytes[9] !== 17) return "other";
  const hasOptions = bytes[0] !== 0x45;
  const isFragment = (u16(bytes, 6) & 0xbfff) !== 0;
  if (hasOptions || isFragment || u16(bytes, 2) !== bytes.length) return "any flow";
  const dontFragment = u16(bytes, 6) === 0x4000;
  const equal = [bytes[1], dontFragment, bytes[8]];
  return parseTransport(bytes, 4, bytes[9] === 6 ? "tcp" : "udp", 20, bytes.slice(12, 20), equal, {
    id: u16(bytes, 4),
    dontFragment,
  });
}

function parseIpv6(bytes: Uint8Array): Parsed | Unparsed {
  if (bytes[6] === 58) return "other";
  if (bytes[6] !== 6 && bytes[6] !== 17) return "any flow";
  if (u16(bytes, 4) + 40 !== bytes.length) return "any flow";
  const equal = [u32(bytes, 0), bytes[7]];
  return parseTransport(bytes, 6, bytes[6] === 6 ? "tcp" : "udp", 40, bytes.slice(8, 40), equal, {
    id: 0,
    dontFragment: true,
  });
}

function parseTransport(
  bytes: Uint8Array,
  version: 4 | 6,
  protocol: "tcp" | "udp",
  start: number,
  addresses: Uint8Array,
  equal: unknown[],
  ip: { id: number; dontFragment: boolean },
): Parsed | Unparsed {
  const isTcp = protocol === "tcp";
  if (bytes.length < start + (isTcp ? 20 : 8)) return "any flow";
  const size = isTcp ? (byte(bytes, start + 12) >> 4) * 4 : 8;
  if (size < (isTcp ? 20 : 8) || bytes.length < start + size) return "any flow";
  const flow = JSON.stringify([version, protocol, ...addresses, u32(bytes, start)]);
  const flags = isTcp ? byte(bytes, start + 13) : 0;
  const tcp = isTcp
    ? {
      acknowledgment: u32(bytes, start + 8),
      offsetAndReserved: bytes[start + 12],
      flags: flags & ~PSH,
      window: u16(bytes, start + 14),
      urgent: u16(bytes, start + 18),
      options: [...bytes.slice(start + 20, start + size)],
    }
    : {};
  return {
    ...ip,
    version,
    protocol,
    start,
    payloadStart: start + size,
    flow,
    same: JSON.stringify([flow, equal, tcp]),
    sequence: isTcp ? u32(bytes, start + 4) : 0,
    flags,
    payload: bytes.slice(start + size),
  };
}

/** Why a packet isn't one that a host would accept; null when it is. */
export function fault(bytes: Uint8Array, start: number, protocol: "tcp" | "udp"): string | null {
  const version = byte(bytes, 0) >> 4;
  if (version === 4) {
    if (u16(bytes, 2) !== bytes.length) return "IPv4 total length";
    if (sumOf(bytes.subarray(0, (byte(bytes, 0) & 15) * 4)) !== 0xffff) return "IPv4 checksum";
  } else if (u16(bytes, 4) + 40 !== bytes.length) return "IPv6 payload length";
  if (protocol === "udp") {
    if (u16(bytes, start + 4) !== bytes.length - start) return "UDP length";
    if (u16(bytes, start + 6) === 0) return "UDP without checksum";
  }
  const sum = sumOf([...pseudoHeader(bytes, start, protocol), ...bytes.subarray(start)]);
  return sum === 0xffff ? null : `${protocol} checksum`;
}

/** The packets that a super-packet stands for. With `fixedId` they have one IPv4 ID. */
export function segment(
  whole: Uint8Array,
  { type, gsoSize, checksumStart: start }: GsoHeader,
  fixedId = false,
): Uint8Array[] {
  const protocol = type === 5 ? "udp" : "tcp";
  const payloadStart = start + (protocol === "udp" ? 8 : (byte(whole, start + 12) >> 4) * 4);
  const packets: Uint8Array[] = [];
  for (let at = payloadStart; at < whole.length; at += gsoSize) {
    const isFirst = packets.length === 0;
    const isLast = at + gsoSize >= whole.length;
    const bytes = Uint8Array.from([
      ...whole.subarray(0, payloadStart),
      ...whole.subarray(at, at + gsoSize),
    ]);
    if (protocol === "tcp") {
      const sequence = u32(whole, start + 4) + at - payloadStart;
      new DataView(bytes.buffer).setUint32(start + 4, sequence % 2 ** 32);
      if (!isFirst) bytes[start + 13] = byte(bytes, start + 13) & ~CWR;
      if (!isLast) bytes[start + 13] = byte(bytes, start + 13) & ~(FIN | PSH);
    }
    if (byte(bytes, 0) >> 4 === 4 && !fixedId) {
      new DataView(bytes.buffer).setUint16(4, u16(whole, 4) + packets.length);
    }
    setLengths(bytes, start, protocol);
    setIpChecksum(bytes);
    setTransportChecksum(bytes, start, protocol);
    packets.push(bytes);
  }
  return packets;
}

/** Packets to be merged, by their numbers. */
interface Group {
  members: number[];
  fixedId: boolean;
  first: Parsed;
  last: Parsed;
  size: number;
}

/** Which packets form groups, in order. */
export function group(packets: Uint8Array[]): { members: number[]; fixedId: boolean }[] {
  const groups: { members: number[]; fixedId: boolean }[] = [];
  const open = new Map<string, Group>();
  for (const [number, bytes] of packets.entries()) {
    const parsed = parse(bytes);
    if (typeof parsed === "string") {
      groups.push({ members: [number], fixedId: false });
      if (parsed === "any flow") open.clear();
      continue;
    }
    const before = open.get(parsed.flow);
    const sound = fault(bytes, parsed.start, parsed.protocol) === null;
    if (before !== undefined && sound && mayJoin(before, parsed)) {
      before.fixedId = parsed.version === 4 && before.first.id === parsed.id;
      before.members.push(number);
      before.last = parsed;
      before.size += parsed.payload.length;
      const isShort = parsed.payload.length < before.first.payload.length;
      if (isShort || (parsed.flags & PSH) !== 0) open.delete(parsed.flow);
    } else {
      const size = bytes.length;
      const alone = { members: [number], fixedId: false, first: parsed, last: parsed, size };
      groups.push(alone);
      if (sound && mayBegin(parsed)) open.set(parsed.flow, alone);
      else open.delete(parsed.flow);
    }
  }
  return groups;
}

function mayBegin({ payload, protocol, flags }: Parsed): boolean {
  return payload.length > 0 && (protocol === "udp" || [ACK, ACK | ECE].includes(flags));
}

function mayJoin({ members, fixedId, first, last, size }: Group, next: Parsed): boolean {
  if (first.same !== next.same) return false;
  if (next.payload.length === 0 || next.payload.length > first.payload.length) return false;
  if (next.protocol === "tcp") {
    if (![ACK, ACK | PSH, ACK | ECE, ACK | PSH | ECE].includes(next.flags)) return false;
    if (next.sequence !== (last.sequence + last.payload.length) % 2 ** 32) return false;
  }
  if (next.version === 4) {
    const counts = next.id === (first.id + members.length) % 65536;
    const stays = next.id === first.id && next.dontFragment;
    if (members.length === 1 ? !counts && !stays : fixedId ? !stays : !counts) return false;
  }
  return size + next.payload.length <= 65_535 && members.length < 64;
}

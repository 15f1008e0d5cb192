/** Builds packets byte by byte, with the plainest code there is. */

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;
export const URG = 0x20;
export const ECE = 0x40;
export const CWR = 0x80;

/** All that can be chosen of a TCP or UDP packet. */
export interface PacketFields {
  version: 4 | 6;
  protocol: "tcp" | "udp";
  /** Last byte of the addresses, the rest being fixed. */
  source: number;
  destination: number;
  sourcePort: number;
  destinationPort: number;
  /** Type of service or traffic class. */
  trafficClass: number;
  hopLimit: number;
  /** IPv6. */
  flowLabel: number;
  /** IPv4. */
  id: number;
  dontFragment: boolean;
  /** IPv4: the field's other bits, shifted as they are in it. */
  fragment: number;
  /** IPv4 options; a multiple of 4 bytes. */
  ipOptions: number[];
  /** IPv6: a hop-by-hop header of that many bytes before the transport header; a multiple of 8. */
  extensionSize: number;
  sequence: number;
  acknowledgment: number;
  flags: number;
  /** TCP's four reserved bits. */
  reserved: number;
  window: number;
  urgent: number;
  /** A multiple of 4 bytes. */
  tcpOptions: number[];
  payload: Uint8Array;
}

const DEFAULTS: PacketFields = {
  version: 4,
  protocol: "tcp",
  source: 1,
  destination: 2,
  sourcePort: 40_000,
  destinationPort: 5201,
  trafficClass: 0,
  hopLimit: 64,
  flowLabel: 0,
  id: 100,
  dontFragment: true,
  fragment: 0,
  ipOptions: [],
  extensionSize: 0,
  sequence: 1000,
  acknowledgment: 2000,
  flags: ACK,
  reserved: 0,
  window: 501,
  urgent: 0,
  tcpOptions: [],
  payload: new Uint8Array(100),
};

/** The fields of a plain TCP packet over IPv4, but for those given. */
export function fields(chosen: Partial<PacketFields> = {}): PacketFields {
  return { ...DEFAULTS, ...chosen };
}

/** A packet with valid lengths and checksums. */
export function packet(chosen: Partial<PacketFields> = {}): Uint8Array {
  const all = fields(chosen);
  const ip = all.version === 4 ? ipv4Header(all) : ipv6Header(all);
  const transport = [...transportHeader(all), ...all.payload];
  const bytes = Uint8Array.from([...ip, ...transport]);
  setLengths(bytes, ip.length, all.protocol);
  setIpChecksum(bytes);
  setTransportChecksum(bytes, ip.length, all.protocol);
  return bytes;
}

function ipv4Header(all: PacketFields): number[] {
  return [
    0x40 | 5 + all.ipOptions.length / 4,
    all.trafficClass,
    ...u16(0),
    ...u16(all.id),
    ...u16(all.fragment | (all.dontFragment ? 0x4000 : 0)),
    all.hopLimit,
    all.protocol === "tcp" ? 6 : 17,
    ...u16(0),
    ...[10, 1, 2, all.source],
    ...[10, 3, 4, all.destination],
    ...all.ipOptions,
  ];
}

function ipv6Header(all: PacketFields): number[] {
  const protocol = all.protocol === "tcp" ? 6 : 17;
  const extension: number[] = Array(all.extensionSize).fill(0);
  if (all.extensionSize > 0) {
    // A hop-by-hop header filled by one PadN option (RFC 8200 section 4.3).
    extension[0] = protocol;
    extension[1] = all.extensionSize / 8 - 1;
    extension[2] = 1;
    extension[3] = all.extensionSize - 4;
  }
  return [
    ...u32(0x60000000 + all.trafficClass * 2 ** 20 + all.flowLabel),
    ...u16(0),
    all.extensionSize > 0 ? 0 : protocol,
    all.hopLimit,
    ...[0x20, 1, 0xd, 0xb8, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, all.source],
    ...[0x20, 1, 0xd, 0xb8, 0, 3, 0, 4, 0, 0, 0, 0, 0, 0, 0, all.destination],
    ...extension,
  ];
}

function transportHeader(all: PacketFields): number[] {
  const ports = [...u16(all.sourcePort), ...u16(all.destinationPort)];
  if (all.protocol === "udp") return [...ports, ...u16(0), ...u16(0)];
  return [
    ...ports,
    ...u32(all.sequence),
    ...u32(all.acknowledgment),
    (5 + all.tcpOptions.length / 4) << 4 | all.reserved,
    all.flags,
    ...u16(all.window),
    ...u16(0),
    ...u16(all.urgent),
    ...all.tcpOptions,
  ];
}

/** The byte at `at`; 0 behind the end. */
export function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function u16(value: number): number[] {
  return [value >>> 8 & 0xff, value & 0xff];
}

function u32(value: number): number[] {
  return [...u16(value >>> 16), ...u16(value & 0xffff)];
}

/** Sum of 16-bit words in network byte order (RFC 1071), folded. */
export function sumOf(bytes: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] ?? 0) * 256 + (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = Math.floor(sum / 0x10000) + sum % 0x10000;
  return sum;
}

/** The pseudo-header (RFC 9293 section 3.1, RFC 8200 section 8.1). */
export function pseudoHeader(bytes: Uint8Array, start: number, protocol: "tcp" | "udp"): number[] {
  const addresses = byte(bytes, 0) >> 4 === 4 ? bytes.subarray(12, 20) : bytes.subarray(8, 40);
  return [...addresses, ...u32(bytes.length - start), 0, 0, 0, protocol === "tcp" ? 6 : 17];
}

/** Writes the lengths of IP and UDP. */
export function setLengths(bytes: Uint8Array, start: number, protocol: "tcp" | "udp"): void {
  if (byte(bytes, 0) >> 4 === 4) bytes.set(u16(bytes.length), 2);
  else bytes.set(u16(bytes.length - 40), 4);
  if (protocol === "udp") bytes.set(u16(bytes.length - start), start + 4);
}

/** Writes IPv4's checksum. */
export function setIpChecksum(bytes: Uint8Array): void {
  if (byte(bytes, 0) >> 4 !== 4) return;
  bytes.set([0, 0], 10);
  bytes.set(u16(0xffff - sumOf(bytes.subarray(0, (byte(bytes, 0) & 15) * 4))), 10);
}

/** Where TCP or UDP has its checksum. */
export function checksumOffset(protocol: "tcp" | "udp"): number {
  return protocol === "tcp" ? 16 : 6;
}

/** Writes the checksum of the TCP or UDP header at `start`. */
export function setTransportChecksum(
  bytes: Uint8Array,
  start: number,
  protocol: "tcp" | "udp",
): void {
  const at = start + checksumOffset(protocol);
  bytes.set([0, 0], at);
  const checksum = 0xffff -
    sumOf([...pseudoHeader(bytes, start, protocol), ...bytes.subarray(start)]);
  bytes.set(u16(protocol === "udp" && checksum === 0 ? 0xffff : checksum), at);
}

/** Writes the pseudo-header's sum in place of the checksum, as a packet has it that needs one. */
export function setPartialChecksum(
  bytes: Uint8Array,
  start: number,
  protocol: "tcp" | "udp",
): void {
  const sum = sumOf(pseudoHeader(bytes, start, protocol));
  bytes.set(u16(sum), start + checksumOffset(protocol));
}

/** Random packets, super-packets and mixes of flows. */
import fc from "fast-check";
import {
  ACK,
  checksumOffset,
  CWR,
  ECE,
  FIN,
  packet,
  type PacketFields,
  PSH,
  RST,
  setPartialChecksum,
  SYN,
  URG,
} from "./packets.ts";
import type { GsoHeader } from "./reference.ts";

/** A super-packet, as the kernel hands it out. */
export interface SuperPacket {
  header: GsoHeader;
  bytes: Uint8Array;
  fields: PacketFields;
}

/** Pseudo-random bytes of a given length. */
export function payloadOf(length: number, seed: number): Uint8Array {
  let state = seed | 1;
  return Uint8Array.from({ length }, () => {
    state = Math.imul(state, 1664525) + 1013904223 | 0;
    return state >>> 24;
  });
}

/** Makes a packet of these fields a super-packet. */
export function superPacket(fields: PacketFields, gsoSize: number, ecn = false): SuperPacket {
  const bytes = packet(fields);
  const start = fields.version === 4 ? 20 + fields.ipOptions.length : 40 + fields.extensionSize;
  const isTcp = fields.protocol === "tcp";
  setPartialChecksum(bytes, start, fields.protocol);
  const header = {
    flags: 1,
    type: (isTcp ? (fields.version === 4 ? 1 : 4) : 5) | (ecn ? 0x80 : 0),
    headerLength: bytes.length - fields.payload.length,
    gsoSize,
    checksumStart: start,
    checksumOffset: checksumOffset(fields.protocol),
  };
  return { header, bytes, fields };
}

const version = fc.constantFrom<4 | 6>(4, 6);
const protocol = fc.constantFrom<"tcp" | "udp">("tcp", "udp");
const words = (maxLength: number) =>
  fc.array(fc.nat(255), { maxLength: maxLength * 4 }).map((bytes) =>
    bytes.slice(0, bytes.length - bytes.length % 4)
  );

/** Fields that splitting and merging must keep, whatever their value. */
const anyFields = fc.record({
  version,
  protocol,
  source: fc.nat(255),
  destination: fc.nat(255),
  sourcePort: fc.nat(0xffff),
  destinationPort: fc.nat(0xffff),
  trafficClass: fc.nat(255),
  hopLimit: fc.nat(255),
  flowLabel: fc.nat(0xfffff),
  id: fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xfff0, max: 0xffff })),
  dontFragment: fc.boolean(),
  sequence: fc.oneof(
    fc.integer({ min: 0, max: 0xffffffff }),
    fc.integer({ min: 0x7fffffff - 5000, max: 0x7fffffff }),
    fc.integer({ min: 0xffffffff - 5000, max: 0xffffffff }),
  ),
  acknowledgment: fc.integer({ min: 0, max: 0xffffffff }),
  window: fc.nat(0xffff),
  urgent: fc.nat(0xffff),
  reserved: fc.nat(15),
  tcpOptions: words(10),
});

/** How many bytes of payload, cut into pieces of which size: 2 to 64 pieces, less than 60,000 bytes. */
const sizes = fc.record({
  gsoSize: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 500, max: 1448 })),
  whole: fc.integer({ min: 1, max: 63 }),
  rest: fc.nat(1_000_000),
  seed: fc.nat(),
}).map(({ gsoSize, whole, rest, seed }) => {
  const size = gsoSize * Math.min(whole, Math.floor(58_000 / gsoSize)) + rest % gsoSize + 1;
  return { gsoSize, payload: payloadOf(size, seed) };
});

/** Any super-packet that the kernel may hand out. */
export const anySuperPacket: fc.Arbitrary<SuperPacket> = fc.record({
  fields: anyFields,
  sizes,
  flags: fc.nat(255),
  ipOptions: words(10),
  extensionSize: fc.constantFrom(0, 0, 8, 24),
  ecn: fc.boolean(),
}).map(({ fields, sizes, flags, ipOptions, extensionSize, ecn }) =>
  superPacket(
    { ...fields, fragment: 0, flags, ipOptions, extensionSize, payload: sizes.payload },
    sizes.gsoSize,
    ecn && fields.protocol === "tcp",
  )
);

/** A super-packet that merging may produce. */
export const mergeableSuperPacket: fc.Arbitrary<SuperPacket> = fc.record({
  fields: anyFields,
  sizes,
  flags: fc.constantFrom(ACK, ACK | PSH, ACK | ECE, ACK | PSH | ECE),
}).map(({ fields, sizes, flags }) =>
  superPacket(
    {
      ...fields,
      fragment: 0,
      flags,
      ipOptions: [],
      extensionSize: 0,
      payload: sizes.payload,
    },
    sizes.gsoSize,
  )
);

/** How the next packet of a flow differs from what would continue it. */
type Change = Partial<PacketFields> | "bad checksum" | "bad IP checksum" | "no checksum";

const change: fc.Arbitrary<Change> = fc.constantFrom<Change>(
  "bad checksum",
  "bad IP checksum",
  "no checksum",
  { trafficClass: 3 },
  { hopLimit: 63 },
  { flowLabel: 5 },
  { dontFragment: false },
  { fragment: 0x2000 },
  { fragment: 0x8000 },
  { fragment: 7 },
  { ipOptions: [1, 1, 1, 0], extensionSize: 8 },
  { acknowledgment: 2001 },
  { window: 502 },
  { urgent: 9 },
  { reserved: 1 },
  { tcpOptions: [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 3] },
  { flags: ACK | FIN },
  { flags: SYN },
  { flags: ACK | RST },
  { flags: ACK | URG },
  { flags: ACK | CWR },
  { flags: ACK | ECE },
  { flags: 0 },
  { payload: new Uint8Array(0) },
);

/** One step of a mix: the next packet of flow `flow`. */
const step = fc.record({
  flow: fc.nat(5),
  size: fc.oneof(
    { weight: 8, arbitrary: fc.constant(60) },
    { weight: 1, arbitrary: fc.constantFrom(1, 31, 61) },
  ),
  push: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
  id: fc.oneof({ weight: 9, arbitrary: fc.constant(1) }, fc.nat(2)),
  lost: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
  change: fc.oneof(
    { weight: 7, arbitrary: fc.constant<Change>({}) },
    { weight: 1, arbitrary: change },
  ),
});

const FLOWS: Partial<PacketFields>[] = [
  { version: 4, protocol: "tcp", sourcePort: 1 },
  { version: 4, protocol: "tcp", sourcePort: 2, tcpOptions: [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2] },
  { version: 6, protocol: "tcp", sourcePort: 1, flags: ACK | ECE },
  { version: 4, protocol: "udp", sourcePort: 1 },
  { version: 6, protocol: "udp", sourcePort: 1 },
  { version: 4, protocol: "tcp", sourcePort: 1, source: 9, sequence: 0xffffff00, id: 0xfffe },
];

/** Packets of six flows, interleaved, most of which continue what came before. */
export const mix: fc.Arbitrary<Uint8Array[]> = fc.array(step, { maxLength: 120, size: "max" }).map(
  (steps) => {
    const next = FLOWS.map(({ sequence = 1000, id = 100 }) => ({ sequence, id }));
    return steps.map(({ flow, size, push, id, lost, change }, i) => {
      const state = next[flow] ?? { sequence: 0, id: 0 };
      const template: Partial<PacketFields> = {
        flags: ACK,
        ...FLOWS[flow],
        payload: payloadOf(size, i),
        ...(typeof change === "string" ? {} : change),
      };
      const flags = (template.flags ?? ACK) | (push ? PSH : 0);
      const bytes = packet({ ...template, ...state, flags });
      if (change === "bad checksum") bytes[bytes.length - 1] = 1 + (bytes.at(-1) ?? 0);
      if (change === "bad IP checksum" && template.version === 4) bytes[10] = 1 + (bytes[10] ?? 0);
      if (change === "no checksum" && template.protocol === "udp") {
        bytes.fill(0, template.version === 4 ? 26 : 46, template.version === 4 ? 28 : 48);
      }
      const step = (template.payload?.length ?? 0) + (lost ? 1 : 0);
      state.sequence = (state.sequence + step) % 2 ** 32;
      state.id = (state.id + id) % 65536;
      return bytes;
    });
  },
);

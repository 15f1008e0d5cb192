import assert from "node:assert/strict";
import fc from "fast-check";
import { anySuperPacket, payloadOf, superPacket } from "./arbitraries.ts";
import { split } from "./harness.ts";
import {
  ACK,
  byte,
  CWR,
  ECE,
  fields,
  FIN,
  packet,
  type PacketFields,
  PSH,
  setPartialChecksum,
  sumOf,
} from "./packets.ts";
import { fault, type GsoHeader, segment } from "./reference.ts";

const COMPLETE: GsoHeader = {
  flags: 0,
  type: 0,
  headerLength: 0,
  gsoSize: 0,
  checksumStart: 0,
  checksumOffset: 0,
};

/** Splits a super-packet of 3 whole segments and a rest. */
function splitFour(chosen: Partial<PacketFields>, change: Partial<GsoHeader> = {}): Uint8Array[] {
  const made = superPacket(fields({ payload: payloadOf(3500, 1), ...chosen }), 1000);
  const { count, packets } = split({ ...made.header, ...change }, made.bytes);
  assert.equal(count, 4);
  return packets;
}

function u16(bytes: Uint8Array, at: number): number {
  return byte(bytes, at) * 256 + byte(bytes, at + 1);
}

function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 65536 + u16(bytes, at + 2);
}

Deno.test("split: equals the reference, and each packet is valid", () => {
  fc.assert(
    fc.property(anySuperPacket, ({ header, bytes, fields }) => {
      const { count, packets, inPlace } = split(header, bytes);
      assert.ok(count > 1);
      assert.deepEqual(packets, segment(bytes, header));
      for (const each of packets) {
        assert.equal(fault(each, header.checksumStart, fields.protocol), null);
      }
      assert.deepEqual(inPlace, bytes);
    }),
    { numRuns: 300 },
  );
});

Deno.test("split: lengths", () => {
  assert.deepEqual(splitFour({}).map(({ length }) => length), [1040, 1040, 1040, 540]);
  assert.deepEqual(splitFour({}).map((each) => u16(each, 2)), [1040, 1040, 1040, 540]);
  assert.deepEqual(splitFour({ version: 6 }).map((each) => u16(each, 4)), [1020, 1020, 1020, 520]);
  const udp = splitFour({ protocol: "udp" });
  assert.deepEqual(udp.map((each) => u16(each, 24)), [1008, 1008, 1008, 508]);
});

Deno.test("split: an exact multiple has no shorter last packet", () => {
  const { header, bytes } = superPacket(fields({ payload: payloadOf(2000, 1) }), 1000);
  const { packets } = split(header, bytes);
  assert.deepEqual(packets.map(({ length }) => length), [1040, 1040]);
});

Deno.test("split: IPv4 IDs count up, with and without DF, and wrap around", () => {
  for (const dontFragment of [true, false]) {
    const packets = splitFour({ dontFragment, id: 0xfffe });
    assert.deepEqual(packets.map((each) => u16(each, 4)), [0xfffe, 0xffff, 0, 1]);
  }
});

Deno.test("split: sequence numbers count the payload, and wrap around", () => {
  const packets = splitFour({ sequence: 2 ** 32 - 1500 });
  const expected = [2 ** 32 - 1500, 2 ** 32 - 500, 500, 1500];
  assert.deepEqual(packets.map((each) => u32(each, 24)), expected);
});

Deno.test("split: FIN and PSH stand in the last packet only", () => {
  const packets = splitFour({ flags: ACK | FIN | PSH });
  assert.deepEqual(packets.map((each) => byte(each, 33)), [ACK, ACK, ACK, ACK | FIN | PSH]);
});

Deno.test("split: CWR stands in the first packet only, ECE in all", () => {
  for (const type of [1, 0x81]) {
    const packets = splitFour({ flags: ACK | ECE | CWR }, { type });
    assert.deepEqual(packets.map((each) => byte(each, 33)), [
      ACK | ECE | CWR,
      ...Array(3).fill(ACK | ECE),
    ]);
  }
});

Deno.test("split: header length is computed, not believed", () => {
  const honest = splitFour({});
  for (const headerLength of [0, 1, 39, 41, 65_535]) {
    assert.deepEqual(splitFour({}, { headerLength }), honest);
  }
});

Deno.test("split: a routing header's final destination is in the checksum", () => {
  const made = superPacket(
    fields({ version: 6, extensionSize: 24, payload: payloadOf(300, 1) }),
    200,
  );
  // What the kernel does for a socket with a routing header: the sum is of another destination.
  const other = made.bytes.slice();
  other[39] = 99;
  setPartialChecksum(other, 64, "tcp");
  const { packets } = split(
    made.header,
    Uint8Array.from([...other.subarray(0, 39), 2, ...other.subarray(40)]),
  );
  assert.equal(packets.length, 2);
  for (const each of packets) {
    each[39] = 99;
    assert.equal(fault(each, 64, "tcp"), null);
  }
});

Deno.test("split: a UDP checksum of zero is sent as 0xffff", () => {
  // The last two bytes of each datagram's payload are chosen so that the sum is all ones.
  const half = (id: number) => {
    const bytes = packet(fields({ protocol: "udp", id, payload: new Uint8Array(100) }));
    return [...new Uint8Array(98), byte(bytes, 26), byte(bytes, 27)];
  };
  const payload = Uint8Array.from([...half(1), ...half(2)]);
  const { header, bytes } = superPacket(fields({ protocol: "udp", payload }), 100);
  const { packets } = split(header, bytes);
  assert.deepEqual(packets.map((each) => u16(each, 26)), [0xffff, 0xffff]);
});

Deno.test("split: a packet without any work is left alone", () => {
  const bytes = packet();
  assert.deepEqual(split(COMPLETE, bytes), { count: 1, packets: [], inPlace: bytes });
  // VIRTIO_NET_HDR_F_DATA_VALID says nothing more
  assert.deepEqual(split({ ...COMPLETE, flags: 2 }, bytes).inPlace, bytes);
  for (const length of [0, 1, 19]) assert.equal(split(COMPLETE, new Uint8Array(length)).count, 1);
});

Deno.test("split: a missing checksum is completed in place", () => {
  for (const version of [4, 6] as const) {
    for (const protocol of ["tcp", "udp"] as const) {
      for (const length of [0, 1, 99, 1400]) {
        const whole = fields({ version, protocol, payload: payloadOf(length, 7) });
        const { header, bytes } = superPacket(whole, 0);
        const { count, inPlace } = split({ ...header, type: 0 }, bytes);
        assert.equal(count, 1);
        assert.deepEqual(inPlace, packet(whole));
      }
    }
  }
});

Deno.test("split: the checksum of another protocol is completed where the kernel says", () => {
  const bytes = payloadOf(77, 3);
  bytes[0] = 0x45;
  const { count, inPlace } = split(
    { ...COMPLETE, flags: 1, checksumStart: 21, checksumOffset: 12 },
    bytes,
  );
  assert.equal(count, 1);
  const sum = 0xffff - sumOf(bytes.subarray(21));
  const expected = bytes.slice();
  expected.set([sum >> 8, sum & 0xff], 33);
  assert.deepEqual(inPlace, expected);
});

Deno.test("split: a completed checksum of zero becomes 0xffff", () => {
  const bytes = new Uint8Array(60);
  bytes.set([0xff, 0xff], 58);
  const { inPlace } = split({ ...COMPLETE, flags: 1, checksumStart: 20, checksumOffset: 6 }, bytes);
  assert.equal(u16(inPlace, 26), 0xffff);
});

Deno.test("split: a super-packet of one packet is completed in place", () => {
  for (const protocol of ["tcp", "udp"] as const) {
    for (const length of [0, 1, 999, 1000]) {
      const whole = fields({ protocol, payload: payloadOf(length, 7) });
      const { header, bytes } = superPacket(whole, 1000);
      const { count, inPlace } = split(header, bytes);
      assert.equal(count, 1);
      assert.deepEqual(inPlace, packet(whole));
    }
  }
});

Deno.test("split: a super-packet whose checksum is complete makes valid packets too", () => {
  for (const version of [4, 6] as const) {
    for (const protocol of ["tcp", "udp"] as const) {
      const whole = fields({ version, protocol, payload: payloadOf(3500, 1) });
      const made = superPacket(whole, 1000);
      const header = { ...made.header, flags: 0, checksumStart: 0, checksumOffset: 0 };
      const { packets } = split(header, packet(whole));
      assert.deepEqual(packets, segment(made.bytes, made.header));
    }
  }
});

Deno.test("split: malformed super-packets are dropped", () => {
  const tcp = superPacket(fields({ payload: payloadOf(3000, 1) }), 1000);
  const tcp6 = superPacket(fields({ version: 6, payload: payloadOf(3000, 1) }), 1000);
  const udp = superPacket(fields({ protocol: "udp", payload: payloadOf(3000, 1) }), 1000);
  const withBytes = (bytes: Uint8Array, at: number, value: number) => {
    const changed = bytes.slice();
    changed[at] = value;
    return changed;
  };
  const cases: [string, GsoHeader, Uint8Array][] = [
    ["no segment size", { ...tcp.header, gsoSize: 0 }, tcp.bytes],
    ["unknown type", { ...tcp.header, type: 2 }, tcp.bytes],
    ["UDP fragmentation offload", { ...udp.header, type: 3 }, udp.bytes],
    ["TCPv6 in IPv4", { ...tcp.header, type: 4 }, tcp.bytes],
    ["TCPv4 in IPv6", { ...tcp6.header, type: 1 }, tcp6.bytes],
    ["neither IPv4 nor IPv6", tcp.header, withBytes(tcp.bytes, 0, 0x55)],
    ["UDP type with TCP", { ...tcp.header, type: 5, checksumOffset: 6 }, tcp.bytes],
    ["TCP type with UDP", { ...udp.header, type: 1, checksumOffset: 16 }, udp.bytes],
    ["IPv4 header too small", tcp.header, withBytes(tcp.bytes, 0, 0x44)],
    ["another checksum start", { ...tcp.header, checksumStart: 24 }, tcp.bytes],
    ["checksum start in the IPv6 header", { ...tcp6.header, checksumStart: 32 }, tcp6.bytes],
    ["unaligned checksum start", { ...tcp6.header, checksumStart: 42 }, tcp6.bytes],
    ["checksum start behind the end", { ...tcp6.header, checksumStart: 65_528 }, tcp6.bytes],
    ["another checksum offset", { ...tcp.header, checksumOffset: 6 }, tcp.bytes],
    ["TCP header too small", tcp.header, withBytes(tcp.bytes, 32, 0x40)],
    ["TCP header behind the end", tcp.header, withBytes(tcp.bytes.slice(0, 50), 32, 0xf0)],
    ["IPv4 header cut", tcp.header, tcp.bytes.slice(0, 19)],
    ["IPv6 header cut", tcp6.header, tcp6.bytes.slice(0, 39)],
    ["TCP header cut", tcp.header, tcp.bytes.slice(0, 39)],
    ["UDP header cut", udp.header, udp.bytes.slice(0, 27)],
    ["nothing", tcp.header, new Uint8Array(0)],
    [
      "checksum behind the end",
      { ...COMPLETE, flags: 1, checksumStart: 20, checksumOffset: 19 },
      new Uint8Array(40),
    ],
    ["checksum start far away", {
      ...COMPLETE,
      flags: 1,
      checksumStart: 65_535,
      checksumOffset: 65_535,
    }, new Uint8Array(40)],
  ];
  for (const [name, header, bytes] of cases) {
    const { count, inPlace } = split(header, bytes);
    assert.equal(count, 0, name);
    assert.deepEqual(inPlace, bytes, name);
  }
});

Deno.test("split: touches nothing out of bounds, whatever the headers say", () => {
  const byteArray = fc.uint8Array({ minLength: 0, maxLength: 300 });
  const likely = fc.tuple(
    anySuperPacket,
    fc.nat(),
    fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 6 }),
  )
    .map(([{ header, bytes }, length, changes]) => {
      const whole = Uint8Array.from([...new Uint8Array(10), ...bytes.subarray(0, length % 400)]);
      whole.set([
        header.flags,
        header.type,
        0,
        0,
        header.gsoSize,
        header.gsoSize >> 8,
        header.checksumStart,
        0,
        header.checksumOffset,
        0,
      ]);
      for (const [at, value] of changes) if (at < whole.length) whole[at] = value;
      return whole;
    });
  const counts = new Set<boolean>();
  fc.assert(
    fc.property(fc.oneof(byteArray, likely), (all) => {
      const [flags = 0, type = 0, ...rest] = all;
      const u16 = (at: number) => (rest[at] ?? 0) + 256 * (rest[at + 1] ?? 0);
      const header = {
        flags,
        type,
        headerLength: u16(0),
        gsoSize: Math.max(u16(2), 2),
        checksumStart: u16(4),
        checksumOffset: u16(6),
      };
      const { count } = split(header, Uint8Array.from(rest.slice(8)));
      counts.add(count > 1);
    }),
    { numRuns: 3000 },
  );
  assert.equal(counts.size, 2, "some must be cut, and some not");
});

/** The rules of merging, one by one. */
import assert from "node:assert/strict";
import { MergeKind } from "../../../core/offload/flow_packet.ts";
import { payloadOf } from "./arbitraries.ts";
import { merge, type MergedGroup } from "./harness.ts";
import {
  ACK,
  CWR,
  ECE,
  FIN,
  packet,
  type PacketFields,
  PSH,
  RST,
  setLengths,
  SYN,
  URG,
} from "./packets.ts";
import type { GsoHeader } from "./reference.ts";

const NO_WORK: GsoHeader = {
  flags: 0,
  type: 0,
  headerLength: 0,
  gsoSize: 0,
  checksumStart: 0,
  checksumOffset: 0,
};

type Fields = Partial<PacketFields>;

/** Packets of 100 bytes of payload that continue each other; `changes` are made to one after the other. */
function run(common: Fields, changes: Fields[]): Uint8Array[] {
  let sequence = common.sequence ?? 1000, id = common.id ?? 100;
  return changes.map((change, i) => {
    const fields = { payload: payloadOf(100, i + 1), ...common, sequence, id, ...change };
    sequence = (fields.sequence + fields.payload.length) % 2 ** 32;
    id = (fields.id + 1) % 65536;
    return packet(fields);
  });
}

/** How many packets are in each group. */
function counts(packets: Uint8Array[], kinds?: number): number[] {
  return merge(packets, kinds).map(({ pieces }) => pieces);
}

/** The single packet that group `group` is. */
function single(groups: MergedGroup[], group: number): Uint8Array {
  const { header, bytes } = groups[group] ?? assert.fail(`no group ${group}`);
  assert.deepEqual(header, NO_WORK);
  return bytes;
}

const KINDS: { name: string; fields: Fields; type: number; start: number; offset: number }[] = [
  { name: "TCP over IPv4", fields: {}, type: 1, start: 20, offset: 16 },
  { name: "TCP over IPv6", fields: { version: 6 }, type: 4, start: 40, offset: 16 },
  { name: "UDP over IPv4", fields: { protocol: "udp" }, type: 5, start: 20, offset: 6 },
  { name: "UDP over IPv6", fields: { version: 6, protocol: "udp" }, type: 5, start: 40, offset: 6 },
];

for (const { name, fields, type, start, offset } of KINDS) {
  Deno.test(`merge: ${name}: the super-packet and its header`, () => {
    const packets = run(fields, [{}, {}, { payload: payloadOf(30, 9) }]);
    const [group, ...others] = merge(packets);
    assert.ok(group && others.length === 0);
    const headerLength = start + (fields.protocol === "udp" ? 8 : 20);
    assert.deepEqual(group.header, {
      flags: 1,
      type,
      headerLength,
      gsoSize: 100,
      checksumStart: start,
      checksumOffset: offset,
    });
    const payload = packets.flatMap((each) => [...each.subarray(headerLength)]);
    // A packet of the same fields and of all the payload differs in the transport checksum only.
    const expected = packet({
      sequence: 1000,
      id: 100,
      ...fields,
      payload: Uint8Array.from(payload),
    });
    const at = start + offset;
    expected.set(group.bytes.subarray(at, at + 2), at);
    assert.deepEqual(group.bytes, expected);
  });

  Deno.test(`merge: ${name}: taken apart, the packets are as they came`, () => {
    const packets = run(fields, [{}, {}, { flags: ACK | PSH }]);
    const [group] = merge(packets);
    assert.equal(group?.pieces, 3);
    assert.deepEqual(group.apart.map(({ bytes }) => bytes), packets);
    for (const { header } of group.apart) assert.deepEqual(header, NO_WORK);
  });

  Deno.test(`merge: ${name}: only if it is wanted`, () => {
    const packets = run(fields, [{}, {}]);
    const kind = Object.values(MergeKind)[KINDS.findIndex((each) => each.name === name)] ?? 0;
    assert.deepEqual(counts(packets, kind), [2]);
    assert.deepEqual(counts(packets, MergeKind.ALL & ~kind), [1, 1]);
    assert.deepEqual(counts(packets, 0), [1, 1]);
  });

  Deno.test(`merge: ${name}: a shorter packet ends the run`, () => {
    const short = { payload: payloadOf(99, 9) };
    assert.deepEqual(counts(run(fields, [{}, short, {}, {}])), [2, 2]);
    assert.deepEqual(counts(run(fields, [{}, short, short])), [2, 1]);
  });

  Deno.test(`merge: ${name}: a longer packet begins another`, () => {
    const long = { payload: payloadOf(101, 9) };
    assert.deepEqual(counts(run(fields, [{}, long, long])), [1, 2]);
  });

  Deno.test(`merge: ${name}: a wrong checksum is never merged, and never repaired`, () => {
    for (const wrong of [0, 1, 2]) {
      const packets = run(fields, [{}, {}, {}]);
      const bytes = packets[wrong] ?? assert.fail();
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      const groups = merge(packets);
      assert.deepEqual(groups.map(({ pieces }) => pieces), [[1, 2], [1, 1, 1], [2, 1]][wrong]);
      assert.deepEqual(single(groups, wrong === 2 ? 1 : wrong), bytes);
    }
  });

  Deno.test(`merge: ${name}: packets of no payload pass`, () => {
    const empty = { payload: new Uint8Array(0) };
    assert.deepEqual(counts(run(fields, [empty, empty, {}])), [1, 1, 1]);
    assert.deepEqual(counts(run(fields, [{}, empty, {}])), [1, 1, 1]);
  });

  Deno.test(`merge: ${name}: a group has at most 65,535 bytes`, () => {
    const room = 65_535 - start - (fields.protocol === "udp" ? 8 : 20);
    const whole = Array(Math.floor(room / 1400)).fill({ payload: payloadOf(1400, 1) });
    const last = { payload: payloadOf(room % 1400, 1) };
    assert.deepEqual(counts(run(fields, [...whole, last])), [47]);
    last.payload = payloadOf(last.payload.length + 1, 1);
    assert.deepEqual(counts(run(fields, [...whole, last])), [46, 1]);
  });

  Deno.test(`merge: ${name}: a group has at most 64 packets`, () => {
    assert.deepEqual(counts(run(fields, Array(130).fill({}))), [64, 64, 2]);
  });
}

/** What isn't equal in the second of three packets: none merges with the next. */
const DIFFERENCES: [string, Fields, Fields][] = [
  ["time to live", {}, { hopLimit: 63 }],
  ["type of service", {}, { trafficClass: 4 }],
  ["ECN codepoint", {}, { trafficClass: 3 }],
  ["DF", {}, { dontFragment: false }],
  ["source address", {}, { source: 9 }],
  ["destination address", {}, { destination: 9 }],
  ["source port", {}, { sourcePort: 9 }],
  ["destination port", {}, { destinationPort: 9 }],
  ["hop limit", { version: 6 }, { hopLimit: 63 }],
  ["traffic class", { version: 6 }, { trafficClass: 4 }],
  ["flow label", { version: 6 }, { flowLabel: 1 }],
  ["IPv6 source", { version: 6 }, { source: 9 }],
  ["IPv6 destination", { version: 6 }, { destination: 9 }],
  ["acknowledgment number", {}, { acknowledgment: 1 }],
  ["window", {}, { window: 1 }],
  ["urgent pointer", {}, { urgent: 1 }],
  ["reserved bit", {}, { reserved: 1 }],
  ["options", {}, { tcpOptions: [1, 1, 1, 1] }],
  ["sequence number: a gap", {}, { sequence: 1101 }],
  ["sequence number: a repetition", {}, { sequence: 1000 }],
  ["ECE", {}, { flags: ACK | ECE }],
  ["ECE gone", { flags: ACK | ECE }, { flags: ACK }],
];

for (const [name, common, change] of DIFFERENCES) {
  Deno.test(`merge: not with another ${name}`, () => {
    const packets = run(common, [{}, change]);
    assert.deepEqual(merge(packets).map(({ bytes }) => bytes), packets);
  });
}

for (
  const [name, flags] of [
    ["FIN", ACK | FIN],
    ["SYN", SYN],
    ["SYN and ACK", SYN | ACK],
    ["RST", RST | ACK],
    ["URG", URG | ACK],
    ["CWR", CWR | ACK],
    ["no ACK", 0],
    ["no ACK, but PSH", PSH],
  ] as const
) {
  Deno.test(`merge: flags: ${name} stands alone, and keeps its place`, () => {
    const packets = run({}, [{}, {}, { flags }, {}, {}]);
    const groups = merge(packets);
    assert.deepEqual(groups.map(({ pieces }) => pieces), [2, 1, 2]);
    assert.deepEqual(single(groups, 1), packets[2]);
  });
}

Deno.test("merge: flags: CWR in all packets", () => {
  assert.deepEqual(counts(run({ flags: ACK | CWR }, [{}, {}])), [1, 1]);
});

Deno.test("merge: flags: ECE in all packets is merged", () => {
  assert.deepEqual(counts(run({ flags: ACK | ECE }, [{}, {}])), [2]);
});

Deno.test("merge: PSH ends the run, and the super-packet has it", () => {
  const groups = merge(run({}, [{}, {}, { flags: ACK | PSH }, {}, {}]));
  assert.deepEqual(groups.map(({ pieces }) => pieces), [3, 2]);
  assert.deepEqual(groups.map(({ bytes }) => bytes[33]), [ACK | PSH, ACK]);
});

Deno.test("merge: a first packet with PSH stands alone", () => {
  assert.deepEqual(counts(run({}, [{ flags: ACK | PSH }, {}, {}])), [1, 2]);
});

Deno.test("merge: equal timestamps are merged, others not", () => {
  const at = (value: number) => [1, 1, 8, 10, 0, 0, 0, value, 0, 0, 0, 0];
  assert.deepEqual(counts(run({ tcpOptions: at(5) }, [{}, {}, { tcpOptions: at(6) }])), [2, 1]);
});

Deno.test("merge: sequence numbers wrap around", () => {
  for (const sequence of [2 ** 31 - 150, 2 ** 32 - 100, 2 ** 32 - 150]) {
    assert.deepEqual(counts(run({ sequence }, [{}, {}, {}])), [3]);
  }
});

Deno.test("merge: IPv4 IDs count up, and wrap around", () => {
  for (const dontFragment of [true, false]) {
    assert.deepEqual(counts(run({ id: 0xfffe, dontFragment }, [{}, {}, {}, {}])), [4]);
    assert.deepEqual(counts(run({ dontFragment }, [{}, {}, { id: 103 }])), [2, 1]);
    assert.deepEqual(counts(run({ dontFragment }, [{}, { id: 99 }])), [1, 1]);
  }
});

Deno.test("merge: an IPv4 ID may stay the same with DF only", () => {
  const same = { id: 7 };
  assert.deepEqual(counts(run({ dontFragment: true }, [same, same, same])), [3]);
  assert.deepEqual(counts(run({ dontFragment: false }, [same, same, same])), [1, 1, 1]);
});

Deno.test("merge: IPv4 IDs don't change their way within a group", () => {
  assert.deepEqual(counts(run({}, [{ id: 7 }, { id: 7 }, { id: 8 }])), [2, 1]);
  assert.deepEqual(counts(run({}, [{ id: 7 }, { id: 8 }, { id: 8 }])), [2, 1]);
});

Deno.test("merge: an IPv4 header with a wrong checksum isn't merged", () => {
  for (const wrong of [0, 1]) {
    const packets = run({}, [{}, {}]);
    const bytes = packets[wrong] ?? assert.fail();
    bytes[10] = (bytes[10] ?? 0) ^ 1;
    assert.deepEqual(counts(packets), [1, 1]);
  }
});

Deno.test("merge: UDP without checksum isn't merged", () => {
  for (const wrong of [0, 1]) {
    const packets = run({ protocol: "udp" }, [{}, {}]);
    packets[wrong]?.fill(0, 26, 28);
    assert.deepEqual(counts(packets), [1, 1]);
  }
});

Deno.test("merge: UDP whose length isn't IP's isn't merged", () => {
  for (const length of [107, 109]) {
    const packets = run({ protocol: "udp" }, [{}, {}]);
    packets[1]?.set([length], 25);
    assert.deepEqual(counts(packets), [1, 1]);
  }
});

Deno.test("merge: what comes out has the order of the first packets", () => {
  const a = run({ sourcePort: 1 }, [{}, {}, {}]);
  const b = run({ sourcePort: 2 }, [{}, {}, {}]);
  const ping = Uint8Array.from(packet({ sourcePort: 9 }), (byte, i) => i === 9 ? 1 : byte);
  const packets = [0, 1, 2].flatMap((i) => [a[i] ?? ping, b[i] ?? ping, ping]);
  assert.deepEqual(counts(packets), [3, 3, 1, 1, 1]);
});

Deno.test("merge: a packet of the same flow that can't be merged isn't overtaken", () => {
  for (const version of [4, 6] as const) {
    const empty = { flags: ACK, payload: new Uint8Array(0) };
    const packets = run({ version }, [{}, {}, empty, {}, {}]);
    const groups = merge(packets);
    assert.deepEqual(groups.map(({ pieces }) => pieces), [2, 1, 2]);
    assert.deepEqual(single(groups, 1), packets[2]);
  }
});

Deno.test("merge: a wrong packet of the same flow isn't overtaken", () => {
  const packets = run({ protocol: "udp" }, [{}, {}, {}, {}]);
  packets[2]?.fill(0, 26, 28);
  assert.deepEqual(counts(packets), [2, 1, 1]);
});

/** The first `length` bytes, with that length in the IP header. */
function cutTo(bytes: Uint8Array, length: number): Uint8Array {
  const cut = bytes.slice(0, length);
  setLengths(cut, 0, "tcp");
  return cut;
}

/** Packets whose flow can't be told: they may belong to any, so nothing overtakes them. */
const UNCERTAIN: [string, (bytes: Uint8Array) => Uint8Array][] = [
  ["a fragment", () => packet({ fragment: 0x2000 })],
  ["a later fragment", () => packet({ fragment: 3 })],
  ["a fragment that is UDP", () => packet({ protocol: "udp", fragment: 0x2000 })],
  ["the reserved bit", () => packet({ fragment: 0x8000 })],
  ["IPv4 options", () => packet({ ipOptions: [1, 1, 1, 1] })],
  ["an IPv6 extension header", () => packet({ version: 6, extensionSize: 8 })],
  ["IPv4 with another length", (bytes) => bytes.slice(0, -1)],
  ["a cut TCP header", () => cutTo(packet(), 39)],
  ["a cut UDP header", () => cutTo(packet({ version: 6, protocol: "udp" }), 47)],
  ["a cut TCP option", () => cutTo(packet({ tcpOptions: [1, 1, 1, 1] }), 43)],
  ["a TCP header that is too small", () => packet({ tcpOptions: [1, 1, 1, 1] }).fill(0x40, 32, 33)],
  ["no IP version", (bytes) => Uint8Array.from([0x15, ...bytes.subarray(1)])],
  ["too few bytes", (bytes) => bytes.slice(0, 12)],
  ["nothing", () => new Uint8Array(0)],
];

for (const [name, make] of UNCERTAIN) {
  Deno.test(`merge: nothing overtakes a packet of an uncertain flow: ${name}`, () => {
    const [first, second, third] = run({}, [{}, {}, {}]);
    assert.ok(first && second && third);
    const odd = make(second);
    const groups = merge([first, odd, second, third]);
    assert.deepEqual(groups.map(({ pieces }) => pieces), [1, 1, 2]);
    assert.deepEqual(single(groups, 1), odd);
  });
}

Deno.test("merge: packets of other protocols don't end a run", () => {
  for (const version of [4, 6] as const) {
    const [first, second] = run({ version }, [{}, {}]);
    assert.ok(first && second);
    const ping = first.slice();
    ping[version === 4 ? 9 : 6] = version === 4 ? 1 : 58;
    assert.deepEqual(counts([first, ping, second]), [2, 1]);
  }
});

Deno.test("merge: the same ports in TCP and UDP, IPv4 and IPv6 are four flows", () => {
  const flows = KINDS.map(({ fields }) => run(fields, [{}, {}, {}]));
  const packets = [0, 1, 2].flatMap((i) => flows.flatMap((flow) => flow[i] ?? []));
  assert.deepEqual(counts(packets), [3, 3, 3, 3]);
});

Deno.test("merge: flows of one hash are kept apart", () => {
  // More flows than there are places for open groups: some must share one.
  const flows = Array.from({ length: 300 }, (_, i) => run({ sourcePort: i }, [{}, {}]));
  const packets = [0, 1].flatMap((i) => flows.flatMap((flow) => flow[i] ?? []));
  const groups = merge(packets);
  assert.ok(groups.some(({ pieces }) => pieces === 1), "some groups must have been displaced");
  assert.ok(groups.some(({ pieces }) => pieces === 2), "others not");
  const seen = new Map<number, Uint8Array[]>();
  for (const { bytes: whole, apart } of groups) {
    const port = (whole[20] ?? 0) * 256 + (whole[21] ?? 0);
    seen.set(port, [...seen.get(port) ?? [], ...apart.map(({ bytes }) => bytes)]);
  }
  for (const [port, flow] of flows.entries()) assert.deepEqual(seen.get(port), flow);
});

/** Merging and splitting against each other and against the reference. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { createNobleCrypto } from "../../../core/crypto/noble.ts";
import { memoryOf } from "../../../core/memory.ts";
import { Merger } from "../../../core/offload/merge.ts";
import { mergeableSuperPacket, mix } from "./arbitraries.ts";
import { merge, split } from "./harness.ts";
import { byte, packet, setLengths } from "./packets.ts";
import { fault, group, parse, segment } from "./reference.ts";

/** The flow of a packet; all of an uncertain flow count as one. */
function flowOf(bytes: Uint8Array): string {
  const parsed = parse(bytes);
  return typeof parsed === "string" ? parsed : parsed.flow;
}

/** Packets of each flow, in order; flows in any order. */
function byFlow(packets: Uint8Array[]): Map<string, Uint8Array[]> {
  return Map.groupBy(packets, flowOf);
}

Deno.test("merge: undoes splitting", () => {
  fc.assert(
    fc.property(mergeableSuperPacket, ({ header, bytes }) => {
      const groups = merge(split(header, bytes).packets);
      assert.deepEqual(groups.map(({ header, bytes }) => ({ header, bytes })), [{ header, bytes }]);
    }),
    { numRuns: 200 },
  );
});

Deno.test("merge: forms the groups that the reference forms", () => {
  let largest = 0;
  fc.assert(
    fc.property(mix, (packets) => {
      const groups = merge(packets);
      const expected = group(packets).map(({ members }) => members.map((i) => packets[i]));
      assert.deepEqual(groups.map(({ apart }) => apart.map(({ bytes }) => bytes)), expected);
      largest = Math.max(largest, ...groups.map(({ pieces }) => pieces));
    }),
    { numRuns: 300 },
  );
  assert.ok(largest >= 8, `the largest group had ${largest} packets`);
});

Deno.test("merge: the super-packets stand for the very same packets, in order within each flow", () => {
  fc.assert(
    fc.property(mix, (packets) => {
      const expected = group(packets);
      const sent = merge(packets).flatMap(({ header, bytes }, i) => {
        if (header.type === 0) return [bytes];
        const cut = segment(bytes, header, expected[i]?.fixedId);
        const protocol = header.type === 5 ? "udp" : "tcp";
        for (const each of cut) assert.equal(fault(each, header.checksumStart, protocol), null);
        return cut;
      });
      assert.deepEqual(byFlow(sent), byFlow(packets));
    }),
    { numRuns: 300 },
  );
});

Deno.test("merge: nothing changes places with a packet of an uncertain flow", () => {
  let seen = 0;
  fc.assert(
    fc.property(mix, (packets) => {
      const uncertain = packets.flatMap((bytes, i) => parse(bytes) === "any flow" ? [i] : []);
      seen += uncertain.length;
      const order = merge(packets).flatMap(({ apart }) => apart.map(({ bytes }) => bytes));
      for (const i of uncertain) assert.deepEqual(order[i], packets[i]);
    }),
    { numRuns: 100 },
  );
  assert.ok(seen > 0);
});

Deno.test("merge: touches nothing out of bounds, whatever the headers say", () => {
  const change = fc.tuple(fc.nat(79), fc.nat(255));
  const broken = mix.chain((packets) =>
    fc.array(fc.tuple(fc.nat(100), fc.nat(120), fc.array(change, { maxLength: 3 })), {
      maxLength: 60,
    }).map((breaks) => {
      for (const [which, length, changes] of breaks) {
        const bytes = packets[which];
        if (bytes === undefined) continue;
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        if (length >= bytes.length) continue;
        const cut = bytes.slice(0, length);
        if (length >= 40 || byte(cut, 0) >> 4 === 4 && length >= 20) setLengths(cut, 20, "tcp");
        packets[which] = cut;
      }
      return packets;
    })
  );
  const noise = fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 50 });
  fc.assert(
    fc.property(fc.oneof(broken, noise), (packets) => {
      const groups = merge(packets).map(({ apart }) => apart.map(({ bytes }) => bytes));
      // Many flows at a time may close each other's groups: then there are more than the reference forms.
      for (const members of groups) assert.equal(group(members).length, 1);
      assert.deepEqual(byFlow(groups.flat()), byFlow(packets));
    }),
    { numRuns: 300 },
  );
});

Deno.test("merge: a merger forgets its packets, and takes no more than its capacity", () => {
  const memory = memoryOf(new ArrayBuffer(4096));
  const merger = new Merger(memory, createNobleCrypto(memory).checksum, 2);
  for (let batch = 0; batch < 3; batch++) {
    for (const [i, at] of [100, 400].entries()) {
      memory.bytes.set(packet({ sequence: 1000 + 100 * i, id: i }), at);
      assert.equal(merger.add(at, 140), true);
    }
    assert.equal(merger.add(700, 140), false);
    assert.equal(merger.groups, 1);
    assert.equal(merger.count(0), 2);
    merger.clear();
    assert.equal(merger.groups, 0);
  }
  // The first packet of a batch doesn't continue the last of the batch before.
  memory.bytes.set(packet({ sequence: 1000, id: 0 }), 100);
  merger.add(100, 140);
  merger.clear();
  memory.bytes.set(packet({ sequence: 1100, id: 1 }), 400);
  merger.add(400, 140);
  assert.equal(merger.count(0), 1);
});

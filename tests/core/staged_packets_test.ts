import assert from "node:assert/strict";
import { MAX_STAGED_PACKETS } from "../../core/constants.ts";
import { StagedPackets, StagedQueue } from "../../core/staged_packets.ts";

function packet(id: number, size = 100): Uint8Array {
  return new Uint8Array(size).fill(id);
}

/** The first bytes of all packets of `queue`, which is empty then. */
function drain(staged: StagedPackets, queue: StagedQueue): number[] {
  const target = new Uint8Array(70_000);
  const ids: number[] = [];
  for (let length = staged.nextLength(queue); length >= 0; length = staged.nextLength(queue)) {
    assert.ok(staged.shift(queue, target, 5));
    assert.ok(target.subarray(5, 5 + length).every((byte) => byte === target[5]));
    ids.push(target[5] ?? -1);
  }
  assert.equal(staged.shift(queue, target, 0), false);
  return ids;
}

Deno.test("staged packets: each queue is first in, first out", () => {
  const staged = new StagedPackets(1 << 20);
  const a = new StagedQueue(), b = new StagedQueue();
  for (let id = 0; id < 10; id++) staged.push(id % 2 ? b : a, packet(id, 20 + id * 100));
  assert.deepEqual(drain(staged, a), [0, 2, 4, 6, 8]);
  assert.deepEqual(drain(staged, b), [1, 3, 5, 7, 9]);
  assert.equal(staged.bytes, 0);
});

Deno.test("staged packets: a peer keeps the newest 128", () => {
  const staged = new StagedPackets(1 << 20);
  const queue = new StagedQueue();
  for (let id = 0; id < MAX_STAGED_PACKETS + 22; id++) staged.push(queue, packet(id));
  assert.equal(queue.count, MAX_STAGED_PACKETS);
  const ids = drain(staged, queue);
  assert.deepEqual(ids, Array.from({ length: MAX_STAGED_PACKETS }, (_, i) => i + 22));
});

Deno.test("staged packets: all peers together keep so many bytes, and the oldest packet goes", () => {
  const staged = new StagedPackets(10 * 256);
  const a = new StagedQueue(), b = new StagedQueue(), c = new StagedQueue();
  for (let id = 0; id < 10; id++) staged.push(id % 2 ? b : a, packet(id, 256));
  for (let id = 10; id < 13; id++) staged.push(c, packet(id, 256));
  assert.equal(staged.bytes, 10 * 256);
  assert.deepEqual(drain(staged, a), [4, 6, 8]);
  assert.deepEqual(drain(staged, b), [3, 5, 7, 9]);
  assert.deepEqual(drain(staged, c), [10, 11, 12]);
});

Deno.test("staged packets: what alone exceeds the limit isn't kept", () => {
  const staged = new StagedPackets(1000);
  const queue = new StagedQueue();
  staged.push(queue, packet(1));
  staged.push(queue, packet(2, 2000));
  assert.deepEqual(drain(staged, queue), []);
  assert.equal(staged.bytes, 0);
});

Deno.test("staged packets: clearing one queue leaves the others in order", () => {
  const staged = new StagedPackets(1 << 20);
  const a = new StagedQueue(), b = new StagedQueue();
  for (let id = 0; id < 9; id++) staged.push(id % 3 ? b : a, packet(id));
  staged.clear(a);
  assert.equal(a.count, 0);
  assert.deepEqual(drain(staged, a), []);
  staged.push(a, packet(50));
  assert.deepEqual(drain(staged, b), [1, 2, 4, 5, 7, 8]);
  assert.deepEqual(drain(staged, a), [50]);
});

Deno.test("staged packets: an overflowing queue with packets of all sizes keeps them whole", () => {
  const staged = new StagedPackets(64 << 20);
  const queue = new StagedQueue();
  for (let id = 0; id < 1000; id++) staged.push(queue, packet(id, 20 + id * 67 % 1400));
  const expected = Array.from({ length: MAX_STAGED_PACKETS }, (_, i) => (872 + i) % 256);
  assert.deepEqual(drain(staged, queue), expected);
});

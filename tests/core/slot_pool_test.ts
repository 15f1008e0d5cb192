import assert from "node:assert/strict";
import { SlotPool } from "../../core/slot_pool.ts";

Deno.test("slot pool: slots don't overlap, and begin as zeros", () => {
  const pool = new SlotPool(10, 3);
  const slots = Array.from({ length: 8 }, () => pool.allocate());
  assert.equal(new Set(slots).size, 8);
  for (const slot of slots) {
    assert.deepEqual([...pool.bytes(slot, 0, 10)], new Array(10).fill(0));
    pool.bytes(slot, 0, 10).fill(slot + 1);
  }
  for (const slot of slots) {
    assert.deepEqual([...pool.bytes(slot, 0, 10)], new Array(10).fill(slot + 1));
  }
});

Deno.test("slot pool: a released slot is overwritten, and serves again", () => {
  const pool = new SlotPool(16, 2);
  const [first, second, third] = [pool.allocate(), pool.allocate(), pool.allocate()];
  const bytes = pool.bytes(second, 0, 16);
  for (const slot of [first, second, third]) pool.bytes(slot, 0, 16).fill(0xff);
  pool.release(second);
  assert.deepEqual([...bytes], new Array(16).fill(0));
  assert.equal(pool.bytes(first, 15, 1)[0], 0xff);
  assert.equal(pool.bytes(third, 0, 1)[0], 0xff);
  assert.equal(pool.allocate(), second);
});

Deno.test("slot pool: parts of a slot are in place, and end with it", () => {
  const pool = new SlotPool(8, 4);
  pool.allocate();
  const slot = pool.allocate();
  pool.bytes(slot, 2, 3).set([1, 2, 3]);
  assert.deepEqual([...pool.bytes(slot, 0, 8)], [0, 0, 1, 2, 3, 0, 0, 0]);
  assert.throws(() => pool.bytes(slot, 6, 3), RangeError);
  assert.throws(() => pool.bytes(-1, 0, 1), RangeError);
  assert.throws(() => pool.bytes(4, 0, 1), RangeError);
});

import assert from "node:assert/strict";
import { KEY_SLOT_SIZE, KeySlots } from "../../core/key_slots.ts";
import { memoryOf } from "../../core/memory.ts";

Deno.test("key slots: each is handed out once, until there are none", () => {
  const slots = new KeySlots(memoryOf(new ArrayBuffer(1024)), 32, 3 * KEY_SLOT_SIZE + 63);
  assert.equal(slots.capacity, 3);
  assert.deepEqual([1, 2, 3, 4].map(() => slots.allocate()), [32, 96, 160, -1]);
  slots.release(96);
  assert.equal(slots.allocate(), 96);
  assert.equal(slots.allocate(), -1);
});

Deno.test("key slots: a released slot is overwritten, its neighbours are not", () => {
  const memory = memoryOf(new ArrayBuffer(4 * KEY_SLOT_SIZE));
  const slots = new KeySlots(memory, 0, memory.bytes.length);
  const [a, b, c] = [slots.allocate(), slots.allocate(), slots.allocate()] as const;
  for (const slot of [a, b, c]) {
    slots.sendKey(slot).fill(0xaa);
    slots.receiveKey(slot).fill(0xbb);
  }
  slots.release(b);
  assert.deepEqual(memory.bytes.subarray(b, b + KEY_SLOT_SIZE), new Uint8Array(KEY_SLOT_SIZE));
  for (const slot of [a, c]) {
    assert.ok(slots.sendKey(slot).every((byte) => byte === 0xaa));
    assert.ok(slots.receiveKey(slot).every((byte) => byte === 0xbb));
  }
});

import assert from "node:assert/strict";
import { TransmitBuffer } from "../../core/transmit_buffer.ts";

Deno.test("transmit buffer: blocks follow each other, aligned to 16 bytes", () => {
  const buffer = new TransmitBuffer(64, 128);
  assert.equal(buffer.allocate(1), 64);
  assert.equal(buffer.allocate(16), 80);
  assert.equal(buffer.allocate(17), 96);
  assert.equal(buffer.used, 64);
  assert.equal(buffer.available, 64);
  assert.equal(buffer.allocate(65), -1);
  assert.equal(buffer.allocate(64), 128);
  assert.equal(buffer.allocate(1), -1);
});

Deno.test("transmit buffer: a region that isn't a multiple of 16 is used to its end", () => {
  const buffer = new TransmitBuffer(0, 20);
  assert.equal(buffer.allocate(16), 0);
  assert.equal(buffer.allocate(4), 16);
  assert.equal(buffer.available, 0);
});

Deno.test("transmit buffer: the last block can be shortened and released, others not", () => {
  const buffer = new TransmitBuffer(0, 160);
  const first = buffer.allocate(16);
  const second = buffer.allocate(100);
  buffer.shrink(first, 0);
  buffer.release(first);
  assert.equal(buffer.used, 128);
  buffer.shrink(second, 200);
  assert.equal(buffer.used, 128);
  buffer.shrink(second, 20);
  assert.equal(buffer.used, 48);
  buffer.release(second);
  assert.equal(buffer.allocate(1), second);
});

Deno.test("transmit buffer: reset frees all", () => {
  const buffer = new TransmitBuffer(32, 64);
  buffer.allocate(64);
  buffer.reset();
  assert.equal(buffer.available, 64);
  assert.equal(buffer.allocate(64), 32);
});

Deno.test("transmit buffer: an unaligned region is refused", () => {
  assert.throws(() => new TransmitBuffer(8, 64), RangeError);
});

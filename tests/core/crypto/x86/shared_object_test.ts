import assert from "node:assert/strict";
import { buildSharedObject } from "../../../../core/crypto/x86/shared_object.ts";

const PT_LOAD = 1;
const PT_GNU_STACK = 0x6474e551;
const PF_X = 1;
const PF_W = 2;

const file = buildSharedObject({
  code: new Uint8Array(5000).fill(0xc3),
  functions: { first: 0, second: 64 },
});
const view = new DataView(file.buffer);

interface Segment {
  type: number;
  flags: number;
  offset: number;
  address: number;
  size: number;
}

function segments(): Segment[] {
  return Array.from({ length: view.getUint16(56, true) }, (_, i) => {
    const at = view.getUint32(32, true) + i * view.getUint16(54, true);
    return {
      type: view.getUint32(at, true),
      flags: view.getUint32(at + 4, true),
      offset: view.getUint32(at + 8, true),
      address: view.getUint32(at + 16, true),
      size: view.getUint32(at + 40, true),
    };
  });
}

Deno.test("shared object: no memory is writable and executable, stacks included", () => {
  for (const { flags } of segments()) assert.notEqual(flags & (PF_W | PF_X), PF_W | PF_X);
  const stack = segments().find(({ type }) => type === PT_GNU_STACK);
  assert.ok(stack, "without PT_GNU_STACK the loader makes stacks executable");
  assert.equal(stack.flags & PF_X, 0);
});

Deno.test("shared object: segments of different permissions share no page", () => {
  const loaded = segments().filter(({ type }) => type === PT_LOAD);
  assert.equal(loaded.length, 2);
  const [code, data] = loaded as [Segment, Segment];
  assert.equal(code.flags & PF_X, PF_X);
  assert.ok(Math.ceil((code.address + code.size) / 4096) * 4096 <= data.address);
  assert.equal(data.offset % 4096, data.address % 4096);
  assert.equal(data.offset + data.size, file.length);
});

Deno.test("shared object: the code lies at a multiple of 64, with the constants' alignment", () => {
  const code = file.findIndex((_, i) => file.subarray(i, i + 5000).every((byte) => byte === 0xc3));
  assert.equal(code % 64, 0);
});

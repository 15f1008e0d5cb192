import assert from "node:assert/strict";
import { isZero } from "../../core/memory.ts";
import { TextBuffer } from "../../core/text_buffer.ts";

/** More than a block holds. */
const LONG = 300_000;

function filled(): TextBuffer {
  const text = new TextBuffer();
  text.append(new Uint8Array([1, 2, 3, 4]), 1, 3);
  text.append(new Uint8Array(LONG).fill(5));
  text.append(new Uint8Array([6]));
  return text;
}

Deno.test("a text has all that was appended, in order", () => {
  const text = filled();
  const wanted = new Uint8Array(LONG + 3).fill(5);
  wanted.set([2, 3]);
  wanted[LONG + 2] = 6;
  assert.equal(text.length, wanted.length);
  assert.deepEqual(text.toBytes(), wanted);
  assert.deepEqual([...text.parts()].flatMap((part) => [...part]), [...wanted]);
});

Deno.test("nothing is left of a text that was wiped", () => {
  const text = filled();
  const parts = [...text.parts()].filter((part) => part.length > 0);
  assert.ok(parts.length > 1 && !parts.some(isZero));
  text.wipe();
  assert.ok(parts.every(isZero));
  assert.equal(text.length, 0);
  assert.deepEqual(text.toBytes(), new Uint8Array(0));
});

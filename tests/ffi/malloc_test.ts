import "./bind_libc.ts";
import assert from "node:assert/strict";
import { giveFreedMemoryBack } from "../../ffi/malloc.ts";

/** The bit of glibc's word before a block that says that the block was mapped by itself. */
const IS_MMAPPED = 2;
/** More than malloc has free already, in a process that has run many tests. */
const BLOCKS = 40_000;

const SYMBOLS = {
  malloc: { parameters: ["i32"], result: "pointer" },
  free: { parameters: ["pointer"], result: "void" },
} as const;

Deno.test("giveFreedMemoryBack lets blocks of 16 KiB be mapped, and small ones not", () => {
  const library = Deno.dlopen("libc.so.6", SYMBOLS);
  const { malloc, free } = library.symbols;
  const isMapped = (block: Deno.PointerValue): boolean => {
    const word = Deno.UnsafePointer.create(Deno.UnsafePointer.value(block) - 8n);
    assert(word !== null);
    return (new Deno.UnsafePointerView(word).getUint32() & IS_MMAPPED) !== 0;
  };
  const areMapped = (size: number): boolean => {
    const blocks: Deno.PointerValue[] = [];
    let mapped = false;
    while (!mapped && blocks.length < BLOCKS) {
      const block = malloc(size);
      blocks.push(block);
      mapped = isMapped(block);
    }
    blocks.forEach(free);
    return mapped;
  };
  try {
    assert.equal(areMapped(16 << 10), false, "glibc's default");
    giveFreedMemoryBack();
    assert.equal(areMapped(16 << 10), true);
    assert.equal(areMapped(8 << 10), false);
  } finally {
    library.close();
  }
});

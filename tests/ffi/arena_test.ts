import "./bind_libc.ts";
import assert from "node:assert/strict";
import { Arena } from "../../ffi/arena.ts";
import { IOVEC, O_CLOEXEC } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";

for (const shared of [false, true]) {
  Deno.test(`system calls read and write the arena in place, shared ${shared}`, () => {
    const arena = new Arena(3 * 65536, { shared });
    const fds = new Int32Array(2);
    assert.equal(libc.pipe2(fds, O_CLOEXEC), 0);
    const [reading, writing] = fds;
    assert(reading !== undefined && writing !== undefined);
    const source = arena.reserve(5), target = arena.reserve(5), iovec = arena.reserve(IOVEC.SIZE);
    arena.memory.bytes.set([1, 2, 3, 4, 5], source);

    assert.equal(libc.writePointer(writing, arena.pointer(source), 2), 2);
    arena.writeAddress(iovec + IOVEC.BASE, source + 2);
    arena.memory.view.setUint32(iovec + IOVEC.LENGTH, 3, true);
    assert.equal(libc.writev(writing, arena.pointer(iovec), 1), 3);
    assert.equal(libc.readPointer(reading, arena.pointer(target), 5), 5);

    assert.deepEqual([...arena.memory.bytes.subarray(target, target + 5)], [1, 2, 3, 4, 5]);
    libc.close(reading);
    libc.close(writing);
  });
}

Deno.test("an address is right on either side of a 4 GiB boundary", () => {
  const arena = new Arena(65536);
  const at = arena.reserve(8);
  const low = Number(BigInt(Deno.UnsafePointer.value(arena.pointer(0))) & 0xffffffffn);
  const boundary = 2 ** 32 - low;
  for (const offset of [0, 1, 65535, boundary - 1, boundary, boundary + 1]) {
    arena.writeAddress(at, offset);
    assert.equal(
      arena.memory.view.getBigUint64(at, true),
      BigInt(Deno.UnsafePointer.value(arena.pointer(offset))),
    );
  }
});

Deno.test("regions are aligned, apart, and end with the arena", () => {
  const arena = new Arena(65536);
  const first = arena.reserve(10), second = arena.reserve(100, 4096), third = arena.reserve(1);
  assert(first > 0);
  assert.equal(second % 4096, 0);
  assert(first + 10 <= second && second + 100 <= third);
  assert.throws(() => arena.reserve(65536), RangeError);
});

Deno.test("a part of an arena is the same memory, and reserves within the part only", () => {
  const arena = new Arena(65536, { shared: true });
  const offset = arena.reserve(256, 64);
  const part = Arena.partOf(arena.wasmMemory, offset, 256);
  const first = part.reserve(16), second = part.reserve(100, 64);
  assert(offset <= first && first + 16 <= second && second + 100 <= offset + 256);
  assert.throws(() => part.reserve(256), RangeError);
  part.memory.bytes[first] = 7;
  assert.equal(arena.memory.bytes[first], 7);
  const address = (arena: Arena) => Deno.UnsafePointer.value(arena.pointer(first));
  assert.equal(address(part), address(arena));
});

import assert from "node:assert/strict";
import { Arena } from "../../ffi/arena.ts";
import { ArenaPointers } from "../../ffi/arena_pointers.ts";
import { Bytes } from "../core/crypto/bytes.ts";

Deno.test("pointers of an arena are right however many places there are", () => {
  const arena = new Arena(1 << 24);
  const pointers = new ArenaPointers(arena);
  const base = Deno.UnsafePointer.value(arena.pointer(0));
  const random = new Bytes(1);
  for (let i = 0; i < 60_000; i++) {
    const offset = i < 10 ? i : random.below(1 << 24);
    assert.equal(Deno.UnsafePointer.value(pointers.at(offset)), base + BigInt(offset));
  }
});

Deno.test("pointers to places that come again aren't made again", () => {
  const arena = new Arena(1 << 20);
  let made = 0;
  const counting = new Proxy(arena, {
    get(target, name) {
      if (name !== "pointer") return Reflect.get(target, name);
      return (offset: number) => {
        made++;
        return target.pointer(offset);
      };
    },
  });
  const pointers = new ArenaPointers(counting);
  const places = Array.from({ length: 45 }, (_, i) => 65536 + 1456 * i);
  for (const place of places) pointers.at(place);
  const before = made;
  for (let round = 0; round < 100; round++) for (const place of places) pointers.at(place);
  assert.equal(made, before);
});

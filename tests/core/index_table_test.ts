import assert from "node:assert/strict";
import fc from "fast-check";
import type { Random } from "../../core/clock.ts";
import { IndexTable } from "../../core/index_table.ts";
import { Bytes } from "./crypto/bytes.ts";

/** Draws the given u32s one after the other. */
function drawing(...values: number[]): Random {
  return (target) => {
    const value = values.shift();
    assert.ok(value !== undefined, "drew more than expected");
    new DataView(target.buffer, target.byteOffset).setUint32(0, value, true);
  };
}

function randomOf(seed: number): Random {
  const bytes = new Bytes(seed);
  return (target) => target.set(bytes.take(target.length));
}

Deno.test("indices are the u32s that are drawn, and no others", () => {
  const values = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff];
  const table = new IndexTable<number>(drawing(...values));
  for (const value of values) assert.equal(table.allocate(value), value);
  for (const value of values) assert.equal(table.get(value), value);
  assert.equal(table.size, 5);
});

Deno.test("an index in use isn't given out again before it is released", () => {
  const table = new IndexTable<string>(drawing(7, 7, 7, 8, 7));
  assert.equal(table.allocate("a"), 7);
  assert.equal(table.allocate("b"), 8);
  assert.ok(table.release(7));
  assert.equal(table.allocate("c"), 7);
  assert.equal(table.get(7), "c");
});

Deno.test("only an index in use can be replaced or released", () => {
  const table = new IndexTable<string>(drawing(0xfffffffe));
  assert.ok(!table.replace(0xfffffffe, "a"));
  assert.equal(table.get(0xfffffffe), undefined);
  const index = table.allocate("a");
  assert.ok(table.replace(index, "b"));
  assert.equal(table.get(index), "b");
  assert.ok(table.release(index));
  assert.ok(!table.release(index));
  assert.equal(table.get(index), undefined);
});

Deno.test("the table behaves as a plain map under any operations", () => {
  const operation = fc.record({
    kind: fc.constantFrom("allocate", "replace", "release", "get"),
    pick: fc.nat(),
    owner: fc.nat(),
  });
  fc.assert(fc.property(fc.array(operation, { maxLength: 200 }), fc.nat(), (operations, seed) => {
    const table = new IndexTable<number>(randomOf(seed));
    const model = new Map<number, number>();
    const seen: number[] = [123];
    for (const { kind, pick, owner } of operations) {
      const index = seen[pick % seen.length] ?? 0;
      if (kind === "allocate") {
        const fresh = table.allocate(owner);
        assert.ok(!model.has(fresh));
        model.set(fresh, owner);
        seen.push(fresh);
      } else if (kind === "replace") {
        assert.equal(table.replace(index, owner), model.has(index));
        if (model.has(index)) model.set(index, owner);
      } else if (kind === "release") {
        assert.equal(table.release(index), model.delete(index));
      }
      assert.equal(table.get(index), model.get(index));
      assert.equal(table.size, model.size);
    }
    table.clear();
    assert.ok(seen.every((index) => table.get(index) === undefined));
  }));
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { DeadlineHeap, type HeapEntry } from "../../core/deadline_heap.ts";

function entries(count: number): HeapEntry[] {
  return Array.from({ length: count }, () => ({ deadline: Infinity, position: -1 }));
}

Deno.test("deadline heap: any sequence of changes leaves the earliest entry first", () => {
  const change = fc.record({
    entry: fc.nat(30),
    deadline: fc.oneof(fc.nat(20), fc.nat(1000), fc.constant(Infinity)),
  });
  fc.assert(fc.property(fc.array(change, { maxLength: 300 }), (changes) => {
    const heap = new DeadlineHeap<HeapEntry>();
    const all = entries(31);
    const expected = new Map<HeapEntry, number>();
    for (const { entry: at, deadline } of changes) {
      const entry = all[at];
      if (entry === undefined) continue;
      heap.schedule(entry, deadline);
      if (deadline === Infinity) expected.delete(entry);
      else expected.set(entry, deadline);
      assert.equal(heap.size, expected.size);
      assert.equal(heap.nextDeadline(), Math.min(Infinity, ...expected.values()));
      assert.equal(entry.deadline, deadline);
      assert.equal(entry.position < 0, deadline === Infinity);
    }
    const order: number[] = [];
    for (let first = heap.first(); first !== undefined; first = heap.first()) {
      order.push(first.deadline);
      heap.remove(first);
    }
    assert.deepEqual(order, [...expected.values()].sort((a, b) => a - b));
  }));
});

Deno.test("deadline heap: an empty one is never due", () => {
  const heap = new DeadlineHeap<HeapEntry>();
  const [entry] = entries(1);
  assert.ok(entry);
  assert.equal(heap.nextDeadline(), Infinity);
  assert.equal(heap.first(), undefined);
  heap.remove(entry);
  assert.equal(heap.size, 0);
});

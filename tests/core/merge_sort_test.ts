import assert from "node:assert/strict";
import fc from "fast-check";
import { mergeSort } from "../../core/merge_sort.ts";

/** Sorts to the end; gives what came out, and how many comparisons there were between two pauses at most. */
function sort<Item>(items: readonly Item[], compare: (a: Item, b: Item) => number) {
  let comparisons = 0, most = 0;
  const counting = (a: Item, b: Item) => {
    comparisons++;
    return compare(a, b);
  };
  const pause = () => {
    most = Math.max(most, comparisons);
    comparisons = 0;
  };
  const sorting = mergeSort([...items], counting, pause);
  for (;;) {
    const { value, done } = sorting.next();
    if (done) return { sorted: value, most: Math.max(most, comparisons) };
  }
}

Deno.test("a sort in steps gives what a sort at once does, equals in their order", () => {
  const items = fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer()), {
    maxLength: 2000,
    size: "max",
  });
  const byFirst = (a: readonly number[], b: readonly number[]) => (a[0] ?? 0) - (b[0] ?? 0);
  fc.assert(
    fc.property(items, (items) => {
      assert.deepEqual(sort(items, byFirst).sorted, items.toSorted(byFirst));
    }),
    { numRuns: 200 },
  );
});

Deno.test("a sort of very many pauses every now and then", () => {
  const items = Array.from({ length: 65_536 }, (_, i) => i * 7919 % 65_537);
  const { sorted, most } = sort(items, (a, b) => a - b);
  assert.ok(sorted.every((item, i) => i === 0 || (sorted[i - 1] ?? 0) < item));
  assert.ok(most <= 256, `${most} comparisons`);
});

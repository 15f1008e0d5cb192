import assert from "node:assert/strict";
import { quantile, summarize } from "./statistics.ts";

Deno.test("a summary has median, least, greatest and number of values", () => {
  assert.deepEqual(summarize([3, 1, 2]), { median: 2, min: 1, max: 3, count: 3 });
  assert.deepEqual(summarize([4, 1, 2, 3]), { median: 2.5, min: 1, max: 4, count: 4 });
  assert.deepEqual(summarize([7]), { median: 7, min: 7, max: 7, count: 1 });
});

Deno.test("there is no summary of nothing", () => assert.equal(summarize([]), null));

Deno.test("quantiles are interpolated, whatever the order", () => {
  const values = Array.from({ length: 101 }, (_, i) => 100 - i);
  assert.equal(quantile(values, 0), 0);
  assert.equal(quantile(values, 0.5), 50);
  assert.equal(quantile(values, 0.99), 99);
  assert.equal(quantile(values, 1), 100);
  assert.equal(quantile([10, 20], 0.25), 12.5);
});

Deno.test("numbers are sorted as numbers", () => assert.equal(quantile([9, 10, 1000], 0.5), 10));

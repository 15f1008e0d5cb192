import assert from "node:assert/strict";
import { formatUtc, isClockSet } from "../../core/wall_clock.ts";

Deno.test("times of day are written as ECMAScript writes them", () => {
  for (let time = 0; time < 8e12; time += 86_400_000 * 0.77) {
    const expected = new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
    assert.equal(formatUtc(time), expected);
  }
  assert.equal(formatUtc(Date.UTC(2024, 1, 29, 23, 59, 59, 999)), "2024-02-29T23:59:59Z");
});

Deno.test("a clock before 2020 was never set", () => {
  assert.equal(isClockSet(0), false);
  assert.equal(isClockSet(Date.UTC(2019, 11, 31)), false);
  assert.equal(isClockSet(Date.UTC(2020, 0, 1)), true);
});

import assert from "node:assert/strict";
import { MessageCounter } from "../../core/message_counter.ts";

function at(high: number, low: number): MessageCounter {
  const counter = new MessageCounter();
  counter.skipTo(high, low);
  return counter;
}

Deno.test("message counter: carries from the lower to the upper half, and at 2^53", () => {
  const steps: [from: [number, number], to: [number, number]][] = [
    [[0, 0], [0, 1]],
    [[0, 0x7fffffff], [0, 0x80000000]],
    [[0, 0xfffffffe], [0, 0xffffffff]],
    [[0, 0xffffffff], [1, 0]],
    [[0x1fffff, 0xffffffff], [0x200000, 0]],
    [[0x200000, 0], [0x200000, 1]],
    [[0x0fffffff, 0xffffffff], [0x10000000, 0]],
    [[0x7fffffff, 0xffffffff], [0x80000000, 0]],
    [[0xffffffff, 0xffffdffe], [0xffffffff, 0xffffdfff]],
  ];
  for (const [from, to] of steps) {
    const counter = at(...from);
    counter.increment();
    assert.deepEqual([counter.high, counter.low], to);
  }
});

Deno.test("message counter: compares by the upper half first", () => {
  assert.ok(at(1, 0).isAtLeast(0, 0xffffffff));
  assert.ok(!at(0, 0xffffffff).isAtLeast(1, 0));
  assert.ok(at(1, 5).isAtLeast(1, 5));
  assert.ok(!at(1, 4).isAtLeast(1, 5));
  assert.ok(at(0x80000000, 0).isAtLeast(0x7fffffff, 1));
});

Deno.test("message counter: never goes back", () => {
  const counter = at(1, 5);
  assert.equal(counter.skipTo(1, 5), false);
  assert.equal(counter.skipTo(0, 9), false);
  assert.deepEqual([counter.high, counter.low], [1, 5]);
  assert.equal(counter.skipTo(1, 6), true);
  assert.deepEqual([counter.high, counter.low], [1, 6]);
});

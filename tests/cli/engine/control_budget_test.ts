import assert from "node:assert/strict";
import { ControlBudget } from "../../../cli/engine/control_budget.ts";

const at = (boot: number) => ({ boot, wall: 0 });

Deno.test("control budget: a slice ends after a small part of a millisecond", () => {
  let time = 1000;
  const budget = new ControlBudget(() => time);
  budget.onPackets(at(1000));
  budget.begin(at(1000));
  assert.equal(budget.expired(), false);
  time += 0.04;
  assert.equal(budget.expired(), false);
  time += 0.06;
  assert.equal(budget.expired(), true);
  budget.begin(at(1000));
  assert.equal(budget.expired(), false);
});

Deno.test("control budget: a slice is longer when no packets flow, but ends within a millisecond", () => {
  let time = 1000;
  const budget = new ControlBudget(() => time);
  budget.onPackets(at(1000));
  budget.begin(at(1050));
  time += 0.3;
  assert.equal(budget.expired(), false);
  time += 0.6;
  assert.equal(budget.expired(), true);
});

Deno.test("control budget: slices are apart while packets flow, and only then", () => {
  const budget = new ControlBudget(() => 0);
  assert.equal(budget.pause(at(1000)), 0);
  budget.onPackets(at(1000));
  const pause = budget.pause(at(1000));
  assert.ok(pause > 0 && pause <= 0.2);
  assert.equal(budget.pause(at(1049)), pause);
  assert.equal(budget.pause(at(1050)), 0);
  budget.onPackets(at(2000));
  assert.equal(budget.pause(at(2010)), pause);
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { KeyReader } from "../../../core/top/keys.ts";
import { TopView } from "../../../core/top/view.ts";

const TYPED = "s\x1b[A\x1bOB\x1b[5~\x1b[6~ jk\x1b[H\x1bOF?\x0cq\x03\x1a";
const ACTIONS = [
  "sort",
  "up",
  "down",
  "page-up",
  "page-down",
  "page-down",
  "down",
  "up",
  "first",
  "last",
  "help",
  "redraw",
  "quit",
  "quit",
  "suspend",
];

Deno.test("keys are read however they are cut", () => {
  fc.assert(fc.property(fc.array(fc.nat(TYPED.length)), (cuts) => {
    const reader = new KeyReader();
    const places = [0, ...cuts.sort((a, b) => a - b), TYPED.length];
    const parts = places.map((at, i) => TYPED.slice(at, places[i + 1]));
    assert.deepEqual(parts.flatMap((part) => reader.read(part)), ACTIONS);
  }));
});

Deno.test("unknown keys do nothing, not even with the letters in them", () => {
  const reader = new KeyReader();
  assert.deepEqual(reader.read("xyz1日\x1b[1;5A\x1b[<0;33;12M\x1b[200~\x1b[15~\x1bOP"), []);
  assert.deepEqual(reader.read("\x1b"), []);
  // Escape by itself, and then a key: Alt and that key, as terminals send it.
  assert.deepEqual(reader.read("s"), ["sort"]);
});

Deno.test("keys: no input makes what is kept grow", () => {
  const reader = new KeyReader();
  for (let i = 0; i < 1000; i++) reader.read("\x1b[" + "1;".repeat(20));
  assert.deepEqual(reader.read("1Aq"), ["quit"]);
});

Deno.test("scrolling stays within the peers, whatever is typed", () => {
  const actions = fc.constantFrom("up", "down", "page-up", "page-down", "first", "last", "help");
  const steps = fc.tuple(fc.nat(100), fc.integer({ min: -3, max: 50 }), fc.array(actions));
  fc.assert(fc.property(fc.array(steps), (steps) => {
    const view = new TopView();
    for (const [count, page, actions] of steps) {
      for (const action of actions) view.act(action as "up");
      view.fit(count, page);
      assert.ok(view.page >= 1);
      assert.ok(view.offset >= 0 && view.offset <= Math.max(0, count - view.page));
    }
  }));
});

Deno.test("scrolling goes by lines, by pages and to the ends", () => {
  const view = new TopView();
  const after = (action: Parameters<TopView["act"]>[0]) => {
    view.act(action);
    view.fit(25, 10);
    return view.offset;
  };
  view.fit(25, 10);
  assert.equal(after("down"), 1);
  assert.equal(after("page-down"), 11);
  assert.equal(after("page-down"), 15);
  assert.equal(after("up"), 14);
  assert.equal(after("page-up"), 4);
  assert.equal(after("page-up"), 0);
  assert.equal(after("last"), 15);
  assert.equal(after("first"), 0);
});

Deno.test("help is shown until any key", () => {
  const view = new TopView();
  view.act("help");
  assert.equal(view.help, true);
  view.act("help");
  assert.equal(view.help, false);
  view.act("help");
  view.act("sort");
  assert.equal(view.help, false);
  assert.equal(view.order, "name");
});

import assert from "node:assert/strict";
import { isQuiet, shares } from "./quiet.ts";

Deno.test("shares are those of the time between two looks", () => {
  const before = { busy: 100, idle: 1000, steal: 10 };
  const after = { busy: 101, idle: 1002.5, steal: 10.5 };
  assert.deepEqual(shares(before, after), { busy: 0.25, steal: 0.125 });
  assert.deepEqual(shares(before, before), { busy: 0, steal: 0 });
});

Deno.test("work, stolen time and slowness are each enough for noise", () => {
  const quiet = { busy: 0.01, steal: 0, slowdown: 1.05 };
  assert.ok(isQuiet(quiet));
  assert.ok(!isQuiet({ ...quiet, busy: 0.5 }));
  assert.ok(!isQuiet({ ...quiet, steal: 0.1 }));
  assert.ok(!isQuiet({ ...quiet, slowdown: 1.5 }));
});

import "./bind_libc.ts";
import assert from "node:assert/strict";
import { SystemClock } from "../../ffi/clock.ts";

Deno.test("the wall clock is the one that Date reads", () => {
  const now = { boot: 0, wall: 0 };
  const before = Date.now();
  new SystemClock().read(now);
  const after = Date.now();
  assert(now.wall >= before && now.wall < after + 1, `${before} ${now.wall} ${after}`);
});

Deno.test("the boot clock is the kernel's uptime and never goes back", () => {
  const uptimeMs = () => Number(Deno.readTextFileSync("/proc/uptime").split(" ")[0]) * 1000;
  const clock = new SystemClock();
  const now = { boot: 0, wall: 0 };
  const before = uptimeMs();
  clock.read(now);
  // /proc/uptime counts hundredths of a second.
  assert(now.boot >= before && now.boot <= uptimeMs() + 10, `${before} ${now.boot}`);
  for (let i = 0; i < 1000; i++) {
    const earlier = now.boot;
    clock.read(now);
    assert(now.boot >= earlier);
  }
});

Deno.test("microseconds pass as they do for others, and are integers of 32 bits", () => {
  const clock = new SystemClock();
  const before = performance.now();
  const start = clock.microseconds();
  let earlier = start;
  for (;;) {
    const least = (performance.now() - before) * 1000;
    const time = clock.microseconds();
    assert((time | 0) === time);
    assert(((time - earlier) | 0) >= 0);
    earlier = time;
    const elapsed = (time - start) | 0;
    assert(elapsed >= least - 1000, `${elapsed} ${least}`);
    if (elapsed < 20_000) continue;
    assert(elapsed <= (performance.now() - before) * 1000 + 1000);
    break;
  }
});

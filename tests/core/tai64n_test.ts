import assert from "node:assert/strict";
import fc from "fast-check";
import { isLater, Tai64nClock, writeTimestamp } from "../../core/tai64n.ts";

function timestamp(tick: number): Uint8Array {
  const bytes = new Uint8Array(12);
  writeTimestamp(bytes, tick);
  return bytes;
}

function timestampAt(wall: number): string {
  return timestamp(new Tai64nClock().tick(wall)).toHex();
}

Deno.test("timestamps count from 2^62 + 10 and hide 24 bits of the nanoseconds", () => {
  assert.equal(timestampAt(0), "400000000000000a00000000");
  // 1,700,000,000.5 s: 0x6553f100 + 10, and 500,000,000 ns = 0x1dcd6500.
  assert.equal(timestampAt(1_700_000_000_500), "400000006553f10a1d000000");
  // 999 ms are 0x3b8b87c0 ns.
  assert.equal(timestampAt(1_700_000_000_999), "400000006553f10a3b000000");
});

Deno.test("timestamps carry into the upper half after the year 2106", () => {
  assert.equal(timestampAt((2 ** 32 - 10) * 1000), "400000010000000000000000");
});

Deno.test("timestamps tell whole seconds and nanoseconds with their low bits cleared", () => {
  fc.assert(fc.property(fc.nat(4_000_000_000_000), (wall) => {
    const seconds = BigInt(Math.floor(wall / 1000)) + 0x400000000000000an;
    const nanoseconds = BigInt(wall % 1000) * 1_000_000n & ~0xffffffn;
    const expected = (seconds << 32n | nanoseconds).toString(16).padStart(24, "0");
    assert.equal(timestampAt(wall), expected);
  }));
});

Deno.test("the clock never goes back", () => {
  fc.assert(fc.property(fc.array(fc.nat(2_000_000_000_000)), (walls) => {
    const clock = new Tai64nClock();
    let latest = 0;
    for (const wall of walls) {
      const tick = clock.tick(wall);
      assert.ok(tick >= latest);
      latest = tick;
    }
    const expected = new Tai64nClock().tick(Math.max(0, ...walls));
    assert.equal(latest, expected);
  }));
});

Deno.test("a time before 1970 counts as 1970", () => {
  assert.equal(timestampAt(-5), "400000000000000a00000000");
});

Deno.test("later ticks are later timestamps, also across the second", () => {
  const tick = new Tai64nClock().tick(1_700_000_000_000);
  for (let i = 0; i < 200; i++) {
    assert.ok(isLater(timestamp(tick + i + 1), timestamp(tick + i)));
    assert.ok(!isLater(timestamp(tick + i), timestamp(tick + i + 1)));
    assert.ok(!isLater(timestamp(tick + i), timestamp(tick + i)));
  }
});

Deno.test("timestamps compare byte by byte from the first", () => {
  for (let at = 0; at < 12; at++) {
    const low = new Uint8Array(12).fill(0x80), high = low.slice();
    low.fill(0xff, at + 1);
    high[at] = 0x81;
    high.fill(0, at + 1);
    assert.ok(isLater(high, low), `byte ${at}`);
    assert.ok(!isLater(low, high), `byte ${at}`);
  }
});

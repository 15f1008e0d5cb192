import assert from "node:assert/strict";
import fc from "fast-check";
import {
  REJECT_AFTER_MESSAGES_HIGH,
  REJECT_AFTER_MESSAGES_LOW,
  REPLAY_WINDOW_SIZE,
} from "../../core/constants.ts";
import { ReplayWindow } from "../../core/replay.ts";

const REJECT_AFTER_MESSAGES = BigInt(REJECT_AFTER_MESSAGES_HIGH) << 32n |
  BigInt(REJECT_AFTER_MESSAGES_LOW);
/** The first distance from the highest counter that is too far. */
const LIMIT = BigInt(REPLAY_WINDOW_SIZE) + 1n;

function accept(window: ReplayWindow, counter: bigint): boolean {
  return window.accept(Number(counter >> 32n), Number(counter & 0xffffffffn));
}

/** Expects that `counters` are accepted or not, in order, where each is [counter, accepted]. */
function expect(...counters: [counter: bigint, accepted: boolean][]): void {
  const window = new ReplayWindow();
  counters.forEach(([counter, accepted], i) => {
    assert.equal(accept(window, counter), accepted, `step ${i}: counter ${counter}`);
  });
}

/** Remembers all counters. */
class NaiveWindow {
  readonly #seen = new Set<bigint>();
  #highest = 0n;

  accept(counter: bigint): boolean {
    if (counter >= REJECT_AFTER_MESSAGES || this.#seen.has(counter)) return false;
    if (this.#highest - counter >= LIMIT) return false;
    this.#seen.add(counter);
    if (counter > this.#highest) this.#highest = counter;
    return true;
  }
}

Deno.test("replay: counters in order, out of order and twice", () => {
  expect(
    [0n, true],
    [0n, false],
    [1n, true],
    [1n, false],
    [9n, true],
    [8n, true],
    [7n, true],
    [
      7n,
      false,
    ],
    [8n, false],
    [9n, false],
    [2n, true],
    [2n, false],
  );
});

Deno.test("replay: the first counter need not be 0", () => {
  expect([5n, true], [0n, true], [0n, false], [5n, false]);
});

Deno.test("replay: the window ends 8128 behind the highest counter", () => {
  const high = LIMIT * 4n;
  expect(
    [LIMIT, true],
    [LIMIT - 1n, true],
    [LIMIT - 1n, false],
    [1n, true],
    [0n, false],
    [LIMIT + 16n, true],
    [16n, false],
    [17n, true],
    [LIMIT + 16n, false],
    [high, true],
    [high - LIMIT + 1n, true],
    [10n, false],
    [high - LIMIT, false],
    [high - LIMIT - 1n, false],
    [high - LIMIT + 2n, true],
    [high + 1n - LIMIT, false],
    [0n, false],
  );
});

Deno.test("replay: nothing is accepted from REJECT_AFTER_MESSAGES on", () => {
  const limit = REJECT_AFTER_MESSAGES;
  expect(
    [limit, false],
    [limit - 1n, true],
    [limit, false],
    [limit - 1n, false],
    [limit - 2n, true],
    [limit + 1n, false],
    [limit + 2n, false],
    [2n ** 64n - 1n, false],
    [limit - 2n, false],
    [limit - 3n, true],
    [0n, false],
  );
});

Deno.test("replay: a bit is not mistaken for the one 8192 earlier", () => {
  for (const jump of [8159n, 8160n, 8161n, 8191n, 8192n, 8193n, 16384n, 1n << 32n, 1n << 63n]) {
    const window = new ReplayWindow();
    for (let counter = 0n; counter < 64n; counter++) assert.ok(accept(window, counter));
    const highest = 63n + jump;
    assert.ok(accept(window, highest));
    for (let counter = highest - 8128n; counter < highest; counter++) {
      assert.equal(accept(window, counter), counter >= 64n, `${counter} after ${highest}`);
    }
  }
});

for (const exponent of [31n, 32n, 53n, 60n, 63n]) {
  Deno.test(`replay: the window works across 2^${exponent}`, () => {
    const middle = 1n << exponent;
    const window = new ReplayWindow();
    for (let counter = middle - 100n; counter < middle + 100n; counter += 2n) {
      assert.ok(accept(window, counter));
    }
    for (let counter = middle - 100n; counter < middle + 100n; counter++) {
      assert.equal(accept(window, counter), (counter & 1n) === 1n, String(counter));
      assert.equal(accept(window, counter), false);
    }
    assert.equal(accept(window, middle + 98n - LIMIT), false);
    assert.equal(accept(window, middle + 99n - LIMIT + 1n), true);
  });
}

Deno.test("replay: any sequence of counters is judged as by a set of all of them", () => {
  const starts = [0n, 1n << 31n, 1n << 32n, 1n << 53n, 1n << 60n, REJECT_AFTER_MESSAGES - 9000n];
  const step = fc.oneof(
    fc.bigInt({ min: -64n, max: 64n }),
    fc.bigInt({ min: -9000n, max: 9000n }),
    fc.constantFrom(-8129n, -8128n, -8127n, 8128n, 8160n, 8192n, 1n << 32n),
  );
  fc.assert(
    fc.property(fc.constantFrom(...starts), fc.array(step, { maxLength: 300 }), (start, steps) => {
      const window = new ReplayWindow();
      const naive = new NaiveWindow();
      let counter = start;
      for (const step of steps) {
        const next = counter + step;
        if (next < 0n || next >= 1n << 64n) continue;
        counter = next;
        assert.equal(accept(window, counter), naive.accept(counter), String(counter));
      }
    }),
    { numRuns: 300 },
  );
});

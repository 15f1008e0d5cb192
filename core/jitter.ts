import type { Random } from "./clock.ts";
import { REKEY_TIMEOUT_JITTER_MAX_MS } from "./constants.ts";

/**
 * Small random delays that keep two peers from acting in lockstep. They need not be unpredictable,
 * and packets ask for them: so a xorshift generator (Marsaglia 2003) serves, seeded once.
 */
export class Jitter {
  #state: number;

  constructor(random: Random) {
    const seed = new Uint8Array(4);
    random(seed);
    this.#state = new DataView(seed.buffer).getInt32(0) | 1;
  }

  /** Whole milliseconds from 0 to {@linkcode REKEY_TIMEOUT_JITTER_MAX_MS} - 1. */
  next(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return (state >>> 1) % REKEY_TIMEOUT_JITTER_MAX_MS;
  }
}

/**
 * The counter of the messages sent in one session, which is their nonce: a u64 as two u32, for
 * numbers end at 2^53. It only ever grows.
 */
export class MessageCounter {
  #high = 0;
  #low = 0;

  /** Upper half, u32. */
  get high(): number {
    return this.#high;
  }

  /** Lower half, u32. */
  get low(): number {
    return this.#low;
  }

  /** Adds one. */
  increment(): void {
    this.#low = (this.#low + 1) >>> 0;
    if (this.#low === 0) this.#high = (this.#high + 1) >>> 0;
  }

  /** Whether the counter is at least `high` * 2^32 + `low`. */
  isAtLeast(high: number, low: number): boolean {
    return this.#high > high || (this.#high === high && this.#low >= low);
  }

  /** Goes on at a later counter; false, and nothing changed, when it isn't later. */
  skipTo(high: number, low: number): boolean {
    if (this.isAtLeast(high, low)) return false;
    this.#high = high;
    this.#low = low;
    return true;
  }
}

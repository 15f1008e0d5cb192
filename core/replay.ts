import {
  REJECT_AFTER_MESSAGES_HIGH,
  REJECT_AFTER_MESSAGES_LOW,
  REPLAY_WINDOW_BITS,
  REPLAY_WINDOW_SIZE,
} from "./constants.ts";

const WORD_BITS = 32;
const WORDS = REPLAY_WINDOW_BITS / WORD_BITS;

/**
 * Remembers which counters of a session were received, so that each is accepted once (whitepaper
 * section 5.4.6): a ring of bits as in RFC 6479. Counters may come out of order by up to
 * {@linkcode REPLAY_WINDOW_SIZE}; what is further behind the highest one is taken for a replay.
 */
export class ReplayWindow {
  /** One bit per counter, at its value modulo the ring's size. Signed, to stay out of the heap. */
  readonly #ring = new Int32Array(WORDS);
  /** The highest counter accepted. */
  #highestHigh = 0;
  #highestLow = 0;

  /**
   * True the first time for a counter within the window, given as two u32. Call it with
   * authenticated counters only: it moves the window.
   */
  accept(high: number, low: number): boolean {
    if (high === REJECT_AFTER_MESSAGES_HIGH && low >= REJECT_AFTER_MESSAGES_LOW) return false;
    // Inexact beyond 2^53, where it is compared with small numbers only.
    const ahead = (high - this.#highestHigh) * 2 ** 32 + (low - this.#highestLow);
    if (ahead > 0) {
      this.#clearAhead(ahead);
      this.#highestHigh = high;
      this.#highestLow = low;
    } else if (-ahead > REPLAY_WINDOW_SIZE) {
      return false;
    }
    const at = (low / WORD_BITS) & (WORDS - 1);
    const word = this.#ring[at] ?? 0;
    const bit = 1 << (low % WORD_BITS);
    if ((word & bit) !== 0) return false;
    this.#ring[at] = word | bit;
    return true;
  }

  /** Clears the words that the ring reuses when the highest counter grows by `ahead`. */
  #clearAhead(ahead: number): void {
    if (ahead >= REPLAY_WINDOW_BITS) {
      this.#ring.fill(0);
      return;
    }
    const words = Math.floor((this.#highestLow % WORD_BITS + ahead) / WORD_BITS);
    const start = Math.floor(this.#highestLow / WORD_BITS);
    for (let i = 1; i <= words; i++) this.#ring[(start + i) & (WORDS - 1)] = 0;
  }
}

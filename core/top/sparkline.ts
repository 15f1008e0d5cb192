import type { Charset } from "../terminal_text.ts";

/** Samples that are kept of each peer. */
export const HISTORY_LENGTH = 60;

/** The last rates of a peer. */
export class History {
  /** The newest at the end; NaN for what was before the first. */
  readonly #rates = new Float32Array(HISTORY_LENGTH).fill(NaN);

  /** Adds the newest and forgets the oldest. */
  push(rate: number): void {
    this.#rates.copyWithin(0, 1);
    this.#rates[HISTORY_LENGTH - 1] = rate;
  }

  /**
   * The newest `columns` rates as bars, one column each, the highest of them as high as a bar can be.
   * Whatever is more than nothing is higher than nothing is.
   */
  sparkline(columns: number, { ramp }: Charset): string {
    const shown = this.#rates.subarray(Math.max(0, HISTORY_LENGTH - columns));
    let highest = 0;
    for (const rate of shown) if (rate > highest) highest = rate;
    let text = " ".repeat(Math.max(0, columns - HISTORY_LENGTH));
    for (const rate of shown) {
      if (Number.isNaN(rate)) text += " ";
      else text += ramp[rate === 0 ? 0 : Math.ceil(rate / highest * (ramp.length - 1))];
    }
    return text;
  }
}

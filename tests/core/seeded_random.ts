import type { Random } from "../../core/clock.ts";

/** A generator of good, fast and repeatable randomness (Marsaglia's xorshift128). */
export class SeededRandom {
  #x: number;
  #y = 362436069;
  #z = 521288629;
  #w = 88675123;

  constructor(seed: number) {
    this.#x = 123456789 ^ Math.imul(seed, 0x9e3779b1);
    for (let i = 0; i < 16; i++) this.u32();
  }

  u32(): number {
    const t = this.#x ^ (this.#x << 11);
    this.#x = this.#y;
    this.#y = this.#z;
    this.#z = this.#w;
    this.#w = (this.#w ^ (this.#w >>> 19)) ^ (t ^ (t >>> 8));
    return this.#w >>> 0;
  }

  /** An integer from 0 to `end` - 1. */
  below(end: number): number {
    return this.u32() % end;
  }

  /** True with a probability of `percent` / 100. */
  chance(percent: number): boolean {
    return this.u32() / 2 ** 32 * 100 < percent;
  }

  readonly fill: Random = (target) => {
    for (let i = 0; i < target.length; i++) target[i] = this.u32() >>> 16;
  };
}

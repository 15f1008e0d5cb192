import type { Now } from "../core/clock.ts";
import { check } from "./errno.ts";
import { CLOCK_BOOTTIME, CLOCK_MONOTONIC, CLOCK_REALTIME, TIMESPEC } from "./layout.ts";
import { libc } from "./libc.ts";

/**
 * The system's clocks, read without allocating: no function here returns a number with a fraction, which
 * V8 would put on the heap where it doesn't inline the function.
 */
export class SystemClock {
  readonly #timespec = new DataView(new ArrayBuffer(TIMESPEC.SIZE));
  readonly #pointer = Deno.UnsafePointer.of(this.#timespec);

  /** Overwrites both times of `now`. They have fractions: the clocks count nanoseconds. */
  read(now: Now): void {
    const time = this.#timespec;
    this.#read(CLOCK_BOOTTIME);
    now.boot = this.#seconds() * 1000 + time.getInt32(TIMESPEC.NANOSECONDS, true) / 1e6;
    this.#read(CLOCK_REALTIME);
    now.wall = this.#seconds() * 1000 + time.getInt32(TIMESPEC.NANOSECONDS, true) / 1e6;
  }

  /**
   * Microseconds since whenever, for measuring short times: it goes from 2^31 - 1 to -2^31, so the
   * difference of two is `(later - earlier) | 0`.
   */
  microseconds(): number {
    this.#read(CLOCK_MONOTONIC);
    const nanoseconds = this.#timespec.getInt32(TIMESPEC.NANOSECONDS, true);
    return (Math.imul(this.#seconds() | 0, 1_000_000) + nanoseconds / 1000) | 0;
  }

  #read(clock: number): void {
    check("read the clock", libc.clock_gettime(clock, this.#pointer));
  }

  /** Beyond 2038, when a clock of 32 bits would be at its end. */
  #seconds(): number {
    return this.#timespec.getUint32(TIMESPEC.SECONDS, true) +
      this.#timespec.getInt32(TIMESPEC.SECONDS + 4, true) * 2 ** 32;
  }
}

import type { Now } from "../core/clock.ts";
import { check } from "./errno.ts";
import { CLOCK_BOOTTIME, CLOCK_REALTIME, TIMESPEC } from "./layout.ts";
import { libc } from "./libc.ts";

/** The system's clocks, read without allocating. */
export class SystemClock {
  readonly #timespec = new DataView(new ArrayBuffer(TIMESPEC.SIZE));
  readonly #pointer = Deno.UnsafePointer.of(this.#timespec);

  /** Overwrites both times of `now`. They have fractions: the clocks count nanoseconds. */
  read(now: Now): void {
    now.boot = this.#milliseconds(CLOCK_BOOTTIME);
    now.wall = this.#milliseconds(CLOCK_REALTIME);
  }

  #milliseconds(clock: number): number {
    check("read the clock", libc.clock_gettime(clock, this.#pointer));
    const time = this.#timespec;
    const seconds = time.getUint32(TIMESPEC.SECONDS, true) +
      time.getInt32(TIMESPEC.SECONDS + 4, true) * 2 ** 32;
    return seconds * 1000 + time.getUint32(TIMESPEC.NANOSECONDS, true) / 1e6;
  }
}

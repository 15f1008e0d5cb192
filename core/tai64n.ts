/**
 * TAI64N timestamps (https://cr.yp.to/libtai/tai64.html#tai64n): 8 bytes of seconds and 4 bytes of
 * nanoseconds, big-endian, so that later ones are greater byte by byte.
 *
 * The low 24 bits of the nanoseconds are zero: what is left tells the time to 1/60 s, too coarse to
 * measure a host's clock or load from outside. Such a time is a "tick" here, 60 to each second.
 */

import { TIMESTAMP_SIZE } from "./constants.ts";

const HIDDEN_BITS = 24;
const TICKS_PER_SECOND = Math.ceil(1e9 / 2 ** HIDDEN_BITS);
/** The label of 1970-01-01 00:00:00 UTC is 2^62 + 10: TAI was 10 s ahead. Upper half of 2^62. */
const EPOCH_HIGH = 0x40000000;
const EPOCH_TAI_OFFSET = 10;

/** Turns wall time into ticks that never go back, even when the wall clock does. */
export class Tai64nClock {
  #latest = 0;

  /** The tick of `wall`, in milliseconds since 1970-01-01 UTC, or the latest one if that is later. */
  tick(wall: number): number {
    const seconds = Math.floor(wall / 1000);
    const nanoseconds = Math.floor((wall - seconds * 1000) * 1e6);
    const tick = seconds * TICKS_PER_SECOND + (nanoseconds >> HIDDEN_BITS);
    if (tick > this.#latest) this.#latest = tick;
    return this.#latest;
  }
}

/** Writes `tick` as a timestamp into the 12 bytes of `out`. */
export function writeTimestamp(out: Uint8Array, tick: number): void {
  const view = new DataView(out.buffer, out.byteOffset, TIMESTAMP_SIZE);
  const seconds = Math.floor(tick / TICKS_PER_SECOND) + EPOCH_TAI_OFFSET;
  view.setUint32(0, EPOCH_HIGH + Math.floor(seconds / 2 ** 32));
  view.setUint32(4, seconds % 2 ** 32);
  view.setUint32(8, (tick % TICKS_PER_SECOND) << HIDDEN_BITS);
}

/** True when the timestamp `a` is later than `b`. */
export function isLater(a: Uint8Array, b: Uint8Array): boolean {
  const left = new DataView(a.buffer, a.byteOffset, TIMESTAMP_SIZE);
  const right = new DataView(b.buffer, b.byteOffset, TIMESTAMP_SIZE);
  for (let at = 0; at < TIMESTAMP_SIZE; at += 4) {
    const difference = left.getUint32(at) - right.getUint32(at);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

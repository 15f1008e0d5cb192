/** A point in time by the two clocks that WireGuard needs. One object may be reused and overwritten. */
export interface Now {
  /** Milliseconds since boot, suspend included (CLOCK_BOOTTIME): ages and timers. */
  boot: number;
  /** Milliseconds since 1970-01-01 UTC (CLOCK_REALTIME): TAI64N and what is reported. */
  wall: number;
}

/** A source of random bytes: overwrites all of `target` with cryptographically strong randomness. */
export type Random = (target: Uint8Array) => void;

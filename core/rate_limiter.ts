import { HANDSHAKE_BURST, HANDSHAKES_PER_SECOND } from "./constants.ts";

const COST_MS = 1000 / HANDSHAKES_PER_SECOND;
const MAX_CREDIT_MS = COST_MS * HANDSHAKE_BURST;
/** A source that was silent for so long has full credit again, and may be forgotten. */
const EXPIRY_MS = 1_000;
/** Sources known at a time; about 2 MB when full. */
const MAX_SOURCES = 1 << 14;

/** What a source has left, in milliseconds: a message costs the time that its rate gives it. */
interface Bucket {
  credit: number;
  updatedAt: number;
}

/**
 * A token bucket for each source of handshake messages, for a device under load: 20 messages a
 * second, and 5 at once. A source is an IPv4 address or an IPv6 /64, for a host may have any number of
 * addresses in that.
 */
export class RateLimiter {
  /** Least recently used first, since each use moves a bucket to the end. */
  readonly #buckets = new Map<string, Bucket>();

  /** Number of sources known. */
  get size(): number {
    return this.#buckets.size;
  }

  /**
   * Whether a message from `address` (4 or 16 bytes) may be processed at `now` (boot time in
   * milliseconds). New sources are refused while too many are known.
   */
  allow(address: Uint8Array, now: number): boolean {
    this.expire(now);
    const source = sourceKey(address);
    let bucket = this.#buckets.get(source);
    if (bucket === undefined) {
      if (this.#buckets.size >= MAX_SOURCES) return false;
      bucket = { credit: MAX_CREDIT_MS, updatedAt: now };
    } else {
      this.#buckets.delete(source);
      bucket.credit = Math.min(MAX_CREDIT_MS, bucket.credit + now - bucket.updatedAt);
      bucket.updatedAt = now;
    }
    this.#buckets.set(source, bucket);
    if (bucket.credit < COST_MS) return false;
    bucket.credit -= COST_MS;
    return true;
  }

  /** Forgets sources that were silent for a second; constant time each. */
  expire(now: number): void {
    for (const [source, bucket] of this.#buckets) {
      if (now - bucket.updatedAt < EXPIRY_MS) return;
      this.#buckets.delete(source);
    }
  }
}

/** The IPv4 address or the IPv6 /64 as UTF-16 units: 2 of the one, 4 of the other. */
function sourceKey(address: Uint8Array): string {
  const view = new DataView(address.buffer, address.byteOffset, address.byteLength);
  const high = String.fromCharCode(view.getUint16(0), view.getUint16(2));
  if (address.length === 4) return high;
  return high + String.fromCharCode(view.getUint16(4), view.getUint16(6));
}

import type { Random } from "./clock.ts";

/**
 * Receiver indices in use: the u32 by which incoming messages name a handshake or session of ours.
 *
 * Indices are uniformly random, so that one off the path can neither guess nor count them. All
 * methods take constant time.
 */
export class IndexTable<T> {
  readonly #random: Random;
  readonly #bytes = new Uint8Array(4);
  readonly #view = new DataView(this.#bytes.buffer);
  /** Keyed by the index as int32: V8 keeps those unboxed, which transport data profits from. */
  readonly #owners = new Map<number, T>();

  /** An empty table that draws its indices from `random`. */
  constructor(random: Random) {
    this.#random = random;
  }

  /** Number of indices in use. */
  get size(): number {
    return this.#owners.size;
  }

  /** Returns a new index (u32) that is `owner`'s until it is released. */
  allocate(owner: T): number {
    for (;;) {
      this.#random(this.#bytes);
      const key = this.#view.getInt32(0, true);
      if (this.#owners.has(key)) continue;
      this.#owners.set(key, owner);
      return key >>> 0;
    }
  }

  /** The owner of `index`, or undefined when it isn't in use. */
  get(index: number): T | undefined {
    return this.#owners.get(index | 0);
  }

  /** Gives an index in use to another owner; false, and nothing changed, when it isn't in use. */
  replace(index: number, owner: T): boolean {
    const key = index | 0;
    if (!this.#owners.has(key)) return false;
    this.#owners.set(key, owner);
    return true;
  }

  /** Forgets `index`; false when it wasn't in use. */
  release(index: number): boolean {
    return this.#owners.delete(index | 0);
  }

  /** Forgets all indices. */
  clear(): void {
    this.#owners.clear();
  }
}

import { KEY_SIZE } from "./constants.ts";
import type { Memory } from "./memory.ts";

/** Bytes of one slot: the key to send with, then the key to receive with. */
export const KEY_SLOT_SIZE = 2 * KEY_SIZE;

/**
 * Fixed places for the keys of sessions, where the cryptography reads them and nothing else does.
 * A slot is overwritten when it is released, so that no copy of a key outlives its session.
 */
export class KeySlots {
  /** How many slots there are. */
  readonly capacity: number;
  readonly #memory: Memory;
  readonly #start: number;
  /** Offsets of released slots: a stack. */
  readonly #released: Int32Array;
  #releasedCount = 0;
  /** Slots never used so far begin here, counted in slots. */
  #unused = 0;

  /** `offset` and `length` in bytes of the region of `memory` to use. */
  constructor(memory: Memory, offset: number, length: number) {
    this.#memory = memory;
    this.#start = offset;
    this.capacity = Math.floor(length / KEY_SLOT_SIZE);
    this.#released = new Int32Array(this.capacity);
  }

  /** Returns the offset of a free slot, all zero; -1 when there is none. */
  allocate(): number {
    if (this.#releasedCount > 0) return this.#released[--this.#releasedCount] ?? -1;
    if (this.#unused === this.capacity) return -1;
    return this.#start + this.#unused++ * KEY_SLOT_SIZE;
  }

  /** Overwrites a slot and makes it free. */
  release(slot: number): void {
    this.#memory.bytes.fill(0, slot, slot + KEY_SLOT_SIZE);
    this.#released[this.#releasedCount++] = slot;
  }

  /** The key to send with in `slot`, in place. */
  sendKey(slot: number): Uint8Array {
    return this.#memory.bytes.subarray(slot, slot + KEY_SIZE);
  }

  /** The key to receive with in `slot`, in place. */
  receiveKey(slot: number): Uint8Array {
    return this.#memory.bytes.subarray(slot + KEY_SIZE, slot + KEY_SLOT_SIZE);
  }
}

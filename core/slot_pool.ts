import { secretBytes } from "./memory.ts";

/** Slots of one block: a block of peers' slots takes some kilobytes. */
const SLOTS_PER_BLOCK = 32;

/**
 * Slots of one size, for what a device keeps for each of its peers, secrets among it. They lie side by
 * side in few large arrays, since an array for each secret takes ten times its size; and these arrays
 * never move, so that what is overwritten is gone: see {@linkcode secretBytes}.
 *
 * A pool grows as it needs to. Its memory serves again, but is never given back.
 */
export class SlotPool {
  /** Bytes of a slot. */
  readonly slotSize: number;
  readonly #slotsPerBlock: number;
  readonly #blocks: Uint8Array[] = [];
  /** Released slots: a stack. */
  readonly #released: number[] = [];
  /** Slots from here on were never used. */
  #unused = 0;

  /** `slotSize` in bytes. */
  constructor(slotSize: number, slotsPerBlock: number = SLOTS_PER_BLOCK) {
    this.slotSize = slotSize;
    this.#slotsPerBlock = slotsPerBlock;
  }

  /** Returns the number of a free slot, all zero. */
  allocate(): number {
    const released = this.#released.pop();
    if (released !== undefined) return released;
    const slot = this.#unused++;
    if (slot % this.#slotsPerBlock === 0) {
      this.#blocks.push(secretBytes(this.slotSize * this.#slotsPerBlock));
    }
    return slot;
  }

  /** Overwrites a slot and makes it free. */
  release(slot: number): void {
    this.bytes(slot, 0, this.slotSize).fill(0);
    this.#released.push(slot);
  }

  /** The `length` bytes at `offset` of a slot, in place: don't keep them longer than the slot. */
  bytes(slot: number, offset: number, length: number): Uint8Array {
    const block = this.#blocks[Math.floor(slot / this.#slotsPerBlock)];
    if (block === undefined || offset + length > this.slotSize) {
      throw new RangeError(`No ${length} bytes at ${offset} of slot ${slot}`);
    }
    const start = (slot % this.#slotsPerBlock) * this.slotSize + offset;
    return block.subarray(start, start + length);
  }
}

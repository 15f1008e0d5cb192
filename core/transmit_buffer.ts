/**
 * Where datagrams to send are built: a bump allocator over one region of the device's memory.
 *
 * Everything in it lives until {@linkcode reset}, which is called once per turn, after the datagrams
 * in it were sent. Blocks are aligned to 16 bytes.
 */
export class TransmitBuffer {
  readonly #start: number;
  readonly #end: number;
  #next: number;
  #last: number;

  /** `offset` (16-byte aligned) and `length` in bytes of the region. */
  constructor(offset: number, length: number) {
    if (offset % ALIGNMENT !== 0) {
      throw new RangeError(`Cannot place a transmit buffer at ${offset}: must be 16-byte aligned`);
    }
    this.#start = offset;
    this.#end = offset + length;
    this.#next = offset;
    this.#last = offset;
  }

  /** Bytes that {@linkcode allocate} could still hand out in one block. */
  get available(): number {
    return this.#end - this.#next;
  }

  /** Bytes in use, the alignment between blocks included. */
  get used(): number {
    return this.#next - this.#start;
  }

  /** Returns the offset of `size` bytes, not zeroed and aligned to 16; -1 when they don't fit. */
  allocate(size: number): number {
    if (size > this.#end - this.#next) return -1;
    this.#last = this.#next;
    this.#next = Math.min(align(this.#next + size), this.#end);
    return this.#last;
  }

  /** Gives back the end of the block allocated last, whose first `size` bytes stay in use. */
  shrink(offset: number, size: number): void {
    if (offset !== this.#last) return;
    const next = align(offset + size);
    if (next < this.#next) this.#next = next;
  }

  /** Gives back the block allocated last; any other stays until {@linkcode reset}. */
  release(offset: number): void {
    if (offset === this.#last) this.#next = offset;
  }

  /** Frees all blocks at once. */
  reset(): void {
    this.#next = this.#start;
    this.#last = this.#start;
  }
}

const ALIGNMENT = 16;

function align(offset: number): number {
  return (offset + ALIGNMENT - 1) & -ALIGNMENT;
}

import { type Memory, memoryOf } from "../core/memory.ts";

const PAGE_SIZE = 65536;

/** Offset 0 is never handed out, so that it can't be mistaken for a region. */
const FIRST_OFFSET = 64;

/**
 * One block of memory of a fixed size and address, which system calls and WebAssembly work on in
 * place: packet buffers, message headers and key slots are regions of it, reserved once.
 */
export class Arena {
  /** The memory for WebAssembly modules to import. */
  readonly wasmMemory: WebAssembly.Memory;
  /** The same memory for the protocol core. */
  readonly memory: Memory;
  /** Size in bytes. */
  readonly size: number;
  readonly #base: bigint;
  readonly #baseLow: number;
  readonly #baseHigh: number;
  #reserved = FIRST_OFFSET;
  /** Where the part ends that is to be reserved from. */
  #end: number;

  /**
   * @param size bytes, rounded up to pages of 64 KiB
   * @param options `shared` makes it a SharedArrayBuffer, for use by several threads; `memory` is one that
   * exists already, instead of a new one of `size` bytes
   */
  constructor(size: number, options: { shared?: boolean; memory?: WebAssembly.Memory } = {}) {
    const pages = Math.ceil(size / PAGE_SIZE);
    // A memory that could grow would move, and every pointer into it would dangle.
    this.wasmMemory = options.memory ?? new WebAssembly.Memory({
      initial: pages,
      maximum: pages,
      shared: options.shared ?? false,
    });
    this.size = this.wasmMemory.buffer.byteLength;
    this.#end = this.size;
    this.memory = memoryOf(this.wasmMemory.buffer);
    const base = Deno.UnsafePointer.of(this.memory.bytes as Uint8Array<ArrayBuffer>);
    this.#base = BigInt(Deno.UnsafePointer.value(base));
    this.#baseLow = Number(this.#base & 0xffffffffn);
    this.#baseHigh = Number(this.#base >> 32n);
  }

  /**
   * The arena in `memory` for another thread, which may reserve from `size` bytes at `offset` only: those
   * are to be reserved in the arena that made the memory.
   */
  static partOf(memory: WebAssembly.Memory, offset: number, size: number): Arena {
    const arena = new Arena(0, { memory });
    arena.#reserved = offset;
    arena.#end = offset + size;
    return arena;
  }

  /**
   * Reserves a region for good and returns its offset.
   *
   * @param size bytes
   * @param alignment a power of two
   * @throws RangeError when the arena is full
   */
  reserve(size: number, alignment = 16): number {
    const offset = Math.ceil(this.#reserved / alignment) * alignment;
    if (offset + size > this.#end) {
      throw new RangeError(`The arena has no room for ${size} bytes more`);
    }
    this.#reserved = offset + size;
    return offset;
  }

  /** A pointer to `offset`. Takes about 100 ns: make pointers once and keep them. */
  pointer(offset: number): Deno.PointerObject {
    const pointer = Deno.UnsafePointer.create(this.#base + BigInt(offset));
    if (pointer === null) throw new RangeError("The arena has no address");
    return pointer;
  }

  /** Writes the address of `offset` (64 bits) to offset `at`, for iovecs and message headers. */
  writeAddress(at: number, offset: number): void {
    const low = (this.#baseLow + offset) >>> 0;
    this.memory.view.setUint32(at, low, true);
    this.memory.view.setUint32(
      at + 4,
      low < this.#baseLow ? this.#baseHigh + 1 : this.#baseHigh,
      true,
    );
  }
}

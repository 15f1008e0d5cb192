/** A block of bytes with both of its views: packets, headers and key slots live in it at fixed offsets. */
export interface Memory {
  /** The bytes; `bytes.buffer` may be a `WebAssembly.Memory`'s. */
  readonly bytes: Uint8Array;
  /** The same bytes, for multi-byte fields in any byte order. */
  readonly view: DataView;
}

/** Wraps `buffer` as a {@linkcode Memory}. */
export function memoryOf(buffer: ArrayBufferLike): Memory {
  return { bytes: new Uint8Array(buffer), view: new DataView(buffer) };
}

/**
 * Returns `size` zeroed bytes for a secret.
 *
 * V8 keeps typed arrays of up to 64 bytes inside its moving heap, where a collection may leave a copy
 * behind that no `fill(0)` reaches. A backing store of its own never moves.
 */
export function secretBytes(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(size));
}

/** Bytes of the blocks that {@linkcode pooledBytes} are parts of. */
const BLOCK_SIZE = 1024;
let block = new ArrayBuffer(BLOCK_SIZE), blockUsed = 0;

/**
 * Returns `size` zeroed bytes (1024 at most) of a block that others share, for what there may be very many
 * of: V8 makes a view of a block four times as fast as an array of its own. The block never moves either.
 */
export function pooledBytes(size: number): Uint8Array<ArrayBuffer> {
  if (blockUsed + size > BLOCK_SIZE) {
    block = new ArrayBuffer(BLOCK_SIZE);
    blockUsed = 0;
  }
  const bytes = new Uint8Array(block, blockUsed, size);
  blockUsed += size;
  return bytes;
}

// Comparisons whose time depends on the lengths only, never on the bytes.

/** True when `a` and `b` have the same length and bytes. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  // Both reads are within bounds: the fallbacks only satisfy the type checker.
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

/** True when `b` is what stands at `at` of `a`. */
export function equalAt(a: Uint8Array, at: number, b: Uint8Array): boolean {
  let difference = 0;
  for (let i = 0; i < b.length; i++) difference |= (a[at + i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

/** True when all of `bytes` are zero. */
export function isZero(bytes: Uint8Array): boolean {
  let any = 0;
  for (let i = 0; i < bytes.length; i++) any |= bytes[i] ?? 0;
  return any === 0;
}

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

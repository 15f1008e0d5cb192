/** Bytes of a block. The first ones are small: see PIECE_SIZE in uapi/long_answer.ts. */
const MIN_BLOCK_SIZE = 256, MAX_BLOCK_SIZE = 262_144;

/**
 * A text as bytes, which grows, and can be wiped, unlike a string. It is in blocks: to move it to
 * larger ones makes the garbage collector look for memory to give back.
 */
export class TextBuffer {
  readonly #blocks: Uint8Array[] = [];
  #block = new Uint8Array(0);
  /** Bytes of the last block that are in use. */
  #used = 0;
  /** Bytes of the other blocks. */
  #before = 0;

  /** Bytes that were appended. */
  get length(): number {
    return this.#before + this.#used;
  }

  /** Appends the bytes of `source` from `start` to `end`. */
  append(source: Uint8Array, start = 0, end: number = source.length): void {
    if (this.#used + end - start > this.#block.length) this.#addBlock(end - start);
    const block = this.#block;
    let to = this.#used;
    for (let from = start; from < end; from++) block[to++] = source[from] ?? 0;
    this.#used = to;
  }

  /** What was appended, in parts, valid until more is. */
  *parts(): Generator<Uint8Array, void, void> {
    yield* this.#blocks;
    yield this.#block.subarray(0, this.#used);
  }

  /** A copy of all that was appended. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.parts()) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  /** Overwrites all that it ever held, and empties it. */
  wipe(): void {
    for (const block of this.#blocks.splice(0)) block.fill(0);
    this.#block.fill(0);
    this.#before = this.#used = 0;
  }

  #addBlock(size: number): void {
    this.#blocks.push(this.#block.subarray(0, this.#used));
    this.#before += this.#used;
    const usual = Math.min(Math.max(MIN_BLOCK_SIZE, this.#before), MAX_BLOCK_SIZE);
    this.#block = new Uint8Array(Math.max(usual, size));
    this.#used = 0;
  }
}

/** An answer is handed out in parts of about so many bytes: each wakes up whoever reads it. */
const PART_SIZE = 65_536;
/** More than any chunk. */
const HEADROOM = 8192;

/** An answer of the control socket: small chunks, which may hold secrets, gathered into larger parts. */
export class Answer {
  readonly #chunks: Iterator<Uint8Array, void>;
  readonly #buffer = new Uint8Array(PART_SIZE + HEADROOM);
  #length = 0;
  #complete = false;

  /** Of chunks of a few kilobytes, each of which is valid until the next one is asked for. */
  constructor(chunks: Iterator<Uint8Array, void>) {
    this.#chunks = chunks;
  }

  /** Whether everything was handed out. */
  get done(): boolean {
    return this.#complete && this.#length === 0;
  }

  /** Makes one chunk. Gives the part that is complete by that, valid until the next call; or nothing. */
  proceed(): Uint8Array {
    const { value, done } = this.#chunks.next();
    if (done) {
      this.#complete = true;
    } else {
      this.#buffer.set(value, this.#length);
      this.#length += value.length;
    }
    if (!this.#complete && this.#length < PART_SIZE) return this.#buffer.subarray(0, 0);
    const part = this.#buffer.subarray(0, this.#length);
    this.#length = 0;
    return part;
  }

  /** Ends it, whether it was handed out or not. */
  end(): void {
    this.#chunks.return?.();
    this.#buffer.fill(0);
  }
}

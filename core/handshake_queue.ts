import type { Endpoint } from "./endpoint.ts";
import type { Memory } from "./memory.ts";
import { MAX_HANDSHAKE_SIZE } from "./noise/messages.ts";

/** How many handshake messages may wait. */
export const MAX_QUEUED_HANDSHAKES = 4096;

/**
 * Handshake messages that wait to be processed: a bounded ring of copies. How full it is tells
 * whether the device is under load. What comes when it is full is dropped.
 */
export class HandshakeQueue {
  readonly #messages = new Uint8Array(MAX_QUEUED_HANDSHAKES * MAX_HANDSHAKE_SIZE);
  readonly #lengths = new Uint8Array(MAX_QUEUED_HANDSHAKES);
  readonly #sources: (Endpoint | null)[] = new Array(MAX_QUEUED_HANDSHAKES).fill(null);
  #first = 0;
  #count = 0;

  /** How many messages wait. */
  get count(): number {
    return this.#count;
  }

  /** Whether nothing can be appended. */
  get full(): boolean {
    return this.#count === MAX_QUEUED_HANDSHAKES;
  }

  /** Appends a copy of the `length` (at most 148) bytes at `message`; false when the ring is full. */
  push(memory: Memory, message: number, length: number, source: Endpoint): boolean {
    if (this.full) return false;
    const at = (this.#first + this.#count) % MAX_QUEUED_HANDSHAKES;
    this.#messages.set(memory.bytes.subarray(message, message + length), at * MAX_HANDSHAKE_SIZE);
    this.#lengths[at] = length;
    this.#sources[at] = source;
    this.#count++;
    return true;
  }

  /** The oldest message, in place: valid until {@linkcode shift} and the next push. */
  firstMessage(): Uint8Array {
    const start = this.#first * MAX_HANDSHAKE_SIZE;
    return this.#messages.subarray(start, start + (this.#lengths[this.#first] ?? 0));
  }

  /** Where the oldest message came from; null when there is none. */
  firstSource(): Endpoint | null {
    return this.#count === 0 ? null : this.#sources[this.#first] ?? null;
  }

  /** Removes the oldest message. */
  shift(): void {
    if (this.#count === 0) return;
    this.#sources[this.#first] = null;
    this.#first = (this.#first + 1) % MAX_QUEUED_HANDSHAKES;
    this.#count--;
  }

  /** Removes all messages. */
  clear(): void {
    this.#sources.fill(null);
    this.#first = 0;
    this.#count = 0;
  }
}

/** DNS messages in a TCP stream: each behind its length in two bytes (RFC 1035 section 4.2.2). */

/** `message` as it is written to a stream. */
export function frameMessage(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const framed = new Uint8Array(2 + message.length);
  new DataView(framed.buffer).setUint16(0, message.length);
  framed.set(message, 2);
  return framed;
}

/** Puts messages together from what a stream brings. */
export class MessageReader {
  readonly #buffer = new Uint8Array(2 + 0xffff);
  #size = 0;

  /** Takes the next bytes; what is beyond the end of the largest message is dropped. */
  push(bytes: Uint8Array): void {
    const room = this.#buffer.subarray(this.#size);
    const taken = bytes.subarray(0, room.length);
    room.set(taken);
    this.#size += taken.length;
  }

  /** The next complete message, or null. It is valid until the next `push`. */
  next(): Uint8Array | null {
    if (this.#size < 2) return null;
    const end = 2 + new DataView(this.#buffer.buffer).getUint16(0);
    if (this.#size < end) return null;
    const message = this.#buffer.slice(2, end);
    this.#buffer.copyWithin(0, end, this.#size);
    this.#size -= end;
    return message;
  }
}

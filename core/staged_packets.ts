import { MAX_STAGED_PACKETS } from "./constants.ts";

/** Buffers grow in steps of this many bytes, so that the next packet fits into an old buffer. */
const BUFFER_STEP = 256;

/** One packet that waits, linked to its neighbours in its queue and among those of all queues. */
class StagedPacket {
  next: StagedPacket | null = null;
  older: StagedPacket | null = null;
  newer: StagedPacket | null = null;

  constructor(
    readonly queue: StagedQueue,
    readonly buffer: Uint8Array,
    readonly length: number,
  ) {}
}

/**
 * The packets that wait for one peer's session, oldest first. Changed by its pool only.
 *
 * @internal
 */
export class StagedQueue {
  /** Used by {@linkcode StagedPackets}. */
  head: StagedPacket | null = null;
  /** Used by {@linkcode StagedPackets}. */
  tail: StagedPacket | null = null;
  /** How many packets wait; 0 to {@linkcode MAX_STAGED_PACKETS}. */
  count = 0;
}

/**
 * Packets that wait for a session, of all peers of a device. Each peer has room for
 * {@linkcode MAX_STAGED_PACKETS}, all peers together for a number of bytes; the oldest packet goes
 * when either is exceeded. A queue that overflows all the time reuses its buffers.
 */
export class StagedPackets {
  readonly #maxBytes: number;
  #bytes = 0;
  #oldest: StagedPacket | null = null;
  #newest: StagedPacket | null = null;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of the buffers in use. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Appends a copy of `packet` to `queue`, and drops what has become too much. */
  push(queue: StagedQueue, packet: Uint8Array): void {
    let buffer: Uint8Array | null = null;
    if (queue.count === MAX_STAGED_PACKETS && queue.head !== null) {
      buffer = queue.head.buffer;
      this.#removeHead(queue.head);
    }
    const { length } = packet;
    if (buffer === null || buffer.length < length || buffer.length > 2 * length + BUFFER_STEP) {
      buffer = new Uint8Array(Math.ceil(length / BUFFER_STEP) * BUFFER_STEP);
    }
    buffer.set(packet);
    this.#append(new StagedPacket(queue, buffer, length));
    while (this.#bytes > this.#maxBytes && this.#oldest !== null) this.#removeHead(this.#oldest);
  }

  /** Bytes of the oldest packet of `queue`; -1 when it is empty. */
  nextLength(queue: StagedQueue): number {
    return queue.head === null ? -1 : queue.head.length;
  }

  /** Moves the oldest packet of `queue` to offset `to` of `target`; false when it is empty. */
  shift(queue: StagedQueue, target: Uint8Array, to: number): boolean {
    const packet = queue.head;
    if (packet === null) return false;
    target.set(packet.buffer.subarray(0, packet.length), to);
    this.#removeHead(packet);
    return true;
  }

  /** Drops all packets of `queue`. */
  clear(queue: StagedQueue): void {
    while (queue.head !== null) this.#removeHead(queue.head);
  }

  #append(packet: StagedPacket): void {
    const { queue } = packet;
    if (queue.tail === null) queue.head = packet;
    else queue.tail.next = packet;
    queue.tail = packet;
    queue.count++;
    packet.older = this.#newest;
    if (this.#newest === null) this.#oldest = packet;
    else this.#newest.newer = packet;
    this.#newest = packet;
    this.#bytes += packet.buffer.length;
  }

  /** Removes a packet, which is the head of its queue: the oldest of all is the oldest of its own. */
  #removeHead(packet: StagedPacket): void {
    const { queue, older, newer } = packet;
    queue.head = packet.next;
    if (queue.head === null) queue.tail = null;
    queue.count--;
    if (older === null) this.#oldest = newer;
    else older.newer = newer;
    if (newer === null) this.#newest = older;
    else newer.older = older;
    this.#bytes -= packet.buffer.length;
  }
}

import type { Peer } from "./peer.ts";

/**
 * IP packets for the interface, in order: authenticated, from an address that is their peer's,
 * trimmed to their IP length. Bounded; nothing is allocated per packet.
 */
export class PacketQueue {
  /** How many packets it holds at most. */
  readonly capacity: number;
  readonly #offsets: Int32Array;
  readonly #lengths: Int32Array;
  readonly #peers: (Peer | null)[];
  #count = 0;

  /** An empty queue that holds up to `capacity` packets. */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.#offsets = new Int32Array(capacity);
    this.#lengths = new Int32Array(capacity);
    this.#peers = new Array(capacity).fill(null);
  }

  /** How many packets are in it. */
  get count(): number {
    return this.#count;
  }

  /** Whether nothing can be appended. */
  get full(): boolean {
    return this.#count === this.capacity;
  }

  /** Appends a packet; false, and nothing changed, when the queue is full. */
  push(offset: number, length: number, peer: Peer): boolean {
    const at = this.#count;
    if (at === this.capacity) return false;
    this.#offsets[at] = offset;
    this.#lengths[at] = length;
    this.#peers[at] = peer;
    this.#count = at + 1;
    return true;
  }

  /**
   * Offset of packet `at` in the device's memory. The 16 bytes before it were the header of its
   * transport data message and may be overwritten.
   */
  offset(at: number): number {
    return this.#offsets[at] ?? 0;
  }

  /** Bytes of packet `at`. */
  length(at: number): number {
    return this.#lengths[at] ?? 0;
  }

  /** The peer that sent packet `at`. */
  peer(at: number): Peer | null {
    return this.#peers[at] ?? null;
  }

  /** Empties the queue. */
  clear(): void {
    this.#count = 0;
  }
}

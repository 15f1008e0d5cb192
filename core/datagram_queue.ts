import type { Endpoint } from "./endpoint.ts";
import type { Peer } from "./peer.ts";

/**
 * Datagrams to be sent, in order: bounded, and stored as one array per field so that nothing is
 * allocated per datagram. Positions run from 0 to {@linkcode count} - 1.
 */
export class DatagramQueue {
  /** How many datagrams it holds at most. */
  readonly capacity: number;
  readonly #offsets: Int32Array;
  readonly #lengths: Int32Array;
  readonly #endpoints: (Endpoint | null)[];
  readonly #peers: (Peer | null)[];
  #count = 0;

  /** An empty queue that holds up to `capacity` datagrams. */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.#offsets = new Int32Array(capacity);
    this.#lengths = new Int32Array(capacity);
    this.#endpoints = new Array(capacity).fill(null);
    this.#peers = new Array(capacity).fill(null);
  }

  /** How many datagrams are in it. */
  get count(): number {
    return this.#count;
  }

  /** Whether nothing can be appended. */
  get full(): boolean {
    return this.#count === this.capacity;
  }

  /** Appends a datagram; false, and nothing changed, when the queue is full. */
  push(offset: number, length: number, endpoint: Endpoint, peer: Peer | null): boolean {
    const at = this.#count;
    if (at === this.capacity) return false;
    this.#offsets[at] = offset;
    this.#lengths[at] = length;
    this.#endpoints[at] = endpoint;
    this.#peers[at] = peer;
    this.#count = at + 1;
    return true;
  }

  /** Offset of datagram `at` in the device's memory. */
  offset(at: number): number {
    return this.#offsets[at] ?? 0;
  }

  /** Bytes of datagram `at`: the whole UDP payload. */
  length(at: number): number {
    return this.#lengths[at] ?? 0;
  }

  /** Where datagram `at` goes. */
  endpoint(at: number): Endpoint | null {
    return this.#endpoints[at] ?? null;
  }

  /** The peer datagram `at` is for; null for a cookie reply, which is for nobody yet. */
  peer(at: number): Peer | null {
    return this.#peers[at] ?? null;
  }

  /** Empties the queue. */
  clear(): void {
    this.#count = 0;
  }
}

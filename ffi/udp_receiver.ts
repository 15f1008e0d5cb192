import type { Endpoint } from "../core/endpoint.ts";
import type { Memory } from "../core/memory.ts";
import type { Arena } from "./arena.ts";
import { CONTROL_SIZE, ReceivedControl } from "./control_message.ts";
import { EndpointCache } from "./endpoint_cache.ts";
import { Errno, errno } from "./errno.ts";
import { IOVEC, MMSGHDR, MSGHDR } from "./layout.ts";
import { libc } from "./libc.ts";
import { SOCKADDR_MAX_SIZE } from "./sockaddr.ts";

/** Bytes of a slot: the largest UDP payload, or what the kernel joins of several, fits. */
const SLOT_SIZE = 65536;
/** Slots of a batch at first, and at least: with so much in each, more would leave the cache again. */
const MIN_SLOTS = 8;
/** Bytes in a batch that is large enough. */
const LARGE_BATCH = 512 << 10;
/** A sockaddr, rounded up to a multiple of 8. */
const NAME_SIZE = 32;

/** Receives batches of datagrams into slots of the arena. Allocates only for senders not seen lately. */
export class UdpReceiver {
  /**
   * Whether the last {@linkcode receive} filled all slots that it had, so that more may wait: a batch has
   * few slots while the kernel joins datagrams, for their bytes are to stay in the processor's cache.
   */
  full = false;
  readonly #memory: Memory;
  readonly #maxSlots: number;
  readonly #headers: number;
  readonly #names: number;
  readonly #controls: number;
  readonly #buffers: number;
  readonly #headersPointer: Deno.PointerObject;
  readonly #control = new ReceivedControl();
  readonly #cache: EndpointCache;
  readonly #segmentSizes: Int32Array;
  readonly #endpoints: (Endpoint | null)[];
  /** How many slots the next batch has. */
  #slots: number;
  /** How many headers the kernel has changed. */
  #used: number;

  /** @param slots largest number of datagrams per batch; each takes 64 KiB of the arena */
  constructor(arena: Arena, slots: number) {
    this.#memory = arena.memory;
    this.#maxSlots = slots;
    this.#slots = Math.min(slots, MIN_SLOTS);
    this.#headers = arena.reserve(slots * MMSGHDR.SIZE);
    this.#names = arena.reserve(slots * NAME_SIZE);
    this.#controls = arena.reserve(slots * CONTROL_SIZE);
    const iovecs = arena.reserve(slots * IOVEC.SIZE);
    this.#buffers = arena.reserve(slots * SLOT_SIZE);
    this.#headersPointer = arena.pointer(this.#headers);
    this.#cache = new EndpointCache(arena.memory);
    this.#segmentSizes = new Int32Array(slots);
    this.#endpoints = new Array(slots).fill(null);
    this.#used = slots;
    for (let slot = 0; slot < slots; slot++) {
      const header = this.#headers + slot * MMSGHDR.SIZE;
      const iovec = iovecs + slot * IOVEC.SIZE;
      arena.writeAddress(header + MSGHDR.NAME, this.#names + slot * NAME_SIZE);
      arena.writeAddress(header + MSGHDR.IOV, iovec);
      this.#memory.view.setUint32(header + MSGHDR.IOV_LENGTH, 1, true);
      arena.writeAddress(header + MSGHDR.CONTROL, this.#controls + slot * CONTROL_SIZE);
      arena.writeAddress(iovec + IOVEC.BASE, this.#buffers + slot * SLOT_SIZE);
      this.#memory.view.setUint32(iovec + IOVEC.LENGTH, SLOT_SIZE, true);
    }
  }

  /**
   * Receives what waits at the nonblocking socket `fd`, one slot each. The slots of the call before
   * are overwritten.
   *
   * @returns the number of slots filled, 0 when nothing waits, or the negative error number
   */
  receive(fd: number): number {
    this.#resetHeaders();
    const count = libc.recvmmsg(fd, this.#headersPointer, this.#slots, 0, null);
    this.full = count === this.#slots;
    if (count < 0) {
      const number = errno();
      return number === Errno.EAGAIN || number === Errno.EINTR ? 0 : -number;
    }
    this.#used = count;
    const { view } = this.#memory;
    let bytes = 0;
    for (let slot = 0; slot < count; slot++) {
      bytes += this.length(slot);
      const controls = this.#controls + slot * CONTROL_SIZE;
      const header = this.#headers + slot * MMSGHDR.SIZE;
      this.#control.parse(view, controls, view.getUint32(header + MSGHDR.CONTROL_LENGTH, true));
      this.#segmentSizes[slot] = this.#control.segmentSize;
      const name = this.#names + slot * NAME_SIZE;
      this.#endpoints[slot] = this.#cache.lookup(name, this.#control.packetInfo);
    }
    this.#adapt(bytes);
    return count;
  }

  /** Offset of what slot `slot` received in the arena; 16-byte aligned. */
  offset(slot: number): number {
    return this.#buffers + slot * SLOT_SIZE;
  }

  /** Bytes in slot `slot`. */
  length(slot: number): number {
    return this.#memory.view.getUint32(this.#headers + slot * MMSGHDR.SIZE + MMSGHDR.LENGTH, true);
  }

  /**
   * Bytes of each datagram in slot `slot` but the last, which may be shorter; {@linkcode length} when
   * it holds one datagram.
   */
  segmentSize(slot: number): number {
    const size = this.#segmentSizes[slot] ?? 0;
    return size === 0 ? this.length(slot) : size;
  }

  /** Who sent slot `slot`, and to which local address; null when the address is of no known family. */
  endpoint(slot: number): Endpoint | null {
    return this.#endpoints[slot] ?? null;
  }

  /** Chooses the number of slots of the next batch after one of `bytes` bytes. */
  #adapt(bytes: number): void {
    if (bytes > LARGE_BATCH) {
      this.#slots = Math.max(this.#slots >> 1, Math.min(MIN_SLOTS, this.#maxSlots));
    } else if (this.full && bytes <= LARGE_BATCH / 2) {
      this.#slots = Math.min(this.#slots * 2, this.#maxSlots);
    }
  }

  /** Restores the sizes that the kernel replaced by what it wrote. */
  #resetHeaders(): void {
    const { view } = this.#memory;
    for (let slot = 0; slot < this.#used; slot++) {
      const header = this.#headers + slot * MMSGHDR.SIZE;
      view.setUint32(header + MSGHDR.NAME_LENGTH, SOCKADDR_MAX_SIZE, true);
      view.setUint32(header + MSGHDR.CONTROL_LENGTH, CONTROL_SIZE, true);
    }
    this.#used = 0;
  }
}

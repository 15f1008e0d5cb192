import type { Memory } from "../memory.ts";
import { TAG_SIZE, TRANSPORT_HEADER_SIZE, type TransportAead } from "./crypto.ts";
import { MAX_CHUNKS, MAX_ITEMS, type SharedBatchOwner } from "./shared_batch.ts";

/** What helpers are asked to do. */
export const SEAL = 1;
export const OPEN = 2;

/** Descriptors of batches: see {@linkcode TransportAead.sealBatch}. */
export const DESCRIPTOR_SIZE = 16;
const DESCRIPTOR_MESSAGE = 4;
const DESCRIPTOR_LENGTH = 8;
const DESCRIPTOR_RESULT = 12;

/** Apart from its data a message costs about as much as this many bytes. */
const MESSAGE_COST = 160;

/** When and how batches are shared. */
export interface PoolTuning {
  /** Fewer messages aren't worth telling anybody of. */
  minMessages: number;
  /** Nor are those that are soon done, in bytes of data. */
  minBytes: number;
  /**
   * Helpers that sleep are woken up for batches of so many bytes; without any awake, others aren't
   * shared.
   */
  wakeBytes: number;
  /** A few per thread: who began late or was held up then does fewer. */
  chunksPerThread: number;
  /** Messages of a chunk at least: the kernels weave each message into the next. */
  minChunk: number;
  /** How often to look whether others are done before sleeping: some microseconds. */
  spins: number;
  /** How long to sleep, in milliseconds, before asking whether the helper still exists. */
  waitMs: number;
  /** And how often before giving up: each counts as one, however long the machine stood still. */
  maxWaits: number;
}

/**
 * Measured: to share a batch takes 2 µs of the owner's time. To wake a helper takes it 5 to 10 µs, and the
 * helper is there 20 to 60 µs later. A message of 1420 bytes takes 0.4 to 1.2 µs.
 */
export const POOL_TUNING: PoolTuning = {
  minMessages: 16,
  minBytes: 32_768,
  wakeBytes: 262_144,
  chunksPerThread: 4,
  minChunk: 4,
  spins: 200,
  waitMs: 20,
  maxWaits: 1500,
};

/** What a pool can't know by itself of the threads that help. */
export interface PoolThreads {
  /** How many there are that compute, the owner included. */
  count: number;
  /** Whether the thread of helper `helper` has ended, which none does as long as all is well. */
  isGone(helper: number): boolean;
  /** Is told that `messages` messages were lost, because a helper failed. */
  lost(messages: number): void;
}

/**
 * A {@linkcode TransportAead} that shares its batches with other threads, by {@linkcode SharedBatchOwner}.
 * Small ones, and single messages, never leave this thread.
 */
export class PooledTransportAead implements TransportAead {
  readonly #own: TransportAead;
  readonly #memory: Memory;
  readonly #shared: SharedBatchOwner;
  readonly #threads: PoolThreads;
  readonly #tuning: PoolTuning;

  constructor(
    own: TransportAead,
    memory: Memory,
    shared: SharedBatchOwner,
    threads: PoolThreads,
    tuning: PoolTuning = POOL_TUNING,
  ) {
    this.#own = own;
    this.#memory = memory;
    this.#shared = shared;
    this.#threads = threads;
    this.#tuning = tuning;
  }

  seal(key: number, message: number, length: number): void {
    this.#own.seal(key, message, length);
  }

  open(key: number, message: number, length: number): boolean {
    return this.#own.open(key, message, length);
  }

  sealBatch(list: number, count: number): void {
    if (!this.#publish(SEAL, list, count)) return this.#own.sealBatch(list, count);
    const shared = this.#shared;
    for (let chunk = shared.claim(); chunk >= 0; chunk = shared.claim()) {
      this.#own.sealBatch(list + shared.first * DESCRIPTOR_SIZE, shared.count);
      shared.finish(chunk);
    }
    this.#settle(list);
  }

  openBatch(list: number, count: number): void {
    if (!this.#publish(OPEN, list, count)) return this.#own.openBatch(list, count);
    const shared = this.#shared;
    for (let chunk = shared.claim(); chunk >= 0; chunk = shared.claim()) {
      this.#own.openBatch(list + shared.first * DESCRIPTOR_SIZE, shared.count);
      shared.finish(chunk);
    }
    this.#settle(list);
  }

  /** Offers the batch to the helpers, if that is worth it. */
  #publish(operation: number, list: number, count: number): boolean {
    const { minMessages, minBytes, wakeBytes, chunksPerThread, minChunk } = this.#tuning;
    if (count < minMessages || count >= MAX_ITEMS) return false;
    const cost = this.#cost(list, count);
    const wake = cost >= wakeBytes;
    if (cost < minBytes || !wake && this.#shared.isAlone) return false;
    const chunks = Math.min(
      this.#threads.count * chunksPerThread,
      Math.ceil(count / minChunk),
      MAX_CHUNKS,
    );
    return this.#shared.publish(operation, list, count, chunks, wake);
  }

  /** In bytes. */
  #cost(list: number, count: number): number {
    const { view } = this.#memory;
    let cost = count * MESSAGE_COST;
    for (let at = list + DESCRIPTOR_LENGTH, left = count; left > 0; left--, at += DESCRIPTOR_SIZE) {
      cost += view.getInt32(at, true);
    }
    return cost;
  }

  /** Waits for the chunks that others have. */
  #settle(list: number): void {
    const shared = this.#shared;
    for (let chunk = 0; chunk < shared.chunks; chunk++) {
      for (let spins = 0, waits = 0;;) {
        const state = shared.state(chunk);
        if (state === "done") break;
        if (state === "failed") {
          this.#drop(list, chunk);
          break;
        }
        if (spins++ < this.#tuning.spins) continue;
        shared.wait(chunk, this.#tuning.waitMs);
        if (shared.state(chunk) !== "claimed") continue;
        if (this.#threads.isGone(shared.helperOf(chunk))) shared.giveUp(chunk);
        // Its memory can't be used again while it may still write there.
        else if (++waits === this.#tuning.maxWaits) {
          throw new Error("A crypto thread has stopped working");
        }
      }
    }
  }

  /**
   * Loses the messages of a chunk that nobody has done. What is to be sealed will be sent: nothing of
   * what was encrypted only in part, or not at all, may be in it.
   */
  #drop(list: number, chunk: number): void {
    const shared = this.#shared;
    const { view, bytes } = this.#memory;
    shared.select(chunk);
    for (let item = shared.first; item < shared.first + shared.count; item++) {
      const descriptor = list + item * DESCRIPTOR_SIZE;
      const data = view.getUint32(descriptor + DESCRIPTOR_MESSAGE, true) + TRANSPORT_HEADER_SIZE;
      const length = view.getUint32(descriptor + DESCRIPTOR_LENGTH, true);
      bytes.fill(0, data, data + length + TAG_SIZE);
      view.setUint32(descriptor + DESCRIPTOR_RESULT, 0, true);
    }
    this.#threads.lost(shared.count);
  }
}

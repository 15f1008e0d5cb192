import type { Crypto } from "../../core/crypto/crypto.ts";
import {
  POOL_TUNING,
  PooledTransportAead,
  type PoolThreads,
  type PoolTuning,
} from "../../core/crypto/pooled_transport_aead.ts";
import { SHARED_BATCH_WORDS, SharedBatchOwner } from "../../core/crypto/shared_batch.ts";
import type { Arena } from "../../ffi/arena.ts";
import { laterModule } from "../import_later.ts";
import { TRANSPORT_SCRATCH_SIZE } from "./transport_by_name.ts";

/** A part of the arena, in bytes. */
interface Region {
  offset: number;
  length: number;
}

/** What a crypto thread says when it is there. */
export interface HelperReady {
  /** Its thread id. */
  thread: number;
}

/** What a crypto thread is given to do. */
export interface HelperTask {
  /** The engine's arena. */
  memory: WebAssembly.Memory;
  /** Where the words of the shared batch are. */
  words: Region;
  /** The thread's number among so many. */
  helper: number;
  helpers: number;
  /** The implementation to use, and its memory. */
  backend: string;
  scratch: Region;
  /** How long to look for the next batch before going to sleep, in milliseconds. */
  spin: number;
}

interface Helper {
  worker: Worker;
  thread: number;
}

const SCRIPT = laterModule("engine/crypto_worker.ts");
/**
 * How long threads may take to come up. Those that take longer are done without. 40 ms are usual, but a
 * runtime that has to compile or check the sources first, on a busy machine, takes seconds; and a thread
 * that can't come up says so at once.
 */
const START_MS = 30_000;
/** An empty look at shared memory costs less than to be woken up, which takes 5 to 60 µs. */
const SPIN_MS = 0.05;
const ALIGNMENT = 128;

/**
 * Threads that help the engine to encrypt and decrypt.
 *
 * One thread, the owner, does all else: I/O, routing, counters, replay windows, timers. So nothing is
 * locked, packets stay in order, and also a single peer's packets are opened by all threads. Only the
 * AEAD leaves the owner's thread. It offers each large batch to the helpers, works with them until
 * nothing of it is left to begin, and waits for the chunks that they are still at.
 *
 * What that brings is limited by all else. Measured on one machine (Zen 4), in µs per packet of 1420
 * bytes with all offloads: the AEAD takes 0.44 by native code and 1.16 by WebAssembly; all else takes 0.7
 * when sending and about 1 when receiving. Sharing takes 2 µs of the owner's time per batch, which is
 * 0.01 per packet of a batch that is large enough. So n threads are faster than one, when sending, by
 *
 *     n            2     4     8    16    any number
 *     native      1.2   1.4   1.5   1.6   1.6
 *     WebAssembly 1.4   1.9   2.2   2.4   2.7
 *
 * if each has a core to itself. That is computed; measured are the batches: of 200 packets on two cores,
 * 1.3 to 1.9 times as fast by native code, 1.5 by WebAssembly. From four threads on another one brings
 * little. Beyond about 16 Gbit/s (sending) only a second owner would help, that is, a second interface.
 *
 * A helper costs 18 MB and 40 ms at the start, and 10 to 50 % more CPU time per byte. On a machine with
 * two cores, where the load takes one, two threads sent 15 % less than one by native code and 10 % more by
 * WebAssembly; with both ends of a TCP stream on it, 5 to 10 % less by native code. So there is no helper
 * unless it is asked for.
 *
 * Helpers have to be there before the engine is confined: seccomp then holds for them as well.
 */
export class CryptoPool {
  readonly #helpers: Helper[];
  #owner: SharedBatchOwner | null = null;

  private constructor(helpers: Helper[]) {
    this.#helpers = helpers;
  }

  /** Starts `threads` less one threads, the calling one being one of them. They run `script`. */
  static async start(threads: number, script: string | URL = SCRIPT): Promise<CryptoPool> {
    const started = await Promise.all(
      Array.from({ length: threads - 1 }, () => startHelper(script)),
    );
    return new CryptoPool(started.filter((helper) => helper !== null));
  }

  /** How many threads there are, the engine's own included. */
  get threads(): number {
    return this.#helpers.length + 1;
  }

  /** Bytes of the arena that {@linkcode share} takes. */
  get size(): number {
    const scratch = this.#helpers.length * (TRANSPORT_SCRATCH_SIZE + ALIGNMENT);
    return SHARED_BATCH_WORDS * 4 + ALIGNMENT + scratch;
  }

  /** Ends the threads; the batch that was last has to be complete. */
  stop(): void {
    this.#owner?.stop();
    for (const { worker } of this.#helpers) worker.terminate();
  }

  /**
   * What `crypto` computes for transport data in `arena`, a shared one, these threads share from now on.
   * `lost` is told how many messages were lost when a thread failed.
   */
  share<Kind extends Crypto>(
    crypto: Kind,
    arena: Arena,
    lost: (messages: number) => void,
    tuning: PoolTuning = POOL_TUNING,
  ): Kind {
    const helpers = this.#helpers.length;
    // The reference serves machines without SIMD; helpers don't load it.
    if (helpers === 0 || crypto.name === "noble") return crypto;
    const length = SHARED_BATCH_WORDS * 4;
    const words = { offset: arena.reserve(length, ALIGNMENT), length };
    const control = new Int32Array(arena.wasmMemory.buffer, words.offset, SHARED_BATCH_WORDS);
    const owner = this.#owner = new SharedBatchOwner(control, helpers);
    this.#helpers.forEach(({ worker }, helper) => {
      const task: HelperTask = {
        memory: arena.wasmMemory,
        words,
        helper,
        helpers,
        backend: crypto.name,
        scratch: {
          offset: arena.reserve(TRANSPORT_SCRATCH_SIZE, ALIGNMENT),
          length: TRANSPORT_SCRATCH_SIZE,
        },
        spin: SPIN_MS,
      };
      worker.postMessage(task);
    });
    const threads: PoolThreads = {
      count: this.threads,
      isGone: (helper) => !threadExists(this.#helpers[helper]?.thread ?? 0),
      lost,
    };
    const { memory } = arena;
    return {
      ...crypto,
      transport: new PooledTransportAead(crypto.transport, memory, owner, threads, tuning),
    };
  }
}

/** Starts a thread; null when it doesn't come up. */
function startHelper(script: string | URL): Promise<Helper | null> {
  const worker = new Worker(script, { type: "module" });
  return new Promise((resolve) => {
    const end = (helper: Helper | null) => {
      clearTimeout(timer);
      if (helper === null) worker.terminate();
      resolve(helper);
    };
    const timer = setTimeout(end, START_MS, null);
    worker.onmessage = ({ data }: MessageEvent<HelperReady>) => {
      end({ worker, thread: data.thread });
    };
    worker.onerror = (event) => {
      // An error that isn't prevented ends the process.
      event.preventDefault();
      end(null);
    };
  });
}

/** Whether a thread of this process exists; true when the system doesn't tell. */
function threadExists(thread: number): boolean {
  const exists = (thread: number) => {
    try {
      Deno.lstatSync(`/proc/self/task/${thread}`);
      return true;
    } catch {
      return false;
    }
  };
  return exists(thread) || !exists(Deno.pid);
}

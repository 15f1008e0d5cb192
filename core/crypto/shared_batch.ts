/**
 * How threads share the work of one batch: pieces ("chunks") of it are claimed by whoever is free, with
 * no lock and without anybody to hand them out.
 *
 * All state is in {@linkcode SHARED_BATCH_WORDS} 32-bit words of shared memory. The owner, the one thread
 * that has batches, describes a batch there, marks its chunks as free and publishes its generation. Any
 * thread takes a chunk by an atomic exchange of `generation, free` for `generation, itself`, and marks it
 * as done afterwards. The owner takes part, and goes on when all chunks are done: so it never depends on
 * helpers that are late, asleep or gone, but waits for those that are at work.
 *
 * A helper that was suspended at any point can harm no later batch. What it read about a batch it can
 * only use by claiming a chunk; that succeeds only while the batch of that generation still lacks this
 * chunk, and then it is the current one, which can't end without the helper. A generation's number is used
 * again only when every helper that isn't asleep has been seen since it was used last.
 */

/** What each of the words is for; those that different threads write are 128 bytes apart. */
const LINE = 32;
const PUBLISHED = 0;
const LIST = 1;
const WORK = 2;
const CHUNKS = LINE;
const SLEEPERS = 3 * LINE;
const WAITING = 4 * LINE;
const FIRST_SEEN = 5 * LINE;

/** Largest number of chunks of a batch. */
export const MAX_CHUNKS = 2 * LINE;
/** Largest number of helpers. */
export const MAX_HELPERS = 15;
/** How many words of shared memory, zero at first, the threads work with. */
export const SHARED_BATCH_WORDS: number = FIRST_SEEN + MAX_HELPERS * LINE;

// What WORK holds, from its lowest bit: whether to wake sleepers (1 bit), the operation (2 bits), the
// number of chunks, and that of items.
const OPERATION_SHIFT = 1;
const CHUNKS_SHIFT = 3;
const ITEMS_SHIFT = 10;
/** Largest number of items of a batch. */
export const MAX_ITEMS = 1 << (30 - ITEMS_SHIFT);

// What PUBLISHED and a chunk's word hold: a batch's generation in the upper bits, below them:
const STATE_BITS = 8;
const STATE_MASK = (1 << STATE_BITS) - 1;
const DONE = 0;
const FREE = 1;
const FAILED = 2;
/** And from here on the number of the thread that has it, the owner's being 0. */
const CLAIMED = 3;

/** How many generations there are: as many as make words of 30 bits, which V8 keeps off its heap. */
const GENERATIONS = 1 << (30 - STATE_BITS);
/** In PUBLISHED: there will be no more batches. */
const STOPPED = -1;

// What a helper's SEEN holds: the PUBLISHED word that it saw last, plus 1, or:
/** It knows of no batch: it is asleep, gone, or not there yet. */
const OUT = 0;
/** It has just woken up. */
const AWAKE = -1;

/** The operations on shared memory; those of `Atomics`, but for tests. */
export type AtomicOperations = Pick<
  typeof Atomics,
  "load" | "store" | "add" | "sub" | "compareExchange" | "wait" | "notify"
>;

/** How a chunk ended that another thread had. */
export type ChunkState = "done" | "failed" | "claimed";

/** What both sides have: the words, and the chunk they are at. */
class SharedBatch {
  protected readonly words: Int32Array;
  protected readonly atomics: AtomicOperations;
  /** The first item of the chunk that was claimed last. */
  first = 0;
  /** How many items it has. */
  count = 0;
  #items = 0;
  #chunks = 0;

  constructor(words: Int32Array, atomics: AtomicOperations = Atomics) {
    this.words = words;
    this.atomics = atomics;
  }

  /** How many chunks the batch has. */
  get chunks(): number {
    return this.#chunks;
  }

  /** Makes {@linkcode first} and {@linkcode count} tell of `chunk`. */
  select(chunk: number): void {
    this.first = Math.floor(chunk * this.#items / this.#chunks);
    this.count = Math.floor((chunk + 1) * this.#items / this.#chunks) - this.first;
  }

  protected setShape(items: number, chunks: number): void {
    this.#items = items;
    this.#chunks = chunks;
  }

  /** Wakes a helper up, if any sleeps. */
  protected wakeOne(): void {
    const { words, atomics } = this;
    if (atomics.load(words, SLEEPERS) > 0) atomics.notify(words, PUBLISHED, 1);
  }

  /** Takes chunk `chunk` of the batch `generation` for the thread `self`, when it is still free. */
  protected tryClaim(generation: number, chunk: number, self: number): boolean {
    const { words, atomics } = this;
    const free = generation + FREE;
    return atomics.load(words, CHUNKS + chunk) === free &&
      atomics.compareExchange(words, CHUNKS + chunk, free, generation + CLAIMED + self) === free;
  }
}

/** The side of the thread that has the batches. */
export class SharedBatchOwner extends SharedBatch {
  readonly #helpers: number;
  readonly #generations: number;
  #generation = 0;
  #next = 0;

  /**
   * @param words {@linkcode SHARED_BATCH_WORDS} of them
   * @param helpers how many helpers there are at most
   * @param generations how many numbers generations have, a power of 2
   */
  constructor(
    words: Int32Array,
    helpers: number,
    atomics: AtomicOperations = Atomics,
    generations: number = GENERATIONS,
  ) {
    super(words, atomics);
    this.#helpers = helpers;
    this.#generations = generations;
  }

  /**
   * Offers a batch of `items` items, in `chunks` chunks, to all threads: what to do (0 to 3), and a number
   * to find the items by. The batch before must have been settled. `wake` says whether helpers that sleep
   * are to be woken up: the owner wakes one, who wakes the next, while there are chunks left.
   *
   * False when the helpers can't be told, because one of them has been suspended for very many batches:
   * then the batch is the owner's alone.
   */
  publish(
    operation: number,
    list: number,
    items: number,
    chunks: number,
    wake: boolean,
  ): boolean {
    const { words, atomics } = this;
    const generation = this.#nextGeneration();
    if (generation < 0) return false;
    const work = items << ITEMS_SHIFT | chunks << CHUNKS_SHIFT | operation << OPERATION_SHIFT;
    atomics.store(words, LIST, list);
    atomics.store(words, WORK, wake ? work | 1 : work);
    for (let chunk = 0; chunk < chunks; chunk++) {
      atomics.store(words, CHUNKS + chunk, generation + FREE);
    }
    atomics.store(words, PUBLISHED, generation);
    this.setShape(items, chunks);
    this.#generation = generation;
    this.#next = 0;
    if (wake && chunks > 1) this.wakeOne();
    return true;
  }

  /** Whether all helpers sleep. */
  get isAlone(): boolean {
    return this.atomics.load(this.words, SLEEPERS) >= this.#helpers;
  }

  /** Claims a chunk: {@linkcode first} and {@linkcode count} tell which. -1 when none is left. */
  claim(): number {
    while (this.#next < this.chunks) {
      const chunk = this.#next++;
      if (!this.tryClaim(this.#generation, chunk, 0)) continue;
      this.select(chunk);
      return chunk;
    }
    return -1;
  }

  /** The chunk is done that the owner has claimed. */
  finish(chunk: number): void {
    this.atomics.store(this.words, CHUNKS + chunk, this.#generation + DONE);
  }

  /** How far a chunk is that isn't free any more. */
  state(chunk: number): ChunkState {
    const word = this.atomics.load(this.words, CHUNKS + chunk);
    if (word === this.#generation + DONE) return "done";
    return word === this.#generation + FAILED ? "failed" : "claimed";
  }

  /** The number, from 0, of the helper that has a chunk whose state is "claimed". */
  helperOf(chunk: number): number {
    return (this.atomics.load(this.words, CHUNKS + chunk) & STATE_MASK) - CLAIMED - 1;
  }

  /** Waits, for at most `milliseconds`, for the state of a claimed chunk to change. */
  wait(chunk: number, milliseconds: number): void {
    const { words, atomics } = this;
    const word = atomics.load(words, CHUNKS + chunk);
    if ((word & STATE_MASK) < CLAIMED) return;
    atomics.store(words, WAITING, 1);
    atomics.wait(words, CHUNKS + chunk, word, milliseconds);
    atomics.store(words, WAITING, 0);
  }

  /** Takes it that a claimed chunk will never be done: to be called when its helper exists no more. */
  giveUp(chunk: number): void {
    const { words, atomics } = this;
    atomics.store(words, FIRST_SEEN + this.helperOf(chunk) * LINE, OUT);
    atomics.store(words, CHUNKS + chunk, this.#generation + FAILED);
  }

  /** Tells the helpers to end. */
  stop(): void {
    this.atomics.store(this.words, PUBLISHED, STOPPED);
    this.atomics.notify(this.words, PUBLISHED);
  }

  /** The word of the next generation; -1 when a helper may still hold what it read of the same one. */
  #nextGeneration(): number {
    const { words, atomics } = this;
    const next = ((this.#generation >> STATE_BITS) + 1) % this.#generations;
    const half = this.#generations / 2;
    if (next % half === 0) {
      // Whoever wasn't seen in the half that ends now may still be in the one before.
      for (let helper = 0; helper < this.#helpers; helper++) {
        const seen = atomics.load(words, FIRST_SEEN + helper * LINE);
        if (seen === OUT) continue;
        const isRecent = seen !== AWAKE && (seen >> STATE_BITS) >= half === (next < half);
        if (!isRecent) return -1;
      }
    }
    return next << STATE_BITS;
  }
}

/** The side of a thread that helps. */
export class SharedBatchHelper extends SharedBatch {
  /** What to do, and what to find the items by: as {@linkcode SharedBatchOwner.publish} was told. */
  operation = 0;
  list = 0;
  readonly #self: number;
  readonly #seen: number;
  /** Where in a batch this thread begins, from 0 to 1. */
  readonly #begin: number;
  #generation = 0;
  #next = 0;
  #left = 0;
  #wake = false;

  /**
   * @param helper this thread's number among the helpers, from 0
   * @param helpers how many there are: each begins in a part of its own of a batch
   */
  constructor(
    words: Int32Array,
    helper: number,
    helpers: number,
    atomics: AtomicOperations = Atomics,
  ) {
    super(words, atomics);
    this.#self = helper + 1;
    this.#seen = FIRST_SEEN + helper * LINE;
    this.#begin = (helper + 1) / (helpers + 1);
    atomics.store(words, this.#seen, AWAKE);
  }

  /** Learns of the batch that was published last. False when there will be no more. */
  look(): boolean {
    const { words, atomics } = this;
    const generation = atomics.load(words, PUBLISHED);
    atomics.store(words, this.#seen, generation + 1);
    this.#generation = generation;
    if (generation === STOPPED) return false;
    // Both may be of a later batch, or of two: then no chunk of this generation is left to claim.
    this.list = atomics.load(words, LIST);
    const work = atomics.load(words, WORK);
    const chunks = work >> CHUNKS_SHIFT & (1 << ITEMS_SHIFT - CHUNKS_SHIFT) - 1;
    this.operation = work >> OPERATION_SHIFT & (1 << CHUNKS_SHIFT - OPERATION_SHIFT) - 1;
    this.setShape(work >> ITEMS_SHIFT, chunks);
    this.#wake = (work & 1) !== 0;
    this.#next = Math.floor(chunks * this.#begin);
    this.#left = chunks;
    return true;
  }

  /** Claims a chunk: {@linkcode first} and {@linkcode count} tell which. -1 when none is left. */
  claim(): number {
    while (this.#left-- > 0) {
      const chunk = this.#next;
      this.#next = chunk + 1 < this.chunks ? chunk + 1 : 0;
      if (!this.tryClaim(this.#generation, chunk, this.#self)) continue;
      this.select(chunk);
      if (this.#wake && this.#left > 0) this.wakeOne();
      this.#wake = false;
      return chunk;
    }
    return -1;
  }

  /** The chunk is done that this thread has claimed. */
  finish(chunk: number): void {
    this.#end(chunk, DONE);
  }

  /** This thread can't do the chunk that it has claimed, nor any more. */
  fail(chunk: number): void {
    this.#end(chunk, FAILED);
    this.atomics.store(this.words, this.#seen, OUT);
  }

  /** Whether something was published since {@linkcode look}. */
  get hasNews(): boolean {
    return this.atomics.load(this.words, PUBLISHED) !== this.#generation;
  }

  /** Sleeps until there is something new, and this thread is woken up. */
  sleep(): void {
    const { words, atomics } = this;
    atomics.store(words, this.#seen, OUT);
    atomics.add(words, SLEEPERS, 1);
    atomics.wait(words, PUBLISHED, this.#generation);
    atomics.sub(words, SLEEPERS, 1);
    atomics.store(words, this.#seen, AWAKE);
  }

  #end(chunk: number, state: typeof DONE | typeof FAILED): void {
    const { words, atomics } = this;
    atomics.store(words, CHUNKS + chunk, this.#generation + state);
    if (atomics.load(words, WAITING) !== 0) atomics.notify(words, CHUNKS + chunk);
  }
}

/** What a helper runs: it returns when the owner stops it, and throws what `compute` throws. */
export function help(
  helper: SharedBatchHelper,
  compute: (operation: number, list: number, first: number, count: number) => void,
  /** Waits a little for news, and tells whether there are any. */
  awaitNews: (helper: SharedBatchHelper) => boolean,
): void {
  while (helper.look()) {
    for (let chunk = helper.claim(); chunk >= 0; chunk = helper.claim()) {
      try {
        compute(helper.operation, helper.list, helper.first, helper.count);
      } catch (error) {
        helper.fail(chunk);
        throw error;
      }
      helper.finish(chunk);
    }
    if (!awaitNews(helper)) helper.sleep();
  }
}

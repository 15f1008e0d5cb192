import type { Arena } from "./arena.ts";
import { Errno, errno, SysError } from "./errno.ts";
import { POLLFD, TIMESPEC } from "./layout.ts";
import { libc } from "./libc.ts";

/** Longest finite wait, in microseconds: 35 minutes. */
export const MAX_WAIT_MICROSECONDS = 0x7fffffff;

/** A fixed number of file descriptors that one ppoll(2) waits for. Waiting allocates nothing. */
export class PollSet {
  readonly #view: DataView;
  readonly #capacity: number;
  readonly #entries: number;
  readonly #timeout: number;
  readonly #entriesPointer: Deno.PointerObject;
  readonly #timeoutPointer: Deno.PointerObject;
  /** Entries from here on are unused. The kernel isn't shown those: up to 30 it needs no memory for. */
  #end = 0;

  /** @param capacity number of entries; all are unused at first */
  constructor(arena: Arena, capacity: number) {
    this.#view = arena.memory.view;
    this.#capacity = capacity;
    this.#entries = arena.reserve(capacity * POLLFD.SIZE);
    this.#timeout = arena.reserve(TIMESPEC.SIZE);
    this.#entriesPointer = arena.pointer(this.#entries);
    this.#timeoutPointer = arena.pointer(this.#timeout);
    for (let index = 0; index < capacity; index++) this.clear(index);
  }

  /** Lets entry `index` wait for `events` (POLLIN, POLLOUT) on `fd`. With fd -1 it is unused. */
  set(index: number, fd: number, events: number): void {
    const entry = this.#entry(index);
    this.#view.setInt32(entry + POLLFD.FD, fd, true);
    this.#view.setInt16(entry + POLLFD.EVENTS, events, true);
    this.#view.setInt16(entry + POLLFD.REVENTS, 0, true);
    if (fd >= 0) {
      this.#end = Math.max(this.#end, index + 1);
      return;
    }
    while (this.#end > 0 && this.#isUnused(this.#end - 1)) this.#end--;
  }

  /** Makes entry `index` unused. */
  clear(index: number): void {
    this.set(index, -1, 0);
  }

  /**
   * Waits until an entry is ready.
   *
   * @param timeoutMs milliseconds; 0 or less only looks, Infinity waits for good
   * @returns the number of ready entries; 0 after the time, and when a signal interrupted
   * @throws SysError when ppoll fails
   */
  wait(timeoutMs: number): number {
    return this.waitMicroseconds(toMicroseconds(timeoutMs));
  }

  /**
   * The same with an integer, which V8 doesn't put on the heap as it does a number with a fraction.
   *
   * @param timeout microseconds as {@linkcode toMicroseconds} gives them; negative waits for good
   */
  waitMicroseconds(timeout: number): number {
    const ready = timeout < 0
      ? libc.ppoll(this.#entriesPointer, this.#end, null, null)
      : this.#waitFor(timeout);
    if (ready >= 0) return ready;
    const number = errno();
    // Its other errors are mistakes of the caller. ENOMEM passes, and a garbage collection may have changed
    // errno, which then is anybody's.
    if (number === Errno.EINVAL || number === Errno.EFAULT) {
      throw new SysError("wait for events (ppoll)", number);
    }
    // A ppoll that failed leaves the events of the call before.
    for (let index = 0; index < this.#end; index++) {
      this.#view.setInt16(this.#entry(index) + POLLFD.REVENTS, 0, true);
    }
    return 0;
  }

  /** What entry `index` is ready for since the last {@linkcode wait}: POLLIN, POLLERR, …; 0 nothing. */
  ready(index: number): number {
    return this.#view.getInt16(this.#entry(index) + POLLFD.REVENTS, true);
  }

  #waitFor(timeout: number): number {
    const seconds = Math.floor(timeout / 1e6);
    const nanoseconds = (timeout - seconds * 1e6) * 1000;
    this.#view.setUint32(this.#timeout + TIMESPEC.SECONDS, seconds, true);
    this.#view.setUint32(this.#timeout + TIMESPEC.SECONDS + 4, 0, true);
    this.#view.setUint32(this.#timeout + TIMESPEC.NANOSECONDS, nanoseconds, true);
    this.#view.setUint32(this.#timeout + TIMESPEC.NANOSECONDS + 4, 0, true);
    return libc.ppoll(this.#entriesPointer, this.#end, this.#timeoutPointer, null);
  }

  #isUnused(index: number): boolean {
    return this.#view.getInt32(this.#entry(index) + POLLFD.FD, true) < 0;
  }

  #entry(index: number): number {
    if (index < 0 || index >= this.#capacity) throw new RangeError(`No poll entry ${index}`);
    return this.#entries + index * POLLFD.SIZE;
  }
}

/**
 * What {@linkcode PollSet.waitMicroseconds} takes for a time in milliseconds: rounded up, but not beyond
 * {@linkcode MAX_WAIT_MICROSECONDS}, so that a longer wait ends early; -1 for Infinity.
 */
export function toMicroseconds(milliseconds: number): number {
  if (milliseconds === Infinity) return -1;
  return Math.ceil(Math.min(Math.max(0, milliseconds * 1000), MAX_WAIT_MICROSECONDS)) | 0;
}

import { check, checkNumber } from "./errno.ts";
import {
  SFD_CLOEXEC,
  SFD_NONBLOCK,
  SIG_BLOCK,
  SIG_SETMASK,
  SIGACTION,
  SIGNALFD_SIGINFO,
  SIGSET_SIZE,
} from "./layout.ts";
import { libc } from "./libc.ts";

/** A set of signals as the C library stores it (sigset_t). */
export type SignalSet = Uint8Array<ArrayBuffer>;

const SIG_IGN = 1n;

/** The set of `signals`, given by number. */
export function signalSet(signals: readonly number[]): SignalSet {
  const set = new Uint8Array(SIGSET_SIZE);
  for (const signal of signals) {
    const bit = signal - 1;
    set[bit >> 3] = (set[bit >> 3] ?? 0) | 1 << (bit & 7);
  }
  return set;
}

/**
 * Blocks `signals` on this thread and in the programs that it executes or spawns from now on; threads
 * that run already still receive them. A blocked signal waits until it is read by a {@linkcode SignalFd}.
 *
 * @returns the set that was blocked before, for {@linkcode setBlockedSignals}
 */
export function blockSignals(signals: readonly number[]): SignalSet {
  const before = signalSet([]);
  checkNumber("block signals", libc.pthread_sigmask(SIG_BLOCK, signalSet(signals), before));
  return before;
}

/** Blocks exactly the signals of `set` on this thread. */
export function setBlockedSignals(set: SignalSet): void {
  checkNumber("set the blocked signals", libc.pthread_sigmask(SIG_SETMASK, set, null));
}

/**
 * Makes the whole process ignore `signal`.
 *
 * The runtime may decide otherwise later: once its event loop runs, `deno run` catches SIGUSR1 and opens
 * a debugger's port on it. Only a process that was started with a signal blocked is safe from it.
 */
export function ignoreSignal(signal: number): void {
  libc.signal(signal, Deno.UnsafePointer.create(SIG_IGN));
}

/**
 * Runs `act` while each of `signals` that this process handles has its default action instead; those that
 * it ignores stay ignored.
 */
export function withDefaultActions(signals: readonly number[], act: () => void): void {
  const byDefault = new Uint8Array(SIGACTION.SIZE);
  const handled: { readonly signal: number; readonly action: Uint8Array<ArrayBuffer> }[] = [];
  try {
    for (const signal of signals) {
      const action = new Uint8Array(SIGACTION.SIZE);
      check("read the action of a signal", libc.sigaction(signal, null, action));
      const handler = new DataView(action.buffer).getBigUint64(SIGACTION.HANDLER, true);
      if (handler === SIG_IGN) continue;
      check("set the action of a signal", libc.sigaction(signal, byDefault, null));
      handled.push({ signal, action });
    }
    act();
  } finally {
    for (const { signal, action } of handled) {
      check("set the action of a signal", libc.sigaction(signal, action, null));
    }
  }
}

/** Receives blocked signals as data: poll {@linkcode fd}, and then {@linkcode read}. */
export class SignalFd {
  readonly #info = new DataView(new ArrayBuffer(SIGNALFD_SIGINFO.SIZE));

  /** Nonblocking, closed on exec. */
  readonly fd: number;

  /**
   * @param signals must be blocked on all threads of the process, which they are when it was started so
   */
  constructor(signals: readonly number[]) {
    this.fd = check(
      "receive signals",
      libc.signalfd(-1, signalSet(signals), SFD_NONBLOCK | SFD_CLOEXEC),
    );
  }

  /** The number of the next signal; 0 when none waits. */
  read(): number {
    const count = libc.read(this.fd, this.#info, SIGNALFD_SIGINFO.SIZE);
    return count === SIGNALFD_SIGINFO.SIZE ? this.#info.getUint32(SIGNALFD_SIGINFO.SIGNO, true) : 0;
  }

  close(): void {
    libc.close(this.fd);
  }
}

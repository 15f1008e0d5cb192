import { ignoreSignal } from "../../ffi/signal.ts";
import { Interruption } from "./session.ts";

/** Signals that end `up` and `down`, and their numbers. */
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Turns the signals that ask a process to end into an abort with an {@linkcode Interruption}. SIGHUP and
 * SIGINT stay ignored where this process was started so: by nohup(1), or by a script with `&`.
 */
export class Interruptions implements Disposable {
  readonly #controller = new AbortController();
  readonly #ignored = ignoredSignals();
  readonly #listeners = Object.entries(SIGNALS).map(([name, number]) => {
    const signal = name as keyof typeof SIGNALS;
    const listener = () => this.#controller.abort(new Interruption(signal, 128 + number));
    Deno.addSignalListener(signal, listener);
    return { signal, listener };
  });

  constructor() {
    // Only now: with the first listener the runtime takes all of these signals for its own.
    for (const number of [SIGNALS.SIGHUP, SIGNALS.SIGINT]) {
      if ((this.#ignored >> BigInt(number - 1) & 1n) === 1n) ignoreSignal(number);
    }
  }

  /** Aborted at the first of those signals. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Leaves the signals alone again. */
  [Symbol.dispose](): void {
    for (const { signal, listener } of this.#listeners) Deno.removeSignalListener(signal, listener);
  }
}

/** The signals that this process ignores, as bits, the lowest for signal 1 (proc(5)). */
function ignoredSignals(): bigint {
  const status = Deno.readTextFileSync("/proc/self/status");
  return BigInt(`0x${/^SigIgn:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
}

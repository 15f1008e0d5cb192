import { ignoreSignal } from "../../ffi/signal.ts";
import { ignoredSignals } from "./ignored_signals.ts";
import { Interruption } from "./session.ts";

/** Signals that can end a command, and their numbers. */
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 } as const;

type EndSignal = keyof typeof SIGNALS;

/** Those that end `up` and `down`. */
const USUAL: readonly EndSignal[] = ["SIGHUP", "SIGINT", "SIGTERM"];

/**
 * Turns the signals that ask a process to end into an abort with an {@linkcode Interruption}. All but
 * SIGTERM stay ignored where this process was started so: by nohup(1), or by a script with `&`.
 */
export class Interruptions implements Disposable {
  readonly #controller = new AbortController();
  readonly #listeners: readonly { readonly signal: EndSignal; readonly listener: () => void }[];

  constructor(signals: readonly EndSignal[] = USUAL) {
    const ignored = ignoredSignals();
    this.#listeners = signals.map((signal) => {
      const listener = () =>
        this.#controller.abort(new Interruption(signal, 128 + SIGNALS[signal]));
      Deno.addSignalListener(signal, listener);
      return { signal, listener };
    });
    // Only now: with the first listener the runtime takes all of these signals for its own.
    for (const number of [SIGNALS.SIGHUP, SIGNALS.SIGINT, SIGNALS.SIGQUIT]) {
      if (ignored.has(number)) ignoreSignal(number);
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

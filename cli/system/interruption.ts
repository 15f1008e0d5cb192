import { Interruption } from "./session.ts";

/** Signals that end `up` and `down`, and their numbers. */
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** Turns the signals that ask a process to end into an abort with an {@linkcode Interruption}. */
export class Interruptions implements Disposable {
  readonly #controller = new AbortController();
  readonly #listeners = Object.entries(SIGNALS).map(([name, number]) => {
    const signal = name as keyof typeof SIGNALS;
    const listener = () => this.#controller.abort(new Interruption(signal, 128 + number));
    Deno.addSignalListener(signal, listener);
    return { signal, listener };
  });

  /** Aborted at the first of those signals. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Leaves the signals alone again. */
  [Symbol.dispose](): void {
    for (const { signal, listener } of this.#listeners) Deno.removeSignalListener(signal, listener);
  }
}

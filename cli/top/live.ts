import { KeyReader, type TopAction } from "../../core/top/keys.ts";
import { TopModel } from "../../core/top/model.ts";
import { screenLines, type TopContext } from "../../core/top/screen.ts";
import { TopView } from "../../core/top/view.ts";
import { SIGTSTP } from "../../ffi/layout.ts";
import { ignoredSignals } from "../system/ignored_signals.ts";
import { Interruption } from "../system/session.ts";
import { Terminal } from "../terminal.ts";
import type { Sampler, SampleResponse } from "./sampler.ts";

/** What a live view reacts to. */
type Event =
  | { readonly kind: "keys"; readonly actions: readonly TopAction[] }
  | { readonly kind: "sample"; readonly response: SampleResponse }
  | { readonly kind: "resize" | "stop" | "continued" | "due" | "closed" }
  | { readonly kind: "error"; readonly error: unknown };

/**
 * Shows interfaces on the terminal until a key or a signal ends it; all errors come out here, when the
 * terminal has been given back. Returns the exit code.
 */
export async function showLive(
  sampler: Sampler,
  intervalMs: number,
  contextAt: (time: number) => TopContext,
  signal: AbortSignal,
): Promise<number> {
  const model = new TopModel(), view = new TopView();
  let lastSample: { time: number; at: number } | null = null;
  // In this order: what stops the process while the terminal is taken gives it back first.
  using events = new EventQueue(signal);
  using terminal = new Terminal();
  events.readKeys(terminal);
  const draw = () => {
    const time = lastSample === null ? 0 : lastSample.time + performance.now() - lastSample.at;
    terminal.draw(screenLines(model, view, terminal.size, contextAt(time)));
  };
  const sample = () =>
    events.take(sampler.sample().then((response) => ({ kind: "sample", response })));
  let due = performance.now();
  sample();
  for (;;) {
    const event = await events.next();
    switch (event.kind) {
      case "error":
        if (event.error instanceof Interruption) return event.error.code;
        throw event.error;
      case "closed":
        return 0;
      case "due":
        sample();
        continue;
      case "stop":
        terminal.suspend("process");
        break;
      case "continued":
        terminal.enter();
        break;
      case "sample":
        model.update(event.response.samples, event.response.time);
        lastSample = { time: event.response.time, at: performance.now() };
        due = Math.max(due + intervalMs, performance.now());
        events.wakeAt(due);
        break;
      case "keys":
        for (const action of event.actions) {
          if (action === "quit") return 0;
          if (action !== "suspend") view.act(action);
          else if (events.canStop) terminal.suspend("process group");
        }
    }
    draw();
  }
}

/** All that happens, in turn. */
class EventQueue implements Disposable {
  /** Whether SIGTSTP stops this process: who starts it may have it ignored. */
  readonly canStop = !ignoredSignals().has(SIGTSTP);
  readonly #events: Event[] = [];
  readonly #onResize = () => this.#push({ kind: "resize" });
  readonly #onStop = () => this.#push({ kind: "stop" });
  readonly #onContinue = () => this.#push({ kind: "continued" });
  #wake = () => {};
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(signal: AbortSignal) {
    Deno.addSignalListener("SIGWINCH", this.#onResize);
    Deno.addSignalListener("SIGCONT", this.#onContinue);
    if (this.canStop) Deno.addSignalListener("SIGTSTP", this.#onStop);
    const onAbort = () => this.#push({ kind: "error", error: signal.reason });
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  }

  /** The next event, as soon as there is one. */
  async next(): Promise<Event> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) return event;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** Has the event come that `promise` gives. */
  take(promise: Promise<Event>): void {
    promise.then(
      (event) => this.#push(event),
      (error) => this.#push({ kind: "error", error }),
    );
  }

  /** Has `due` come at `time`, in ms on the clock of performance.now(). */
  wakeAt(time: number): void {
    this.#timer = setTimeout(() => this.#push({ kind: "due" }), time - performance.now());
  }

  /** Has the keys come that are pressed from now on. */
  readKeys(terminal: Terminal): void {
    this.take(this.#readUntilClosed(terminal));
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    Deno.removeSignalListener("SIGWINCH", this.#onResize);
    Deno.removeSignalListener("SIGCONT", this.#onContinue);
    if (this.canStop) Deno.removeSignalListener("SIGTSTP", this.#onStop);
  }

  async #readUntilClosed(terminal: Terminal): Promise<Event> {
    const reader = new KeyReader();
    for await (const text of terminal.input()) {
      this.#push({ kind: "keys", actions: reader.read(text) });
    }
    return { kind: "closed" };
  }

  #push(event: Event): void {
    this.#events.push(event);
    this.#wake();
  }
}

import type { InterfaceEvent } from "../../core/events/event.ts";
import { eventHookKey } from "../../core/events/hooks.ts";
import { messageOf } from "./message_of.ts";

/** Events that wait for their commands; those that come when so many do are dropped. */
export const MAX_WAITING_EVENTS = 256;

/** What {@linkcode EventHookQueue} works with. */
export interface EventHookQueueOptions {
  /** Runs the commands for an event, one after the other; ends them when `signal` is aborted. */
  readonly run: (event: InterfaceEvent, signal: AbortSignal) => Promise<void>;
  /** Told, in one line, what went wrong. */
  readonly log: (line: string) => void;
}

/** Runs the commands for events in their order, those of one event at a time. */
export class EventHookQueue {
  readonly #options: EventHookQueueOptions;
  readonly #end = new AbortController();
  readonly #waiting: InterfaceEvent[] = [];
  #dropped = 0;
  #running: Promise<void> | null = null;
  #ended = false;

  constructor(options: EventHookQueueOptions) {
    this.#options = options;
  }

  /** Something happened. What no commands can be for is ignored. */
  push(event: InterfaceEvent): void {
    if (this.#ended || eventHookKey(event.type) === null) return;
    if (this.#waiting.length >= MAX_WAITING_EVENTS) {
      if (this.#dropped++ > 0) return;
      this.#options.log(`${MAX_WAITING_EVENTS} events wait for their commands: others are dropped`);
      return;
    }
    this.#waiting.push(event);
    this.#running ??= this.#work();
  }

  /**
   * Drops what waits. The commands that run are ended at once when `signal` is aborted, and otherwise when
   * they don't end by themselves for `patience` milliseconds. Resolves when none runs any more.
   */
  async finish(patience: number, signal: AbortSignal): Promise<void> {
    this.#ended = true;
    this.#waiting.length = 0;
    const end = () => this.#end.abort();
    if (signal.aborted) end();
    signal.addEventListener("abort", end);
    const timer = setTimeout(end, patience);
    try {
      await this.#running;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
    }
  }

  async #work(): Promise<void> {
    for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift()) {
      try {
        await this.#options.run(event, this.#end.signal);
      } catch (error) {
        this.#options.log(messageOf(error));
      }
      this.#tellOfDropped();
    }
    this.#running = null;
  }

  #tellOfDropped(): void {
    if (this.#dropped === 0) return;
    this.#options.log(`${this.#dropped} events were dropped: their commands didn't run`);
    this.#dropped = 0;
  }
}

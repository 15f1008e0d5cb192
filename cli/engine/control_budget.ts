import type { Now } from "../../core/clock.ts";

/** How long a turn may work for the clients of the control socket while packets flow, in milliseconds. */
const SLICE_MS = 0.05;
/** And when none do: the first packet waits for so long at most. */
const IDLE_SLICE_MS = 0.5;
/**
 * How long it then leaves the processor to others. A process that never sleeps waits for its next turn
 * whenever another one wants to run, for milliseconds, and packets wait with it.
 */
const PAUSE_MS = 0.1;
/** Packets flow for so long after the last one, in milliseconds. */
const FLOW_MS = 50;

/**
 * Divides the time between packets and the clients of the control socket, so that a request that takes
 * long, such as for the state of 10,000 peers, holds up no packet.
 */
export class ControlBudget {
  readonly #clock: () => number;
  #sliceEnd = 0;
  #lastPacketAt = -Infinity;

  /** `clock` gives milliseconds since whenever. */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Packets were moved. */
  onPackets(now: Now): void {
    this.#lastPacketAt = now.boot;
  }

  /** The control work of a turn begins. */
  begin(now: Now): void {
    this.#sliceEnd = this.#clock() + (this.#flows(now) ? SLICE_MS : IDLE_SLICE_MS);
  }

  /** Whether the control work of this turn must end. */
  readonly expired = (): boolean => this.#clock() >= this.#sliceEnd;

  /** How long to wait for packets before control work that was cut short goes on, in milliseconds. */
  pause(now: Now): number {
    return this.#flows(now) ? PAUSE_MS : 0;
  }

  #flows(now: Now): boolean {
    return now.boot - this.#lastPacketAt < FLOW_MS;
  }
}

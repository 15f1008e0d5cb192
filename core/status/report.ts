/** What `wgts status` and `wgts metrics` tell of interfaces, before it is made into text. */

import type { InterfaceStatus } from "../uapi/status.ts";
import type { PeerRates } from "./rates.ts";

/** An interface that is there. */
export interface RunningInterface {
  readonly status: InterfaceStatus;
  /** How fast its peers move data; null when that wasn't measured. */
  readonly rates: PeerRates | null;
}

/** An interface whose engine should run, but doesn't any more. */
export interface EndedInterface {
  /** The interface's name. */
  readonly name: string;
  /** Process number that the engine had; null when the reader may not know. */
  readonly pid: number | null;
  /** Seconds since 1970-01-01 UTC when it was started; null when the reader may not know. */
  readonly startedAt: number | null;
  /** Seconds since 1970-01-01 UTC when it ended; null when it couldn't tell. */
  readonly endedAt: number | null;
  /** Why it ended, in words. */
  readonly reason: string;
}

/** All that was found. */
export interface StatusReport {
  /** Milliseconds since 1970-01-01 UTC when it was read. */
  readonly wall: number;
  /** Seconds over which rates were measured; null when they weren't. */
  readonly interval: number | null;
  readonly running: readonly RunningInterface[];
  readonly ended: readonly EndedInterface[];
}

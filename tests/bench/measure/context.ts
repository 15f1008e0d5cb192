import type { Implementation } from "../implementation.ts";
import type { Options } from "../options.ts";
import type { Tunnel } from "../tunnel.ts";

/** What a measurement works with. */
export interface MeasureContext {
  readonly implementation: Implementation;
  readonly tunnel: Tunnel;
  readonly options: Pick<Options, "seconds" | "quick">;
}

/** Figures by the ids of their metrics. */
export type Values = Readonly<Record<string, number>>;

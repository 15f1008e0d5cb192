/**
 * From a config, and what a running tunnel was given and has now, to the ordered changes that make it
 * what a fresh `up` of the config would.
 *
 * @module
 */
import type { QuickConfig } from "../config/types.ts";
import { type Made, madeBy } from "./made.ts";
import { ReloadPlanner, type ReloadStep, type RunningTunnel } from "./reload_steps.ts";
import { type Observed, planUp, tunnelTable } from "./up.ts";

/** What a reload does. */
export interface ReloadPlan {
  /** None when the tunnel is as it should be. */
  readonly steps: readonly ReloadStep[];
  /** What the tunnel has got in the end. */
  readonly made: Made;
  /** The routing table that its default route takes then; null when it has none. */
  readonly table: number | null;
}

/**
 * The steps of `reload`.
 *
 * @param mtu that the interface is to have, in bytes
 * @throws ConfigError as `planUp` does
 */
export function planReload(
  config: QuickConfig,
  configPath: string,
  mtu: number,
  observed: Observed,
  running: RunningTunnel,
): ReloadPlan {
  const { fwmark: named, listenPort = 0 } = config.interface;
  const kept = named || running.made.fwmark || (named === undefined ? running.fwmark : 0);
  const settings = { ...config.interface, ...(kept === 0 ? {} : { fwmark: kept }) };
  const wanted = planUp({ ...config, interface: settings }, configPath, observed);
  const made = madeBy(wanted, config);
  const table = tunnelTable(wanted);
  const isChosen = !named && (made.fwmark !== null || running.made.fwmark !== null);
  // A mark that was chosen for a default route goes with it; any other that the config doesn't name stays.
  const fwmark = isChosen && table === null ? 0 : made.fwmark ?? kept;
  const steps = new ReloadPlanner(running, wanted, { fwmark, listenPort, mtu }).plan();
  const chosen = isChosen && table !== null ? fwmark : null;
  return { steps, made: { ...made, fwmark: chosen }, table };
}

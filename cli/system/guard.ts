/**
 * What keeps the traffic of a tunnel with a default route from leaving beside it when its engine is dead: its
 * rules and unreachable routes. An `up` in its place takes them over, so that nothing leaks meanwhile.
 *
 * @module
 */
import type { QuickConfig } from "../../core/config/types.ts";
import type { Action, Step } from "../../core/plan.ts";
import type { JournalEntry, JournalState } from "../journal.ts";
import { parseLiteral } from "./resolver.ts";

/**
 * The entries of `state` that are to stand until an `up` of `config` has taken the tunnel's place. None where
 * that `up` must look up names: the way to a name server may be what they close.
 */
export function guardOf({ entries, phase }: JournalState, config: QuickConfig): JournalEntry[] {
  const hasNames = config.peers.some(({ endpoint, fallbackEndpoints = [] }) =>
    [...(endpoint === undefined ? [] : [endpoint]), ...fallbackEndpoints].some((endpoint) =>
      parseLiteral(endpoint) === null
    )
  );
  // Who said `down` wants it open.
  if (hasNames || phase === "down") return [];
  return entries.filter(({ action: { kind }, undone }) =>
    !undone && (kind === "add-rule" || kind === "add-unreachable")
  );
}

/** The entry of a former `up` that did what `action` is to do, and wasn't undone; null when there is none. */
export function standing({ entries }: JournalState, action: Action): JournalEntry | null {
  if (action.kind !== "add-rule" && action.kind !== "add-unreachable") return null;
  return entries.find((entry) => !entry.undone && isSame(entry.action, action)) ?? null;
}

/** Whether none of `steps` does what `entry` did. */
export function isOutdated(entry: JournalEntry, steps: readonly Step[]): boolean {
  return !steps.some(({ action }) => isSame(entry.action, action));
}

/** The same but for a rule's place. */
function isSame(a: Action, b: Action): boolean {
  const text = (action: Action) => JSON.stringify({ ...action, priority: null });
  return a.kind === b.kind && text(a) === text(b);
}

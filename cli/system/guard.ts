/**
 * What keeps the traffic of a tunnel with a default route from leaving beside it when its engine is
 * dead: its rules and unreachable routes. An `up` in its place takes them over, so that nothing leaks
 * meanwhile.
 *
 * @module
 */
import type { Action, Step } from "../../core/plan.ts";
import type { JournalEntry, JournalState } from "../journal.ts";

/** The entries of `state` that are to stand until an `up` has taken the tunnel's place. */
export function guardOf({ entries, phase }: JournalState): JournalEntry[] {
  // Who said `down` wants it open.
  if (phase === "down") return [];
  return entries.filter(({ action: { kind }, undone }) =>
    !undone && (kind === "add-rule" || kind === "add-unreachable")
  );
}

/** The mark of what gets past the rules that `entries` made and that stand; null where there are none. */
export function markOf(entries: readonly JournalEntry[]): number | null {
  for (const { action, undone } of entries) {
    if (undone || action.kind !== "add-rule" || action.rule.match !== "not-fwmark") continue;
    return action.rule.fwmark;
  }
  return null;
}

/**
 * The entry of a former `up` that did what `action` is to do, and wasn't undone; null when there is
 * none.
 */
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

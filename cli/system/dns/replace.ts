import {
  type Action,
  describeAction,
  describeUndo,
  type DnsSettings,
  undoOf,
} from "../../../core/plan.ts";
import type { Journal, JournalEntry } from "../../journal.ts";
import type { Session } from "../session.ts";
import { applyDns, dnsBefore, undoDns } from "./step.ts";

/**
 * Gives a running tunnel `settings` in place of the DNS settings that it has; null takes those back.
 * Nothing is looked up elsewhere meanwhile. When it fails, the tunnel has its former ones again.
 *
 * @param journal the tunnel's, which has its interface locked
 * @param index of its interface
 * @throws Error when that isn't possible, or, if the session is strict, not in full
 */
export async function replaceDns(
  session: Session,
  journal: Journal,
  index: number,
  settings: DnsSettings | null,
): Promise<void> {
  using _lock = await session.lockShared();
  const former = journal.state.entries.filter(({ undo, undone }) =>
    undo.kind === "unset-dns" && !undone
  );
  if (settings === null) {
    for (const entry of former) await takeBack(session, journal, index, entry);
    return;
  }
  const manager = session.system.dnsManager();
  const action = { kind: "set-dns", manager, settings } as const;
  await setInstead(session, journal, index, action, former.at(-1));
  for (const entry of former) {
    // With the same manager, the new settings have taken their place.
    if (managerOf(entry) === JSON.stringify(withoutReason(manager))) journal.undone(entry);
    else await takeBack(session, journal, index, entry);
  }
}

async function setInstead(
  session: Session,
  journal: Journal,
  index: number,
  action: Action & { readonly kind: "set-dns" },
  former: JournalEntry | undefined,
): Promise<void> {
  const command = describeAction(action, session.name);
  if (command !== null) session.trace(command);
  const undo = undoOf(action);
  const entry = undo === null ? null : journal.intend(action, undo, dnsBefore(session, action));
  try {
    await applyDns(session, index, action);
  } catch (error) {
    if (former?.action.kind === "set-dns") await tryApply(session, index, former.action);
    if (entry !== null) journal.undone(entry);
    throw error;
  }
  if (entry !== null) journal.done(entry);
}

async function tryApply(
  session: Session,
  index: number,
  { manager, settings }: Action & { readonly kind: "set-dns" },
): Promise<void> {
  try {
    const { name, scope, directory } = session;
    await session.system.setDns({ name, index, scope, directory }, manager, settings);
  } catch {
    // What is said of the new ones is what the user should know.
  }
}

async function takeBack(
  session: Session,
  journal: Journal,
  index: number,
  entry: JournalEntry,
): Promise<void> {
  if (entry.undo.kind !== "unset-dns") return;
  session.trace(describeUndo(entry.undo, session.name));
  await undoDns(session, index, entry.undo);
  journal.undone(entry);
}

function managerOf({ undo }: JournalEntry): string {
  return undo.kind === "unset-dns" ? JSON.stringify(withoutReason(undo.manager)) : "";
}

function withoutReason(manager: object): object {
  return { ...manager, reason: "" };
}

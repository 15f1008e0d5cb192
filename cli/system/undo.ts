/**
 * Takes back what a journal says was done or may have been done. All of it may be repeated, and touches
 * only what still is as it was made.
 *
 * @module
 */
import { describeUndo } from "../../core/plan.ts";
import type { Journal, JournalEntry, JournalState } from "../journal.ts";
import { undoDns } from "./dns/step.ts";
import { messageOf } from "./message_of.ts";
import type { Session } from "./session.ts";
import { srcValidMarkToRestore } from "./shared_state.ts";
import type { ProcessIdentity } from "./system.ts";

/** How often the end of a process is looked for, in milliseconds. */
const POLL_MS = 20;
/** How long an engine may take to end, in milliseconds: by itself, on SIGTERM, on SIGKILL. */
const END_MS = 5000;
/** How long a process that is being started may take to become recognisable, in milliseconds. */
const EXEC_MS = 2000;
/** How long the control socket of a process that was killed may seem alive, in milliseconds. */
const SOCKET_MS = 1000;

/**
 * Undoes the journal's entries, or those of them that `which` tells, last first.
 * Goes on when one fails; returns whether all succeeded, so that the journal may be removed.
 */
export async function undoEntries(
  session: Session,
  journal: Journal,
  which: (entry: JournalEntry) => boolean = () => true,
): Promise<boolean> {
  let complete = true;
  for (const entry of inUndoOrder(journal.state)) {
    if (entry.undone || !which(entry)) continue;
    try {
      await undoEntry(session, journal.state, entry);
      journal.undone(entry);
    } catch (error) {
      session.print(`wgts: ${messageOf(error)}`);
      complete = false;
    }
  }
  return complete;
}

/** Prints what {@linkcode undoEntries} would do, and changes nothing. */
export function printUndo(session: Session, state: JournalState): void {
  for (const { undo, undone } of inUndoOrder(state)) {
    if (!undone) session.trace(describeUndo(undo, session.name));
  }
}

/** Last first; but names are looked up as before while the tunnel still carries what is asked. */
function inUndoOrder({ entries }: JournalState): JournalEntry[] {
  const isDns = ({ undo }: JournalEntry) => undo.kind === "unset-dns";
  const reversed = entries.toReversed();
  return [...reversed.filter(isDns), ...reversed.filter((entry) => !isDns(entry))];
}

/** Undoes one entry; the journal isn't told. */
export async function undoEntry(
  session: Session,
  state: JournalState,
  entry: JournalEntry,
): Promise<void> {
  const { system, name } = session;
  const { undo } = entry;
  switch (undo.kind) {
    case "delete-interface":
      return isKernelInterface(entry)
        ? deleteKernelInterface(session, state)
        : await deleteInterface(session, state);
    case "delete-rule":
      if (undo.priority === null) return;
      session.trace(describeUndo(undo, name));
      return system.deleteRule(undo.family, undo.rule, undo.priority);
    case "delete-unreachable":
      session.trace(describeUndo(undo, name));
      return system.deleteUnreachable(undo.family, undo.table);
    case "delete-throw":
      session.trace(describeUndo(undo, name));
      return system.deleteThrow(undo.prefix, undo.table);
    case "delete-firewall":
      session.trace(describeUndo(undo, name));
      if (undo.by === "iptables") return await system.deleteIptablesRules(name, undo.family);
      return system.deleteFirewall(name, undo.family);
    case "restore-src-valid-mark": {
      using _lock = await session.lockShared();
      const value = srcValidMarkToRestore(session, entry);
      if (value === null) return;
      session.trace(describeUndo(undo, name));
      return system.writeSrcValidMark(value);
    }
    case "unset-dns": {
      using _lock = await session.lockShared();
      session.trace(describeUndo(undo, name));
      return await undoDns(session, linkIndex(session, state), undo);
    }
  }
}

/** The index of the tunnel's interface; null when that is gone, or not known to be ours. */
function linkIndex(
  { system, name }: Session,
  { engine, kernelIndex }: JournalState,
): number | null {
  const index = engine?.interfaceIndex ?? kernelIndex;
  return system.link(name)?.index === index ? index : null;
}

function isKernelInterface({ action }: JournalEntry): boolean {
  return action.kind === "create-interface" && action.backend === "kernel";
}

/** Deletes the interface that the journal knows, or, if `up` was cut off before that, may have made. */
function deleteKernelInterface(session: Session, state: JournalState): void {
  const { system, name } = session;
  const link = system.link(name);
  if (link?.kind !== "wireguard") return;
  const isOurs = state.kernelIndex === null
    ? system.isPristine(name)
    : link.index === state.kernelIndex;
  if (!isOurs) return;
  session.trace(describeUndo({ kind: "delete-interface" }, name));
  system.deleteLink(link.index);
}

async function deleteInterface(session: Session, state: JournalState): Promise<void> {
  const { system, name } = session;
  const engine = state.engine ?? await findEngine(session);
  const link = system.link(name);
  const isOurs = state.engine === null
    ? engine !== null && link?.kind === "tun"
    : link?.kind === "tun" && link.index === state.engine.interfaceIndex;
  if (link !== null && isOurs) {
    session.trace(describeUndo({ kind: "delete-interface" }, name));
    system.deleteLink(link.index);
  }
  if (engine !== null) await awaitEnd(session, engine);
  if (await removeControlSocket(session)) system.removeEngineFiles(name);
}

/**
 * Removes what is left of an engine that no `up` started. False when there is nothing, or it may be another
 * one's by now.
 */
export function forgetEngine({ system, name }: Session): boolean {
  if (system.ended(name) === null || system.link(name) !== null) return false;
  const state = system.controlSocket(name);
  if (state === "live") return false;
  if (state === "dead") system.removeControlSocket(name);
  system.removeEngineFiles(name);
  return true;
}

/**
 * Removes the control socket once its server is gone: a process that was killed takes a moment. False when
 * it lives on: then it belongs to another network namespace's interface.
 */
async function removeControlSocket({ system, name }: Session): Promise<boolean> {
  for (let waited = 0;; waited += POLL_MS) {
    const state = system.controlSocket(name);
    if (state === "dead") system.removeControlSocket(name);
    if (state !== "live") return true;
    if (waited >= SOCKET_MS) return false;
    await system.sleep(POLL_MS);
  }
}

/**
 * The engine that an `up` started which was killed before it could say so. It may still be on its way
 * from being a copy of `up` to executing the engine.
 */
async function findEngine({ system, name }: Session): Promise<ProcessIdentity | null> {
  for (let waited = 0;; waited += POLL_MS) {
    const engine = system.engineOf(name);
    if (engine !== null || system.link(name) === null || waited >= EXEC_MS) return engine;
    await system.sleep(POLL_MS);
  }
}

/** Waits for an engine whose interface is gone to end, and ends it by force when it doesn't. */
async function awaitEnd({ system, name }: Session, engine: ProcessIdentity): Promise<void> {
  for (const signal of [null, "SIGTERM", "SIGKILL"] as const) {
    if (signal !== null) system.signalProcess(engine, signal);
    for (let waited = 0; waited < END_MS; waited += POLL_MS) {
      if (system.identify(engine.pid)?.startTime !== engine.startTime) return;
      await system.sleep(POLL_MS);
    }
  }
  throw new Error(`the engine of ${name} (process ${engine.pid}) doesn't end`);
}

/**
 * Bringing a tunnel up and taking it down, as a whole: one at a time per interface, with the journal
 * of what was done, and over whatever an earlier attempt left behind.
 *
 * @module
 */
import { expandHook } from "../../core/config/quick.ts";
import type { QuickConfig } from "../../core/config/types.ts";
import { dnsLimits } from "../../core/dns/manager.ts";
import {
  describeAction,
  type Made,
  madeBy,
  type Observed,
  planHooks,
  planUp,
  type Step,
  tunnelTable,
} from "../../core/plan.ts";
import { controlSocketPath } from "../../core/uapi/client.ts";
import {
  type EngineIdentity,
  Journal,
  type JournalEntry,
  type JournalHeader,
  type JournalState,
  readForeignJournals,
  readJournals,
} from "../journal.ts";
import { applySteps, HookError, runHook } from "./apply.ts";
import { startAttendance } from "./attendance.ts";
import { checkClock } from "./check_clock.ts";
import { tryRepairDns } from "./dns/step.ts";
import { messageOf } from "./message_of.ts";
import { namespaceName } from "./namespace_name.ts";
import { firstAddresses, resolveEndpoints } from "./resolve_endpoints.ts";
import { guardOf, isOutdated, markOf } from "./guard.ts";
import type { Session } from "./session.ts";
import { srcValidMarkIsForeign } from "./shared_state.ts";
import { forgetEngine, printUndo, undoEntries } from "./undo.ts";

/** The commands that `down` runs. */
export interface DownHooks {
  readonly preDown: readonly string[];
  readonly postDown: readonly string[];
}

/** How {@linkcode takeDown} goes about it. */
export interface TakeDownOptions {
  /** The commands of the config as it is now; by default those that `up` noted. */
  readonly hooks?: DownHooks | undefined;
  /** Saves the state of the running tunnel to its config, as SaveConfig wants it. */
  readonly save?: (() => Promise<void>) | undefined;
  /** Goes on when a PreDown command fails, and can't be interrupted. */
  readonly force?: boolean;
  /** Only when this is the index of its interface, which no other ever has. */
  readonly interfaceIndex?: number;
}

/**
 * Brings the tunnel of `config` up. When that fails, or `session.signal` is aborted, all is undone.
 *
 * @param configPath absolute path that `config` was read from
 * @returns the state of the running tunnel
 * @throws Error when the interface exists, HookError when a command fails, whatever a step throws
 */
export async function bringUp(
  session: Session,
  config: QuickConfig,
  configPath: string,
): Promise<JournalState> {
  using _lock = await session.lockInterface();
  await tryRepairDns(session);
  const { journal, steps } = await begin(session, config, configPath);
  using _journal = journal;
  const former = [...journal.state.entries];
  try {
    await applySteps(session, journal, steps, config);
    session.signal.throwIfAborted();
    const isPast = (entry: JournalEntry) => former.includes(entry) && isOutdated(entry, steps);
    await undoEntries(session, journal, isPast);
    if (config.interface.eventHooks !== undefined) {
      const index = interfaceIndexOf(journal.state) ?? 0;
      await startAttendance(session, journal, { name: session.name, index, configPath, since: 0 });
    }
    journal.enter("up");
  } catch (error) {
    await rollBack(session, journal, former);
    throw error;
  }
  return journal.state;
}

/** Prints what {@linkcode bringUp} would do. */
export async function printUp(
  session: Session,
  config: QuickConfig,
  configPath: string,
): Promise<void> {
  const journal = readJournal(session);
  const mark = journal === null ? null : markOf(guardOf(journal));
  if (journal !== null && !isRunning(session, journal)) printUndo(session, journal);
  else refuseExisting(session);
  for (const { action } of planUp(config, configPath, observe(session))) {
    const mtu = action.kind === "link-up" && action.mtu === null
      ? await discoverMtu(session, config, mark)
      : null;
    const command = describeAction(mtu === null ? action : { kind: "link-up", mtu }, session.name);
    if (command !== null) session.trace(command);
    if (action.kind === "set-dns") {
      for (const limit of dnsLimits(action.settings, action.manager)) session.warn(limit);
    }
  }
}

/**
 * Takes a tunnel down: what runs, or what is left of it.
 *
 * @throws NotRunningError when there is no trace of it; HookError when a PreDown command fails, or what
 * `save` throws (then the tunnel still runs); HookError when a PostDown command fails (then it doesn't)
 */
export async function takeDown(session: Session, options: TakeDownOptions = {}): Promise<void> {
  using _lock = await session.lockInterface();
  await tryRepairDns(session);
  using journal = openJournal(session);
  const { interfaceIndex } = options;
  const isOther = journal !== null && interfaceIndex !== undefined &&
    interfaceIndexOf(journal.state) !== interfaceIndex;
  if (journal === null && interfaceIndex === undefined && forgetDead(session)) return;
  if (journal === null || isOther) throw notRunning(session);
  const hooks = options.hooks ?? journal.state.header;
  const isDead = !isRunning(session, journal.state);
  const { engine: served, phase } = journal.state;
  const hasEnded = served !== null &&
    session.system.identify(served.pid)?.startTime !== served.startTime;
  if (hasEnded && interfaceIndex === undefined && phase === "up") {
    session.print(`wgts: ${session.name}: ${describeDeath(session, served)}`);
  }
  const force = options.force === true || isDead;
  if (journal.state.phase !== "down") {
    await runHooks(force ? session.uninterrupted() : session, "PreDown", hooks.preDown, force);
    if (!isDead) await saveState(session, options.save, force);
  }
  await finishDown(session.uninterrupted(), journal, hooks, false);
}

/** @param soft whether a failure is only reported */
async function saveState(
  session: Session,
  save: TakeDownOptions["save"],
  soft: boolean,
): Promise<void> {
  try {
    await save?.();
  } catch (error) {
    if (!soft) throw error;
    session.warn(`the config is not saved: ${messageOf(error)}`);
  }
}

/** Prints what {@linkcode takeDown} would do. */
export function printDown(
  session: Session,
  hooks?: DownHooks & { readonly saveConfig?: boolean },
): void {
  const journal = readJournal(session);
  if (journal === null) throw notRunning(session);
  const { preDown, postDown } = hooks ?? journal.header;
  for (const command of preDown) session.trace(expandHook(command, session.name));
  if (hooks?.saveConfig === true) session.trace(`wg showconf ${session.name}`);
  printUndo(session, journal);
  for (const command of postDown) session.trace(expandHook(command, session.name));
}

/** `down` was asked of something that `up` didn't bring up. */
export class NotRunningError extends Error {
  override readonly name = "NotRunningError";

  /**
   * @param isServed whether it is a WireGuard interface all the same
   * @param elsewhere the network namespace that has a tunnel of that name; null when none is known
   */
  constructor(interfaceName: string, isServed: boolean, elsewhere: string | null = null) {
    super(
      elsewhere !== null
        ? `\`${interfaceName}' is not a WireGuard interface here, but one of another network ` +
          `namespace: --netns=${elsewhere}`
        : isServed
        ? `\`${interfaceName}' exists, but there is no journal of an \`up' of it: take it down with ` +
          `what made it; or \`ip link delete dev ${interfaceName}\`, and see \`ip rule\` for what ` +
          "may be left"
        : `\`${interfaceName}' is not a WireGuard interface`,
    );
  }
}

function notRunning(session: Session): NotRunningError {
  const { system, name } = session;
  const link = system.link(name);
  const isServed = link !== null &&
    (link.kind === "wireguard" || system.controlSocket(name) === "live");
  const elsewhere = isServed ? null : foreignNamespace(session);
  return new NotRunningError(name, isServed, elsewhere);
}

/** Whether `state` is that of a tunnel whose `up` succeeded and whose interface is still served. */
export function isRunning({ system, name }: Session, state: JournalState): boolean {
  const { engine, phase } = state;
  const index = interfaceIndexOf(state);
  if (index === null || phase !== "up" || system.link(name)?.index !== index) return false;
  return engine === null || system.identify(engine.pid)?.startTime === engine.startTime;
}

/** The index of the tunnel's interface; null before it is known. */
export function interfaceIndexOf({ engine, kernelIndex }: JournalState): number | null {
  return engine?.interfaceIndex ?? kernelIndex;
}

/** What the journal of this interface says, without opening it for writing. */
export function readJournal({ directory, scope, name }: Session): JournalState | null {
  return readJournals(directory, scope).find(({ header }) => header.interface === name) ?? null;
}

/**
 * Cleans up what an `up` or `down` that was killed, or an engine that died, left behind. Returns the journal
 * of what is to stand until the tunnel is up; null when nothing is.
 */
async function repair(session: Session): Promise<Journal | null> {
  using stack = new DisposableStack();
  const journal = openJournal(session);
  if (journal === null) return null;
  stack.use(journal);
  if (isRunning(session, journal.state)) return null;
  const { phase, header } = journal.state;
  session.print(`wgts: ${session.name}: ${staleReason(session, journal.state)}: cleaning up first`);
  const quiet = session.uninterrupted();
  const guard = guardOf(journal.state);
  // Whether the commands of an unfinished `up` ran can't be known, as with a failed one: they are left out.
  if (phase === "up") await runHooks(quiet, "PreDown", header.preDown, true);
  const hooks = phase === "starting" ? { postDown: [] } : header;
  await finishDown(quiet, journal, hooks, true, guard);
  if (guard.length === 0) return null;
  stack.move();
  return journal;
}

function staleReason(session: Session, { phase, engine, kernelIndex }: JournalState): string {
  switch (phase) {
    case "starting":
      return "an earlier `up' was cut off";
    case "down":
      return "an earlier `down' was cut off";
    case "up":
      return kernelIndex === null ? describeDeath(session, engine) : "its interface was deleted";
  }
}

/** Cleans up after an engine that `run` started, if it is dead: then nobody else will. */
function forgetDead(session: Session): boolean {
  const ended = session.system.ended(session.name);
  if (ended === null || !forgetEngine(session)) return false;
  const identity = ended.pid === null ? "" : ` (process ${ended.pid})`;
  session.print(`wgts: ${session.name}: its engine${identity} died (${ended.reason})`);
  return true;
}

/** That an engine is dead and, if that is known, why. */
export function describeDeath({ system, name }: Session, engine: EngineIdentity | null): string {
  const ended = system.ended(name);
  const reason = ended === null ? "" : ` (${ended.reason})`;
  return `its engine (process ${engine?.pid ?? "unknown"}) died${reason}`;
}

/** Undoes everything and runs the PostDown commands; then nothing tells of the tunnel any more. */
async function finishDown(
  session: Session,
  journal: Journal,
  hooks: Pick<DownHooks, "postDown">,
  force: boolean,
  kept: readonly JournalEntry[] = [],
): Promise<void> {
  // Until nothing is kept any more, whoever comes next must know that it is to be kept.
  if (kept.length === 0) journal.enter("down");
  const complete = await undoEntries(session, journal, (entry) => !kept.includes(entry));
  if (!complete) {
    throw new Error(
      `\`${session.name}' could not be taken down completely: see above, then try \`wgts down\` again`,
    );
  }
  try {
    await runHooks(session, "PostDown", hooks.postDown, force);
  } finally {
    if (kept.length === 0) journal.remove();
  }
}

/** Undoes all but `guard`, which keeps the traffic of a dead tunnel from leaving beside it. */
async function rollBack(
  session: Session,
  journal: Journal,
  guard: readonly JournalEntry[],
): Promise<void> {
  const isNew = (entry: JournalEntry) => !guard.includes(entry);
  const complete = await undoEntries(session.uninterrupted(), journal, isNew);
  if (guard.some(({ undone }) => !undone)) tellOfGuard(session);
  else if (complete) journal.remove();
}

function tellOfGuard({ name, print }: Session): void {
  print(
    `wgts: ${name}: the rules of its dead tunnel stay, so that nothing leaves unencrypted: ` +
      `\`wgts down ${name}' removes them`,
  );
}

/** @param soft whether a command that fails is only reported */
async function runHooks(
  session: Session,
  moment: "PreDown" | "PostDown",
  commands: readonly string[],
  soft: boolean,
): Promise<void> {
  for (const { action } of planHooks(moment, commands)) {
    if (action.kind !== "hook") continue;
    session.trace(expandHook(action.command, session.name));
    try {
      await runHook(session, moment, action.command);
    } catch (error) {
      if (!soft || !(error instanceof HookError)) throw error;
      session.warn(messageOf(error));
    }
  }
}

function openJournal({ directory, scope, name }: Session): Journal | null {
  return Journal.open(directory, scope, name);
}

/** Fails when the interface, or another one that its control socket belongs to, exists. */
function refuseExisting(session: Session): void {
  const { system, name } = session;
  if (system.link(name) !== null) throw new Error(`\`${name}' already exists`);
  if (system.controlSocket(name) !== "live") return;
  const foreign = foreignNamespace(session);
  const where = foreign === null ? "" : `, ${foreign}`;
  throw new Error(
    `\`${name}' already exists in another network namespace${where}: ` +
      `${controlSocketPath(name)}, which all share, is its. ` +
      "Use another name, or give each its own /run (unshare --mount)",
  );
}

/** Another network namespace that has a tunnel of this name, in words; null when none is known. */
function foreignNamespace({ directory, scope, name }: Session): string | null {
  const [foreign] = readForeignJournals(directory, scope, name);
  return foreign === undefined ? null : namespaceName(foreign.header.namespace.inode);
}

/**
 * Cleans up first what an earlier `up` left, plans, and starts the journal: the table of a default route is
 * taken for good with that.
 */
async function begin(
  session: Session,
  config: QuickConfig,
  configPath: string,
): Promise<{ journal: Journal; steps: Step[] }> {
  const guarded = await repair(session);
  try {
    refuseExisting(session);
    checkClock(session);
    using _lock = await session.lockShared();
    const steps = planUp(config, configPath, observe(session, guarded));
    const table = tunnelTable(steps);
    const header = journalHeader(session, config, configPath, madeBy(steps, config), table);
    if (guarded === null) return { journal: Journal.create(session.directory, header), steps };
    guarded.restart(header);
    return { journal: guarded, steps };
  } catch (error) {
    if (guarded !== null) {
      using journal = guarded;
      journal.restart(journal.state.header);
      tellOfGuard(session);
    }
    throw error;
  }
}

/** What the journal of `session`'s tunnel is to say of `config`. */
export function journalHeader(
  { name, scope, birthNamespace }: Session,
  { interface: { preDown, postDown, saveConfig } }: QuickConfig,
  configPath: string,
  made: Made,
  table: number | null,
): JournalHeader {
  return {
    interface: name,
    ...scope,
    config: configPath,
    table,
    preDown,
    postDown,
    saveConfig,
    birthNamespace,
    made,
  };
}

/** What of the system matters to a plan. Hold `Session.lockShared` to rely on it. */
export function observe(session: Session, guarded: Journal | null = null): Observed {
  const { system, directory, scope, name } = session;
  const own = guarded?.state.header.table ?? null;
  const taken = new Set(readJournals(directory, scope, name).map(({ header }) => header.table));
  return {
    backend: session.backend,
    tableNames: system.tableNames(),
    isTableUsed: (table) => taken.has(table) || (table !== own && system.isTableUsed(table)),
    srcValidMark: srcValidMarkIsForeign(session),
    dnsManager: () => system.dnsManager(),
    socketsElsewhere: session.birthNamespace !== null,
  };
}

/** @param mark of what a dead tunnel lets out; null when none keeps anything in */
async function discoverMtu(
  session: Session,
  config: QuickConfig,
  mark: number | null,
): Promise<number> {
  const endpoints = firstAddresses(await resolveEndpoints(session, config, mark));
  return session.system.discoverMtu(endpoints, { index: 0, fwmark: mark ?? 0 });
}

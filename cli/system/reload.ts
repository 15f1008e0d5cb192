/**
 * Making a running tunnel what its config has become.
 *
 * @module
 */
import type { QuickConfig } from "../../core/config/types.ts";
import {
  between,
  describeUndo,
  type DnsManager,
  type Made,
  settingsOfUp,
  undoOf,
} from "../../core/plan.ts";
import { planReload, type ReloadPlan } from "../../core/plan/reload.ts";
import type { ReloadStep, RunningTunnel } from "../../core/plan/reload_steps.ts";
import { peersByKey, type SyncChanges } from "../../core/plan/sync.ts";
import { Journal, type JournalHeader, type JournalState } from "../journal.ts";
import { type Progress, trace } from "./apply.ts";
import { AttendanceChange } from "./attendance.ts";
import { ReloadRun } from "./reload_run.ts";
import type { Session } from "./session.ts";
import { runningTunnel, type Survey, survey, wipeKeys } from "./survey.ts";
import { describeDeath, isRunning, journalHeader, observe, readJournal } from "./tunnel.ts";

/**
 * Makes the running tunnel what `config` says. When that fails, or `session.signal` is aborted, it is as it
 * was before. Peers that stay as they are keep their sessions, and lose no packet.
 *
 * @param configPath absolute path that `config` was read from
 * @throws Error when the tunnel isn't up or its engine is dead, ConfigError, whatever a step throws
 */
export async function reload(
  session: Session,
  config: QuickConfig,
  configPath: string,
): Promise<void> {
  using _lock = await session.lockInterface();
  using journal = Journal.open(session.directory, session.scope, session.name);
  requireRunning(session, journal?.state ?? null);
  if (journal === null) return;
  const former = journal.state.header;
  tellOfSettings(session, former.made, config);
  const found = await survey(session, journal.state, config);
  const attendance = new AttendanceChange(
    session,
    journal.state,
    config,
    configPath,
    found.index,
  );
  try {
    const { running, plan, header } = await begin(session, journal, config, configPath, found);
    const { backend, index, mtu, changes, endpoints } = found;
    const progress: Progress = {
      config,
      endpoints,
      backend,
      index,
      mtu,
      changes,
      complained: new Set(),
    };
    const before = { interface: found.before, routes: running.routes, header: former };
    const finish = async () => {
      if (backend === "userspace") {
        session.system.namePeers(session.name, config, endpoints, namedBefore(former.made, found));
      }
      attendance.trace();
      await attendance.begin(journal);
    };
    try {
      await new ReloadRun(session, journal, progress, before).carryOut(plan.steps, header, finish);
    } catch (error) {
      attendance.takeBack(journal);
      throw error;
    }
    attendance.end(journal);
    if (plan.steps.length === 0 && attendance.isNone) sayNothingToDo(session);
  } finally {
    wipeKeys(found.before);
  }
}

/** The endpoints of the peers that are there since they were named: one that went took its names along. */
function namedBefore({ endpoints }: Made, { before }: Survey): Readonly<Record<string, string>> {
  const present = peersByKey(before);
  return Object.fromEntries(Object.entries(endpoints).filter(([key]) => present.has(key)));
}

/** Prints what {@linkcode reload} would do. */
export async function printReload(
  session: Session,
  config: QuickConfig,
  configPath: string,
): Promise<void> {
  const state = readJournal(session);
  requireRunning(session, state);
  if (state === null) return;
  tellOfSettings(session, state.header.made, config);
  const found = await survey(session, state, config);
  try {
    const { plan } = planFor(session, state, config, configPath, found);
    for (const step of plan.steps) printStep(session, step, found.changes);
    const attendance = new AttendanceChange(session, state, config, configPath, found.index);
    attendance.trace();
    if (plan.steps.length === 0 && attendance.isNone) sayNothingToDo(session);
  } finally {
    wipeKeys(found.before);
  }
}

/** Plans, and has the journal know: the table of a default route is taken for good with that. */
async function begin(
  session: Session,
  journal: Journal,
  config: QuickConfig,
  configPath: string,
  found: Survey,
): Promise<{ running: RunningTunnel; plan: ReloadPlan; header: JournalHeader }> {
  using _lock = await session.lockShared();
  const { state } = journal;
  const { running, plan } = planFor(session, state, config, configPath, found);
  // What only `up` can set is as it set it.
  const made = { ...plan.made, settingsOfUp: running.made.settingsOfUp };
  const header = journalHeader(session, config, configPath, made, plan.table);
  if (plan.steps.length === 0) return { running, plan, header };
  journal.renew({
    ...state.header,
    table: plan.table ?? state.header.table,
    made: between(running.made, plan.made),
  });
  const standing = new Set(running.changes.map(({ id }) => id));
  for (const entry of state.entries) {
    // Somebody undid it, or it was never made.
    if (!entry.undone && !standing.has(entry.id)) journal.undone(entry);
  }
  return { running, plan, header };
}

function planFor(
  session: Session,
  state: JournalState,
  config: QuickConfig,
  configPath: string,
  found: Survey,
): { running: RunningTunnel; plan: ReloadPlan } {
  const running = runningTunnel(session, state, found);
  const observed = observe(session);
  // If it is on because this tunnel set it, it is still wanted.
  const isOurs = running.changes.some(({ action }) => action.kind === "set-src-valid-mark");
  const plan = planReload(config, configPath, found.mtu, {
    ...observed,
    backend: found.backend,
    isTableUsed: (table) => table !== state.header.table && observed.isTableUsed(table),
    srcValidMark: observed.srcValidMark && !isOurs,
    // Whoever was told once is told again: by now the system may look as if it were another one.
    dnsManager: () => dnsManagerOf(running) ?? observed.dnsManager(),
  }, running);
  return { running, plan };
}

function dnsManagerOf({ changes }: RunningTunnel): DnsManager | null {
  for (const { action } of changes) if (action.kind === "set-dns") return action.manager;
  return null;
}

function printStep(session: Session, step: ReloadStep, changes: SyncChanges): void {
  if (step.kind === "make") return trace(session, step.step.action, changes);
  const { change } = step;
  const undo = undoOf(change.kind === "make" ? change.step.action : change.action);
  if (undo !== null) session.trace(describeUndo(undo, session.name));
}

function sayNothingToDo(session: Session): void {
  session.print(`wgts: ${session.name} is as its config says`);
}

/** Commands aren't run by a reload: most of them can't be repeated, nor taken back. */
function tellOfSettings(session: Session, made: Made, config: QuickConfig): void {
  for (const [key, value] of Object.entries(settingsOfUp(config))) {
    if ((made.settingsOfUp[key] ?? "") === value) continue;
    session.warn(`${key} has changed: it takes effect with the next \`up' of ${session.name}`);
  }
}

/** @throws Error unless the tunnel is up and is served */
function requireRunning(session: Session, state: JournalState | null): void {
  const { system, name } = session;
  if (state === null) {
    throw new Error(
      system.link(name) === null
        ? `\`${name}' is not up: \`wgts up ${name}' brings it up`
        : `\`${name}' can't be reloaded: no \`wgts up' made it, so what it was given isn't known`,
    );
  }
  const { phase, engine, header } = state;
  if (isRunning(session, state)) {
    if (header.birthNamespace === session.birthNamespace) return;
    const options = "--netns or --birth-netns";
    throw new Error(
      `\`${name}' can't be reloaded so: give ${options} as to the \`up' that made it`,
    );
  }
  if (phase !== "up") {
    const command = phase === "down" ? "down" : "up";
    throw new Error(
      `\`${name}' is not up: an earlier \`${command}' was cut off; ` +
        `\`wgts down ${name}' cleans up, \`wgts up ${name}' brings it up again`,
    );
  }
  const reason = engine === null ? "its interface was deleted" : describeDeath(session, engine);
  throw new Error(
    `\`${name}' can't be reloaded: ${reason}; ` +
      `\`wgts down ${name}' cleans up, \`wgts up ${name}' brings it up again`,
  );
}

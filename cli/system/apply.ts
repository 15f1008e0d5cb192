/**
 * Carries out a plan, step by step, with its journal.
 *
 * @module
 */
import { expandHook } from "../../core/config/quick.ts";
import type { QuickConfig } from "../../core/config/types.ts";
import {
  type Action,
  type Backend,
  describeAction,
  describeChange,
  fallbackOf,
  type Step,
  toleratedConsequence,
  undoOf,
} from "../../core/plan.ts";
import type { InterfaceChange } from "../../core/interface_change.ts";
import type { SyncChanges } from "../../core/plan/sync.ts";
import type { Journal, JournalEntry } from "../journal.ts";
import { markOf, standing } from "./guard.ts";
import { applyDns, dnsBefore } from "./dns/step.ts";
import { messageOf } from "./message_of.ts";
import { firstAddresses, resolveEndpoints } from "./resolve_endpoints.ts";
import type { Session } from "./session.ts";
import { srcValidMarkBefore } from "./shared_state.ts";
import type { ResolvedEndpoints } from "./system.ts";

const NO_CHANGE: InterfaceChange = { replacePeers: false, peers: [] };

/** A hook ended with another code than 0, which becomes the exit code of the command. */
export class HookError extends Error {
  override readonly name = "HookError";

  constructor(readonly moment: string, readonly command: string, readonly code: number) {
    super(`${moment} command failed with exit code ${code}: ${command}`);
  }
}

/** What steps hand on to later ones. */
export interface Progress {
  readonly config: QuickConfig;
  endpoints: ResolvedEndpoints;
  /** Who serves the interface, once it exists. */
  backend: Backend;
  /** The interface's index, once it exists. */
  index: number;
  /** The interface's MTU in bytes, once it is set. */
  mtu: number;
  /** How the running interface becomes what the config says, where that is known. */
  readonly changes: SyncChanges | null;
  /** What was said to go without because of failures. */
  readonly complained: Set<string>;
}

/**
 * Runs the steps of `up`. The journal knows of each change before it is made.
 *
 * @throws whatever made a step fail; nothing is undone then
 */
export async function applySteps(
  session: Session,
  journal: Journal,
  steps: readonly Step[],
  config: QuickConfig,
): Promise<void> {
  const progress: Progress = {
    config,
    endpoints: new Map(),
    backend: "userspace",
    index: 0,
    mtu: Infinity,
    changes: null,
    complained: new Set(),
  };
  for (const step of steps) await applyTolerantly(session, journal, step, progress);
}

/**
 * Carries out one step. The journal knows of it before.
 *
 * @returns whether it succeeded; when not, the tunnel can live without it, and a warning says so
 * @throws whatever made it fail; nothing is undone then
 */
export async function applyTolerantly(
  session: Session,
  journal: Journal,
  step: Step,
  progress: Progress,
): Promise<boolean> {
  session.signal.throwIfAborted();
  const problem = await tryStep(session, journal, step, progress);
  if (problem === null) return true;
  const consequence = session.strict
    ? null
    : toleratedConsequence(step, codeOf(problem), progress.mtu);
  if (consequence === null) throw problem;
  if (!progress.complained.has(consequence)) {
    progress.complained.add(consequence);
    session.warn(`${messageOf(problem)}: ${consequence}`);
  }
  return false;
}

/**
 * Carries out a step, or what takes its place where the system can't.
 * @returns what made it fail; null when it succeeded
 */
async function tryStep(
  session: Session,
  journal: Journal,
  step: Step,
  progress: Progress,
): Promise<unknown> {
  try {
    await applyStep(session, journal, step, progress);
    return null;
  } catch (error) {
    const fallback = fallbackOf(step, codeOf(error));
    if (fallback === null) return error;
    const other = await tryStep(session, journal, fallback, progress);
    return other === null ? null : new FallbackError(error, other);
  }
}

/** Neither a step nor what takes its place could be carried out. */
class FallbackError extends Error {
  override readonly name = "FallbackError";
  /** The name of the first error. */
  readonly code: string;

  constructor(first: unknown, second: unknown) {
    super(`${messageOf(first)}; ${messageOf(second)}`);
    this.code = codeOf(first);
  }
}

/** Carries out one step, whatever its failure would mean. The journal knows of it before. */
export async function applyStep(
  session: Session,
  journal: Journal,
  { action, undo }: Step,
  progress: Progress,
): Promise<void> {
  if (undo === null) return await apply(session, journal, action, progress);
  if (action.kind === "set-src-valid-mark") {
    // Reading what others have set, and saying that it is ours too, must be one step.
    using _lock = await session.lockShared();
    return await applyJournalled(session, journal, action, progress, srcValidMarkBefore(session));
  }
  if (action.kind === "set-dns") {
    // Tunnels share /etc/resolv.conf.
    using _lock = await session.lockShared();
    return await applyJournalled(session, journal, action, progress, dnsBefore(session, action));
  }
  await applyJournalled(session, journal, action, progress, null);
}

async function applyJournalled(
  session: Session,
  journal: Journal,
  planned: Action,
  progress: Progress,
  before: string | null,
): Promise<void> {
  // A reload plans with what stands.
  const former = journal.state.phase === "starting" ? standing(journal.state, planned) : null;
  if (former !== null) return await takeOver(session, journal, former, progress);
  const action = withPriority(session, planned);
  const undo = undoOf(action);
  if (undo === null) throw new TypeError(`${action.kind} has nothing to undo`);
  const entry = journal.intend(action, undo, before);
  try {
    await apply(session, journal, action, progress);
  } catch (error) {
    if (await changedNothing(session, action)) journal.undone(entry);
    throw error;
  }
  journal.done(entry);
}

/** Does again what a former `up` did, in case that others took it back. */
async function takeOver(
  session: Session,
  journal: Journal,
  { action }: JournalEntry,
  progress: Progress,
): Promise<void> {
  try {
    await apply(session, journal, action, progress);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

/** Whether nothing is left of `action`, which failed. */
async function changedNothing({ system, name }: Session, action: Action): Promise<boolean> {
  // An engine that failed may have got anywhere; a call to the kernel changed nothing.
  if (action.kind === "create-interface") return action.backend === "kernel";
  if (action.kind !== "add-firewall" || action.by === undefined) return true;
  try {
    // The rules of one table may be there without those of the other one.
    await system.deleteIptablesRules(name, action.family);
    return true;
  } catch {
    return false; // `down` tries it again
  }
}

/** Chooses a rule's place at the last moment: hooks may add rules too. */
function withPriority(session: Session, action: Action): Action {
  if (action.kind !== "add-rule" || action.priority !== null) return action;
  return { ...action, priority: session.system.nextRulePriority(action.family) };
}

async function apply(
  session: Session,
  journal: Journal,
  action: Action,
  progress: Progress,
): Promise<void> {
  const { system, name } = session;
  if (action.kind === "link-up") {
    const mtu = action.mtu ?? discoverMtu(session, progress.endpoints, standingMark(journal));
    trace(session, { ...action, mtu }, null);
    progress.mtu = mtu;
    system.linkUp(progress.index, mtu);
    if (progress.backend === "userspace") system.awaitEngine(name);
    return;
  }
  trace(session, action, progress.changes);
  switch (action.kind) {
    case "create-interface":
      progress.backend = action.backend;
      progress.index = await createInterface(session, journal, action.backend);
      return;
    case "hook":
      return await runHook(session, action.moment, action.command);
    case "resolve-endpoints":
      progress.endpoints = await resolveEndpoints(session, progress.config, standingMark(journal));
      return;
    case "configure":
      return system.configure(name, progress.backend, progress.config, progress.endpoints);
    case "set-fwmark":
      return system.changeInterface(name, progress.backend, {
        ...NO_CHANGE,
        fwmark: action.fwmark,
      });
    case "add-address":
      return system.addAddress(progress.index, action.prefix);
    case "delete-address":
      return system.deleteAddress(progress.index, action.prefix);
    case "add-route":
      return system.addRoute(progress.index, action.prefix, action.table);
    case "append-route":
      return system.appendRoute(progress.index, action.prefix, action.table);
    case "delete-route":
      return system.deleteRoute(progress.index, action.prefix, action.table);
    case "set-listen-port":
      return system.changeInterface(name, progress.backend, {
        ...NO_CHANGE,
        listenPort: action.port,
      });
    case "extend-interface":
      return system.changeInterface(name, progress.backend, progress.changes?.extend ?? NO_CHANGE);
    case "reduce-interface":
      return system.changeInterface(name, progress.backend, progress.changes?.reduce ?? NO_CHANGE);
    case "add-unreachable":
      return system.addUnreachable(action.family, action.table);
    case "add-throw":
      return system.addThrow(action.prefix, action.table);
    case "add-firewall":
      return action.by === "iptables"
        ? await system.addIptablesRules(progress.index, name, action.family, action.fwmark)
        : system.addFirewall(progress.index, name, action.family, action.fwmark);
    case "add-rule":
      if (action.priority === null) throw new TypeError("a rule needs a priority");
      return system.addRule(action.family, action.rule, action.priority);
    case "set-src-valid-mark":
      return system.writeSrcValidMark("1");
    case "set-dns":
      return await applyDns(session, progress.index, action);
  }
}

/** The mark of what gets past the rules of a dead tunnel whose place is taken; null when there are none. */
function standingMark({ state: { entries } }: Journal): number | null {
  return markOf(entries);
}

/** What fits Ethernet, in bytes, as `wireguard-go` and the kernel have it. */
const USUAL_MTU = 1420;

/** The MTU that fits the routes to `endpoints`; where they can't be found out, the usual one. */
function discoverMtu(session: Session, endpoints: ResolvedEndpoints, mark: number | null): number {
  try {
    const own = { index: 0, fwmark: mark ?? 0 };
    return session.system.discoverMtu(firstAddresses(endpoints), own);
  } catch (error) {
    if (session.strict) throw error;
    session.warn(
      `${
        messageOf(error)
      }: the MTU is ${USUAL_MTU} bytes; where the way to a peer takes less than ` +
        `${USUAL_MTU + 80}, packets are sent in fragments: then set MTU in the config`,
    );
    return USUAL_MTU;
  }
}

async function createInterface(
  session: Session,
  journal: Journal,
  backend: Backend,
): Promise<number> {
  const { system, name } = session;
  if (backend === "kernel") {
    const index = system.createKernelInterface(name);
    try {
      journal.createdInKernel(index);
    } catch (error) {
      system.deleteLink(index);
      throw error;
    }
    return index;
  }
  const process = system.identify(await system.startEngine(name));
  const link = system.link(name);
  if (process === null || link === null) throw new Error(`the engine of ${name} ended at once`);
  journal.startedEngine({ ...process, interfaceIndex: link.index });
  return link.index;
}

/**
 * Runs a command of the config.
 * @throws HookError when it fails
 */
export async function runHook(session: Session, moment: string, command: string): Promise<void> {
  const expanded = expandHook(command, session.name);
  const code = await session.system.runHook(session.name, expanded, session.signal);
  session.signal.throwIfAborted();
  if (code !== 0) throw new HookError(moment, expanded, code);
}

/** Prints the commands that do the same as `action`; `changes` says what it does to keys and peers. */
export function trace(session: Session, action: Action, changes: SyncChanges | null): void {
  if (action.kind === "extend-interface" || action.kind === "reduce-interface") {
    const change = action.kind === "extend-interface" ? changes?.extend : changes?.reduce;
    for (const line of describeChange(change ?? NO_CHANGE, session.name)) session.trace(line);
    return;
  }
  const command = describeAction(action, session.name);
  if (command !== null) session.trace(command);
}

/** The name of an error of the system; "" for any other. */
function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

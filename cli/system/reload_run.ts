/**
 * Carries out the plan of a reload, and takes it back when a step fails.
 *
 * @module
 */
import type { InterfaceState } from "../../core/interface_state.ts";
import type { IpFamily } from "../../core/ip.ts";
import { type Action, describeChange, toStep } from "../../core/plan.ts";
import type {
  MakeStep,
  ReloadStep,
  RunningTunnel,
  StandingChange,
} from "../../core/plan/reload_steps.ts";
import { isEmptyChange, restoreInterface } from "../../core/plan/sync.ts";
import type { Journal, JournalEntry, JournalHeader } from "../journal.ts";
import { applyStep, applyTolerantly, type Progress } from "./apply.ts";
import { messageOf } from "./message_of.ts";
import type { Session } from "./session.ts";
import { wipeKeys } from "./survey.ts";
import { undoEntry } from "./undo.ts";

/** What ran before. */
export interface FormerTunnel {
  /** Holds secrets. */
  readonly interface: InterfaceState;
  readonly routes: RunningTunnel["routes"];
  /** What the journal said. */
  readonly header: JournalHeader;
}

type PeersAction = "extend-interface" | "reduce-interface";

/** What sets something, so that it does no harm to set it back though it wasn't set. */
const REPEATABLE: readonly Action["kind"][] = [
  "extend-interface",
  "reduce-interface",
  "set-listen-port",
  "set-fwmark",
  "link-up",
];

/** One reload of one tunnel. */
export class ReloadRun {
  readonly #session: Session;
  readonly #journal: Journal;
  readonly #progress: Progress;
  readonly #former: FormerTunnel;
  /** The journal's entries of what was made. */
  readonly #entries = new Map<MakeStep, JournalEntry>();

  /** @param journal that knows what may be there meanwhile */
  constructor(session: Session, journal: Journal, progress: Progress, former: FormerTunnel) {
    this.#session = session;
    this.#journal = journal;
    this.#progress = progress;
    this.#former = former;
  }

  /**
   * Carries the steps out and then `finish`, and has the journal say `header` in the end. When one fails,
   * those before it are taken back, last first.
   *
   * @throws what made it fail
   */
  async carryOut(
    steps: readonly ReloadStep[],
    header: JournalHeader,
    finish: () => Promise<void>,
  ): Promise<void> {
    const done: ReloadStep[] = [];
    try {
      for (const step of steps) {
        // One that fails may have got halfway.
        if (isRepeatable(step)) done.push(step);
        if (await this.#perform(step) && !isRepeatable(step)) done.push(step);
      }
      await finish();
      this.#journal.settle(header);
    } catch (error) {
      await this.#takeBack(done.reverse());
      throw error;
    }
  }

  /** Whether it succeeded: the tunnel may be able to live without. */
  async #perform(step: ReloadStep): Promise<boolean> {
    const session = this.#session;
    if (step.kind === "unmake") {
      session.signal.throwIfAborted();
      const entry = this.#entryOf(step.change);
      if (entry !== null) await this.#undo(session, entry);
      return true;
    }
    const last = this.#journal.state.entries.at(-1);
    if (!await applyTolerantly(session, this.#journal, step.step, this.#progress)) return false;
    const entry = this.#journal.state.entries.at(-1);
    if (entry === undefined || entry === last) return true;
    this.#entries.set(step, entry);
    const former = step.replaces === null ? null : this.#entryOf(step.replaces);
    if (former !== null) this.#journal.undone(former);
    return true;
  }

  async #undo(session: Session, entry: JournalEntry): Promise<void> {
    await undoEntry(session, this.#journal.state, entry);
    this.#journal.undone(entry);
  }

  #entryOf(change: StandingChange | MakeStep): JournalEntry | null {
    if (change.kind === "make") return this.#entries.get(change) ?? null;
    return this.#journal.state.entries.find(({ id }) => id === change.id) ?? null;
  }

  /** @param steps in the order in which they are to be taken back */
  async #takeBack(steps: readonly ReloadStep[]): Promise<void> {
    const session = this.#session.uninterrupted();
    let complete = true;
    const attempt = async (body: () => void | Promise<void>) => {
      try {
        await body();
      } catch (error) {
        session.print(`wgts: ${messageOf(error)}`);
        complete = false;
      }
    };
    for (const step of steps) await attempt(() => this.#reverse(session, step));
    await attempt(() => this.#heal(session, steps));
    if (complete) return this.#journal.settle(this.#former.header);
    session.print(`wgts: ${session.name} could not be set back completely: see above`);
  }

  async #reverse(session: Session, step: ReloadStep): Promise<void> {
    if (step.kind === "unmake") return await this.#makeAgain(session, step.change);
    const { kind } = step.step.action;
    if (kind === "extend-interface" || kind === "reduce-interface") {
      return await this.#restorePeers(session, kind);
    }
    if (step.inverse !== null) return await this.#apply(session, step.inverse);
    const entry = this.#entries.get(step);
    if (entry === undefined) return;
    if (step.replaces === null) return await this.#undo(session, entry);
    await this.#makeAgain(session, step.replaces);
    this.#journal.undone(entry);
  }

  async #makeAgain(session: Session, change: StandingChange | MakeStep): Promise<void> {
    const entry = this.#entryOf(change);
    if (entry === null) return;
    await this.#apply(session, entry.action);
    const renewed = this.#journal.state.entries.at(-1);
    if (change.kind === "make" && renewed !== undefined) this.#entries.set(change, renewed);
  }

  /** What was reduced comes back at once, what was extended goes when all that needed it is gone. */
  async #restorePeers(session: Session, kind: PeersAction): Promise<void> {
    const { system, name } = session;
    const { backend, changes } = this.#progress;
    if (changes === null) return;
    const now = await system.readInterface(name, backend);
    try {
      const back = restoreInterface(this.#former.interface, now, changes.extend);
      const parts = kind === "extend-interface" ? [back.extend, back.reduce] : [back.extend];
      for (const part of parts) {
        if (isEmptyChange(part)) continue;
        for (const line of describeChange(part, name)) session.trace(line);
        system.changeInterface(name, backend, part);
      }
    } finally {
      wipeKeys(now);
    }
  }

  /** What went by itself: the firewall names addresses, and routes go with the last one. */
  async #heal(session: Session, steps: readonly ReloadStep[]): Promise<void> {
    const changed = new Set<IpFamily>();
    for (const step of steps) {
      const action = step.kind === "make" ? step.step.action : null;
      if (action?.kind === "add-address" || action?.kind === "delete-address") {
        changed.add(action.family);
      }
    }
    for (const { family, prefix, table, isKernels } of this.#former.routes) {
      if (!isKernels && changed.has(family)) {
        session.system.addRoute(this.#progress.index, prefix, table);
      }
    }
    for (const entry of [...this.#journal.state.entries]) {
      const { action, undone } = entry;
      if (undone || action.kind !== "add-firewall" || !changed.has(action.family)) continue;
      // Those of iptables would stand twice.
      if (action.by === "iptables") await this.#undo(session, entry);
      await this.#apply(session, action);
      this.#journal.undone(entry);
    }
  }

  async #apply(session: Session, action: Action): Promise<void> {
    await applyStep(session, this.#journal, toStep(action), this.#progress);
  }
}

function isRepeatable(step: ReloadStep): boolean {
  return step.kind === "make" && REPEATABLE.includes(step.step.action.kind);
}

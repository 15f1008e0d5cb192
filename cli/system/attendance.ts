/**
 * Having the commands run that a config has for events, from `up` and `reload` on.
 *
 * @module
 */
import type { QuickConfig } from "../../core/config/types.ts";
import type { AttendantIdentity, Journal, JournalState } from "../journal.ts";
import type { Attended } from "./attend.ts";
import { messageOf } from "./message_of.ts";
import type { Session } from "./session.ts";

/**
 * Starts what runs the commands, and has the journal know. A tunnel without them still is one, unless
 * `session` is strict.
 */
export async function startAttendance(
  session: Session,
  journal: Journal,
  attended: Attended,
): Promise<void> {
  let attendant: AttendantIdentity | null = null;
  try {
    attendant = await session.system.startAttendant(attended);
    journal.attended(attendant);
  } catch (error) {
    if (attendant !== null) session.system.retireAttendant(attendant);
    if (session.strict) throw error;
    session.warn(`no command of the config runs for its events: ${messageOf(error)}`);
  }
}

/** What a reload changes about it: the commands themselves are read when they are to run. */
export class AttendanceChange {
  readonly #session: Session;
  readonly #attended: Attended;
  readonly #former: AttendantIdentity | null;
  readonly #starts: boolean;
  readonly #ends: boolean;
  #started: AttendantIdentity | null = null;

  /** @param index of the interface */
  constructor(
    session: Session,
    { attendant, header }: JournalState,
    config: QuickConfig,
    configPath: string,
    index: number,
  ) {
    const { system, name } = session;
    const lives = attendant !== null &&
      system.identify(attendant.pid)?.startTime === attendant.startTime;
    const isWanted = config.interface.eventHooks !== undefined;
    const reads = header.config === configPath;
    this.#session = session;
    this.#attended = { name, index, configPath, since: system.wallClock() };
    this.#former = lives ? attendant : null;
    const isOwn = this.#former?.inForeground === true;
    this.#starts = isWanted && !isOwn && !(lives && reads);
    this.#ends = lives && !isOwn && !(isWanted && reads);
    if (isWanted && isOwn && !reads) {
      session.warn(
        `the commands for events are still those of ${header.config}, until the next \`up' of ${name}`,
      );
    }
  }

  /** Whether there is nothing to do. */
  get isNone(): boolean {
    return !this.#starts && !this.#ends;
  }

  /** Prints what is to be done. */
  trace(): void {
    const { name, index, configPath } = this.#attended;
    if (this.#starts) this.#session.trace(`wgts attend ${name} ${index} ${configPath}`);
    if (this.#ends) this.#session.trace(`kill -USR2 ${this.#former?.pid}`);
  }

  /** Starts what is to run. */
  async begin(journal: Journal): Promise<void> {
    if (!this.#starts) return;
    await startAttendance(this.#session, journal, this.#attended);
    const { attendant } = journal.state;
    if (attendant !== this.#former) this.#started = attendant;
  }

  /** Ends what isn't to run any more, once nothing can fail. */
  end(journal: Journal): void {
    if (this.#former === null || !this.#ends) return;
    if (this.#started === null) journal.attended(null);
    this.#session.system.retireAttendant(this.#former);
  }

  /** Ends what {@linkcode begin} started. */
  takeBack(journal: Journal): void {
    if (this.#started === null) return;
    this.#session.system.retireAttendant(this.#started);
    journal.attended(this.#former);
  }
}

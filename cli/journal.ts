/**
 * The write-ahead journal of `up`: what is going to be changed, how it is undone and what was there
 * before is on disk before each change, so that `down` can clean up whatever happened in between.
 *
 * One file per network namespace and interface, in a directory that only root may read (commands of a
 * config may hold secrets). Each line is a JSON object; the last one may be torn.
 *
 * @module
 */
import type { Action, Made, Undo } from "../core/plan.ts";

const VERSION = 1;
const SUFFIX = ".journal";

/** A network namespace. */
export interface NetworkNamespace {
  /** Device and inode number of /proc/self/ns/net, which another namespace may get after its end. */
  readonly device: number;
  readonly inode: number;
  /** A number that no other namespace gets until reboot (SO_NETNS_COOKIE); "" where the kernel has none. */
  readonly cookie: string;
}

/** What of the system a journal belongs to: it says nothing about any other. */
export interface JournalScope {
  readonly namespace: NetworkNamespace;
  /** /proc/sys/kernel/random/boot_id: nothing of what a journal describes outlives a reboot. */
  readonly bootId: string;
}

/** A process that serves an interface, and the interface. */
export interface EngineIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: tells the process from a later one with the same number. */
  readonly startTime: string;
  /** The interface's index. */
  readonly interfaceIndex: number;
}

/** A process that runs the config's commands for events. */
export interface AttendantIdentity {
  readonly pid: number;
  /** As in {@linkcode EngineIdentity}. */
  readonly startTime: string;
  /** Whether that is `up --foreground`, whose main business it isn't. */
  readonly inForeground: boolean;
}

/** What a journal says of itself. */
export interface JournalHeader extends JournalScope {
  readonly interface: string;
  /** Absolute path of the config. */
  readonly config: string;
  /** The routing table that its default route takes, so that no other tunnel does; else null. */
  readonly table: number | null;
  /** The commands to run when the config can't be read any more. */
  readonly preDown: readonly string[];
  readonly postDown: readonly string[];
  /** Whether the end of `up --foreground` saves the tunnel's state to the config. */
  readonly saveConfig: boolean;
  /** Inode number of the network namespace of the UDP sockets, where that is another; else null. */
  readonly birthNamespace: number | null;
  /** What the interface was given, for `reload` to compare. */
  readonly made: Made;
}

/** One change: intended, perhaps done, perhaps undone. */
export interface JournalEntry {
  readonly id: number;
  readonly action: Action;
  readonly undo: Undo;
  /** The value seen before, where the undo restores one; else null. */
  readonly before: string | null;
  done: boolean;
  undone: boolean;
}

/** How far the commands got. */
export type JournalPhase =
  /** `up` didn't finish. */
  | "starting"
  /** `up` finished. */
  | "up"
  /** `down` ran the PreDown commands. */
  | "down";

/** What a journal says. */
export interface JournalState {
  /** Of the `up` that was begun last, or the `reload`. */
  header: JournalHeader;
  readonly entries: JournalEntry[];
  phase: JournalPhase;
  /** The interface's engine, once it was started. */
  engine: EngineIdentity | null;
  /** The index of the interface, once it was created, if the kernel serves it. */
  kernelIndex: number | null;
  /** What runs the commands for events; null when nothing was started for that, or it was told to end. */
  attendant: AttendantIdentity | null;
}

/** One line of the file behind the header's. */
type JournalRecord =
  | {
    readonly intent: number;
    readonly action: Action;
    readonly undo: Undo;
    readonly before: string | null;
  }
  | { readonly restart: JournalHeader }
  | { readonly done: number }
  | { readonly undone: number }
  | { readonly engine: EngineIdentity }
  | { readonly kernelIndex: number }
  | { readonly attendant: AttendantIdentity | null }
  | { readonly phase: JournalPhase }
  /** Takes the place of what the header said. */
  | { readonly header: JournalHeader };

/** A journal that is being written. Closing it leaves the file. */
export class Journal implements Disposable {
  #file: Deno.FsFile;
  /** Bytes in the file, all of them whole lines. */
  #length: number;

  private constructor(
    readonly path: string,
    readonly state: JournalState,
    file: Deno.FsFile,
    length: number,
  ) {
    this.#file = file;
    this.#length = length;
  }

  /** Starts the journal of a new `up` in `directory`. Fails when the interface has one. */
  static create(directory: string, header: JournalHeader): Journal {
    const path = journalPath(directory, header.namespace, header.interface);
    const file = Deno.openSync(path, { write: true, createNew: true, mode: 0o600 });
    const state = newState(header);
    const journal = new Journal(path, state, file, 0);
    try {
      journal.#append({ version: VERSION, ...header });
    } catch (error) {
      journal.close();
      journal.remove();
      throw error;
    }
    return journal;
  }

  /**
   * Opens the journal of interface `name` to go on with it. Null when there is none, or one that says
   * nothing (cut off in its first line, or of another boot or a namespace that is gone): that is removed.
   */
  static open(directory: string, scope: JournalScope, name: string): Journal | null {
    const path = journalPath(directory, scope.namespace, name);
    const text = readFile(path);
    if (text === null) return null;
    const state = parseJournal(text, path);
    if (state === null || !isOfScope(state.header, scope)) {
      Deno.removeSync(path);
      return null;
    }
    const file = Deno.openSync(path, { write: true });
    const length = new TextEncoder().encode(completeLines(text)).length;
    file.truncateSync(length);
    file.seekSync(length, Deno.SeekMode.Start);
    return new Journal(path, state, file, length);
  }

  /**
   * Goes on as the journal of a new `up`, which takes over what of the former one isn't undone.
   */
  restart(header: JournalHeader): void {
    this.#append({ restart: header });
    restart(this.state, header);
  }

  /** To be called before a change. Returns the entry, for {@linkcode done} and {@linkcode undone}. */
  intend(action: Action, undo: Undo, before: string | null): JournalEntry {
    const id = (this.state.entries.at(-1)?.id ?? -1) + 1;
    this.#append({ intent: id, action, undo, before });
    const entry = { id, action, undo, before, done: false, undone: false };
    this.state.entries.push(entry);
    return entry;
  }

  /** To be called after the change of `entry`. */
  done(entry: JournalEntry): void {
    this.#append({ done: entry.id });
    entry.done = true;
  }

  /** To be called when the change of `entry` is taken back, or didn't happen. */
  undone(entry: JournalEntry): void {
    this.#tryAppend({ undone: entry.id });
    entry.undone = true;
  }

  /** To be called as soon as the engine is known. */
  startedEngine(engine: EngineIdentity): void {
    this.#append({ engine });
    this.state.engine = engine;
  }

  /** To be called as soon as the kernel's interface is there. */
  createdInKernel(index: number): void {
    this.#append({ kernelIndex: index });
    this.state.kernelIndex = index;
  }

  /** To be called as soon as there is an attendant, and when it was told to end. */
  attended(attendant: AttendantIdentity | null): void {
    if (attendant === null) this.#tryAppend({ attendant });
    else this.#append({ attendant });
    this.state.attendant = attendant;
  }

  /** To be called when a phase is reached. */
  enter(phase: JournalPhase): void {
    if (phase === "down") this.#tryAppend({ phase });
    else this.#append({ phase });
    this.state.phase = phase;
  }

  /** To be called before changes that a `reload` makes: `header` is true of what may be there then. */
  renew(header: JournalHeader): void {
    this.#append({ header });
    this.state.header = header;
  }

  /**
   * To be called when those are made: starts anew with `header` and what stands, so that the file doesn't
   * grow with each `reload`. It has one content or the other, whatever happens meanwhile.
   */
  settle(header: JournalHeader): void {
    const { entries, phase, engine, kernelIndex, attendant } = this.state;
    const standing = entries.filter(({ undone }) => !undone);
    const records: JournalRecord[] = [
      ...engine === null ? [] : [{ engine }],
      ...kernelIndex === null ? [] : [{ kernelIndex }],
      ...attendant === null ? [] : [{ attendant }],
      ...standing.flatMap(({ id, action, undo, before, done }): JournalRecord[] => [
        { intent: id, action, undo, before },
        ...done ? [{ done: id }] : [],
      ]),
      { phase },
    ];
    const file = Deno.openSync(draftPath(this.path), {
      write: true,
      create: true,
      truncate: true,
      mode: 0o600,
    });
    const draft = new Journal(draftPath(this.path), newState(header), file, 0);
    try {
      draft.#append({ version: VERSION, ...header });
      for (const record of records) draft.#append(record);
      Deno.renameSync(draft.path, this.path);
    } catch (error) {
      draft.close();
      removeIfThere(draft.path);
      throw error;
    }
    this.close();
    this.#file = file;
    this.#length = draft.#length;
    this.state.header = header;
  }

  /** Removes the file: everything is undone. */
  remove(): void {
    removeIfThere(draftPath(this.path));
    Deno.removeSync(this.path);
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #append(record: JournalRecord | JournalHeader & { readonly version: number }): void {
    const line = new TextEncoder().encode(JSON.stringify(record) + "\n");
    try {
      for (let written = 0; written < line.length;) {
        written += this.#file.writeSync(line.subarray(written));
      }
      this.#file.syncDataSync();
      this.#length += line.length;
    } catch (error) {
      // The next line must not become a part of one that the disk had no room for.
      this.#file.truncateSync(this.#length);
      this.#file.seekSync(this.#length, Deno.SeekMode.Start);
      throw new Error(`Cannot write ${this.path}: ${reasonOf(error)}`, { cause: error });
    }
  }

  /**
   * Appends what may get lost, since undoing something twice does no harm: a full disk must not keep a
   * tunnel up.
   */
  #tryAppend(record: JournalRecord): void {
    try {
      this.#append(record);
    } catch {
      // Then the next `down` does it again.
    }
  }
}

/** What the journals of `scope` in `directory` say, `except` that of one interface. */
export function readJournals(
  directory: string,
  scope: JournalScope,
  except?: string,
): JournalState[] {
  return journalFiles(directory)
    .map((path) => parseJournal(readFile(path) ?? "", path))
    .filter((state) => state !== null)
    .filter(({ header }) => isOfScope(header, scope) && header.interface !== except);
}

/** What the journals of interfaces called `name` in other network namespaces say. */
export function readForeignJournals(
  directory: string,
  scope: JournalScope,
  name: string,
): JournalState[] {
  return journalFiles(directory)
    .filter((path) => path.startsWith(`${directory}/${name}@`))
    .map((path) => parseJournal(readFile(path) ?? "", path))
    .filter((state) => state !== null)
    .filter(({ header }) => !isSameNamespace(header.namespace, scope.namespace));
}

/** The file that holds the journal of interface `name`. */
export function journalPath(directory: string, namespace: NetworkNamespace, name: string): string {
  return `${directory}/${name}@${namespace.inode}${SUFFIX}`;
}

/**
 * Parses a journal's text. A torn last line doesn't count, nor does a damaged one in between: each
 * record stands for itself. Null when not even the header is there.
 *
 * @throws Error when another version of this program wrote it
 */
export function parseJournal(text: string, path: string): JournalState | null {
  const [first, ...rest] = completeLines(text).split("\n").map(parseObject);
  if (first === undefined || first === null || !("version" in first)) return null;
  if (first["version"] !== VERSION) {
    throw new Error(
      `${path} was written by another version of wgts: take the tunnel down with that one`,
    );
  }
  const header = first as unknown as JournalHeader;
  const state = newState(header);
  for (const record of rest) if (record !== null) replay(state, record as JournalRecord);
  return state;
}

function newState(header: JournalHeader): JournalState {
  const nobody = { engine: null, kernelIndex: null, attendant: null };
  return { header, entries: [], phase: "starting", ...nobody };
}

function restart(state: JournalState, header: JournalHeader): void {
  const { entries: _, ...anew } = newState(header);
  Object.assign(state, anew);
}

function replay(state: JournalState, record: JournalRecord): void {
  if ("intent" in record) {
    const { intent: id, action, undo, before } = record;
    state.entries.push({ id, action, undo, before, done: false, undone: false });
  } else if ("done" in record || "undone" in record) {
    const id = "done" in record ? record.done : record.undone;
    const entry = state.entries.find((entry) => entry.id === id);
    if (entry !== undefined) entry["done" in record ? "done" : "undone"] = true;
  } else if ("restart" in record) {
    restart(state, record.restart);
  } else if ("engine" in record) {
    state.engine = record.engine;
  } else if ("kernelIndex" in record) {
    state.kernelIndex = record.kernelIndex;
  } else if ("attendant" in record) {
    state.attendant = record.attendant;
  } else if ("phase" in record) {
    state.phase = record.phase;
  } else if ("header" in record) {
    state.header = record.header;
  }
}

/** The object that `line` encodes, or null. */
function parseObject(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" ? value as Record<string, unknown> | null : null;
  } catch {
    return null;
  }
}

/** `text` up to and with its last line feed. */
function completeLines(text: string): string {
  return text.slice(0, text.lastIndexOf("\n") + 1);
}

function isOfScope(header: JournalHeader, scope: JournalScope): boolean {
  return header.bootId === scope.bootId && isSameNamespace(header.namespace, scope.namespace);
}

/** Whether `a` and `b` are the same namespace, and not a later one of the same numbers. */
export function isSameNamespace(a: NetworkNamespace, b: NetworkNamespace): boolean {
  return a.device === b.device && a.inode === b.inode && a.cookie === b.cookie;
}

function journalFiles(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)]
      .filter(({ name }) => name.endsWith(SUFFIX))
      .map(({ name }) => `${directory}/${name}`)
      .sort();
  } catch (error) {
    // Without root's rights, as in a dry run, nobody's tunnels can be seen.
    const isHidden = error instanceof Deno.errors.PermissionDenied;
    if (isHidden || error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Where {@linkcode Journal.settle} writes; no journal as long as it is called so. */
function draftPath(path: string): string {
  return `${path}.new`;
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** What the system says of a failed call: "No space left on device". */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/ \(os error.*/s, "") : String(error);
}

function readFile(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

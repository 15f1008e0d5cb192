/**
 * What an engine leaves behind: a file that says which process serves an interface, and, once it has
 * ended, why. A process that is killed says nothing more; then it is the file that tells it was there.
 *
 * @module
 */
import { type FileIdentity, fileIdentity, sameFile } from "../../ffi/file_identity.ts";
import { identifyProcess } from "../system/process.ts";
import {
  engineRecordPath,
  RUNTIME_DIRECTORY,
  STATUS_DIRECTORY,
  statusSocketPath,
} from "../runtime_paths.ts";

/** The process that serves an interface, or did. */
export interface EngineRecord {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat. */
  readonly startTime: string;
  /** Seconds since 1970-01-01 UTC. */
  readonly startedAt: number;
  /** How it ended; null while it runs, and when it had no time to tell. */
  readonly end: { readonly time: number; readonly reason: string } | null;
}

/** Characters of a reason that are kept. */
const MAX_REASON_LENGTH = 1000;

/** The open file of a running engine. Nothing here throws: no tunnel ends, or fails to, for its words. */
export class LastWords {
  readonly #path: string;
  readonly #file: Deno.FsFile | null;
  readonly #identity: FileIdentity | null;

  private constructor(path: string, file: Deno.FsFile | null) {
    this.#path = path;
    this.#file = file;
    this.#identity = file === null ? null : fileIdentity(path);
  }

  /** Notes that this process serves the interface `name`. */
  static begin(name: string): LastWords {
    const path = engineRecordPath(name);
    try {
      Deno.mkdirSync(STATUS_DIRECTORY, { recursive: true, mode: 0o700 });
      // A new file: a reader of the old one isn't confused, and its mode is as it should be.
      removeIfThere(path);
      const file = Deno.openSync(path, { write: true, createNew: true, mode: 0o600 });
      const words = new LastWords(path, file);
      const process = identifyProcess(Deno.pid);
      words.#append({ ...process, startedAt: Math.floor(Date.now() / 1000) });
      return words;
    } catch {
      return new LastWords(path, null);
    }
  }

  /** Says why the process ends. */
  end(reason: string): void {
    const text = reason.slice(0, MAX_REASON_LENGTH);
    this.#append({ end: { time: Math.floor(Date.now() / 1000), reason: text } });
  }

  /** Removes the file: the end was wanted, and there is nothing to explain. */
  forget(): void {
    try {
      if (!sameFile(this.#identity, fileIdentity(this.#path))) return;
      Deno.removeSync(this.#path);
      Deno.removeSync(STATUS_DIRECTORY);
      Deno.removeSync(RUNTIME_DIRECTORY);
    } catch {
      // Others' files are there; or it couldn't be removed, and the next engine overwrites it.
    }
  }

  #append(value: unknown): void {
    try {
      this.#file?.writeSync(new TextEncoder().encode(JSON.stringify(value) + "\n"));
    } catch {
      // The disk is full.
    }
  }
}

/** What the engine of interface `name` left behind; null when there is nothing to be read. */
export function readEngineRecord(name: string): EngineRecord | null {
  let text: string;
  try {
    text = Deno.readTextFileSync(engineRecordPath(name));
  } catch (error) {
    if (isAbsence(error) || error instanceof Deno.errors.PermissionDenied) return null;
    throw error;
  }
  return parseEngineRecord(text);
}

/** Parses the text of a record; null when it was cut off, or isn't one. */
export function parseEngineRecord(text: string): EngineRecord | null {
  const fields: Record<string, unknown> = {};
  try {
    // What follows the last line feed was cut off.
    for (const line of text.split("\n").slice(0, -1)) Object.assign(fields, JSON.parse(line));
  } catch {
    return null;
  }
  const { pid, startTime, startedAt, end } = fields;
  const valid = typeof pid === "number" && typeof startTime === "string" &&
    typeof startedAt === "number";
  return valid ? { pid, startTime, startedAt, end: parseEnd(end) } : null;
}

function parseEnd(end: unknown): EngineRecord["end"] {
  if (typeof end !== "object" || end === null) return null;
  if (!("time" in end && "reason" in end)) return null;
  const { time, reason } = end;
  return typeof time === "number" && typeof reason === "string" ? { time, reason } : null;
}

/** Removes what the engine of interface `name` left behind, its status socket included. */
export function removeEngineFiles(name: string): void {
  removeIfThere(statusSocketPath(name));
  removeIfThere(engineRecordPath(name));
  try {
    Deno.removeSync(STATUS_DIRECTORY);
  } catch {
    // Another engine's files are in it.
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!isAbsence(error)) throw error;
  }
}

function isAbsence(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}

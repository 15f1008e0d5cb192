/**
 * Interfaces that an engine served until it died.
 *
 * @module
 */
import type { EndedInterface } from "../../core/status/report.ts";
import { SysError } from "../../ffi/errno.ts";
import { UnixStream } from "../../ffi/unix_socket.ts";
import { type EngineRecord, readEngineRecord } from "../engine/last_words.ts";
import { STATUS_DIRECTORY, statusSocketPath } from "../runtime_paths.ts";
import { identifyProcess } from "./process.ts";

const KILLED = "killed or crashed before it could tell why; if memory ran out, the kernel's log " +
  "(journalctl -k, dmesg) says so";
/** The shortest time limit of a socket. */
const AT_ONCE_MS = 1;
const HIDDEN = "for root to see";

/**
 * How the engine of interface `name` ended; null when there was none, it was ended by somebody who wanted
 * that, or its process still runs.
 */
export function endedEngine(name: string): EndedInterface | null {
  const record = readEngineRecord(name);
  if (record !== null) return isRunning(record) ? null : describe(name, record);
  if (!isAbandoned(statusSocketPath(name))) return null;
  return { name, pid: null, startedAt: null, endedAt: null, reason: HIDDEN };
}

/** The names of interfaces whose engines have died, as far as this process may know. */
export function listEndedEngines(): string[] {
  // Each may have two files; who may not read the one finds the other abandoned.
  const names = new Set(listFiles().map((name) => name.replace(/\.(engine|sock)$/, "")));
  return [...names].filter((name) => endedEngine(name) !== null).sort();
}

/** The names of interfaces whose engines have, or left, a status socket. */
export function listStatusSockets(): string[] {
  return listFiles().flatMap((name) => /^(.+)\.sock$/.exec(name)?.[1] ?? []);
}

function listFiles(): string[] {
  try {
    return [...Deno.readDirSync(STATUS_DIRECTORY)].map(({ name }) => name);
  } catch (error) {
    const hidden = error instanceof Deno.errors.PermissionDenied;
    if (hidden || error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function isRunning({ pid, startTime }: EngineRecord): boolean {
  return identifyProcess(pid)?.startTime === startTime;
}

function describe(name: string, { pid, startedAt, end }: EngineRecord): EndedInterface {
  const reason = plain(end?.reason ?? KILLED);
  return { name, pid, startedAt, endedAt: end?.time ?? null, reason };
}

/** One line, whatever an error had to say. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();
}

/** Whether a socket is at `path` that nobody listens at. */
function isAbandoned(path: string): boolean {
  try {
    // Only a socket at which too many wait already has others wait: somebody listens there.
    UnixStream.connect(path, AT_ONCE_MS).close();
    return false;
  } catch (error) {
    return error instanceof SysError && error.code === "ECONNREFUSED";
  }
}

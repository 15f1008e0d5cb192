/**
 * Processes as /proc shows them (proc(5)).
 *
 * @module
 */
import { Errno, errno, SysError } from "../../ffi/errno.ts";
import { SIGKILL, SIGTERM, SIGUSR2, SYS_pidfd_send_signal } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { openPidfd } from "../../ffi/process.ts";
import type { ProcessIdentity } from "./system.ts";

/** Identifies process `pid`; null when it is gone, or only waits for its parent to take notice. */
export function identifyProcess(pid: number): ProcessIdentity | null {
  const stat = readProc(`/proc/${pid}/stat`);
  return stat === null ? null : parseProcessStat(pid, stat);
}

/**
 * Reads /proc/PID/stat; null for a zombie. One whose threads aren't all gone still has its files open.
 */
export function parseProcessStat(pid: number, stat: string): ProcessIdentity | null {
  // The second field, the name in parentheses, may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state] = fields, threads = Number(fields[17]), startTime = fields[19];
  const isZombie = state === "X" || (state === "Z" && threads <= 1);
  return startTime === undefined || isZombie ? null : { pid, startTime };
}

const SIGNALS = { SIGKILL, SIGTERM, SIGUSR2 } as const;

/** Sends a signal to that very process, unless it is gone. */
export function signalProcess(process: ProcessIdentity, signal: keyof typeof SIGNALS): void {
  let pidfd: number;
  try {
    pidfd = openPidfd(process.pid);
  } catch (error) {
    if (error instanceof SysError && error.errno === Errno.ESRCH) return;
    throw error;
  }
  try {
    // Behind the pidfd is one process for good, so that it can't be replaced between look and signal.
    if (identifyProcess(process.pid)?.startTime !== process.startTime) return;
    const result = libc.syscall(SYS_pidfd_send_signal, pidfd, SIGNALS[signal], null, 0);
    const error = result < 0 ? errno() : 0;
    if (error !== 0 && error !== Errno.ESRCH) {
      throw new SysError(`send ${signal} to process ${process.pid}`, error);
    }
  } finally {
    libc.close(pidfd);
  }
}

/** The engine that holds the TUN `name` of this network namespace; null when there is none. */
export function findEngine(name: string): ProcessIdentity | null {
  const namespace = readLink("/proc/self/ns/net");
  for (const { name: entry } of Deno.readDirSync("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || !isEngine(readProc(`/proc/${pid}/cmdline`) ?? "", name)) continue;
    if (readLink(`/proc/${pid}/ns/net`) === namespace && holdsTun(pid, name)) {
      return identifyProcess(pid);
    }
  }
  return null;
}

/** Whether a command line (words that end with NUL) is that of the engine of `name`. */
export function isEngine(commandLine: string, name: string): boolean {
  const words = commandLine.split("\0");
  return words.some((word, i) => word === "engine" && words[i + 1] === name);
}

function holdsTun(pid: number, name: string): boolean {
  try {
    for (const { name: fd } of Deno.readDirSync(`/proc/${pid}/fdinfo`)) {
      const info = readProc(`/proc/${pid}/fdinfo/${fd}`) ?? "";
      if (info.split("\n").includes(`iff:\t${name}`)) return true;
    }
  } catch {
    // It ended meanwhile.
  }
  return false;
}

/** The text of a file of /proc; null when the process is gone. */
function readProc(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return null;
  }
}

function readLink(path: string): string | null {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return null;
  }
}

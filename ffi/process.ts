import { withInheritedCapabilities } from "./capabilities.ts";
import { check, checkNumber, errno, SysError } from "./errno.ts";
import {
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_SETFD,
  FD_CLOEXEC,
  O_RDWR,
  POSIX_SPAWN_FILE_ACTIONS_SIZE,
  POSIX_SPAWN_SETSID,
  POSIX_SPAWN_SETSIGDEF,
  POSIX_SPAWN_SETSIGMASK,
  POSIX_SPAWNATTR_SIZE,
  SIGHUP,
  SIGINT,
  SIGKILL,
  SIGPIPE,
  SIGQUIT,
  SIGTERM,
  SIGUSR1,
  SYS_pidfd_open,
  WNOHANG,
} from "./layout.ts";
import { libc } from "./libc.ts";
import { blockSignals, setBlockedSignals, signalSet } from "./signal.ts";
import { cString } from "./text.ts";

/** A program to be started. */
export interface Program {
  /** Absolute path of the executable. */
  path: string;
  /** Its arguments, the program's own name first. */
  arguments: readonly string[];
  /** Its whole environment. */
  environment: Readonly<Record<string, string>>;
  /** Signals it starts with blocked; by default, none. */
  blockedSignals?: readonly number[];
  /** The only capabilities it gets; by default, those the system gives. */
  capabilities?: readonly number[];
}

export interface SpawnOptions extends Program {
  /**
   * The file descriptors that it has: `[theirs, ours]`, or null for /dev/null. Any other is closed in it.
   */
  fds: readonly (readonly [theirs: number, ours: number | null])[];
  /** Whether it leads a session of its own, apart from our terminal. */
  newSession?: boolean;
}

/** How a process ended: by exit with `code`, or by `signal`; the other is null. */
export interface ExitStatus {
  code: number | null;
  signal: number | null;
}

/** Signals that a started program handles by default, whatever this process did about them. */
const RESET_SIGNALS = [SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGPIPE, SIGTERM];

/** Where our own copies of inherited descriptors go: above all numbers that those will have. */
const FIRST_COPY = 64;

/**
 * Starts a program and returns its process id.
 *
 * @throws SysError with ENOENT or EACCES when it can't be executed
 */
export function spawn(options: SpawnOptions): number {
  const { capabilities } = options;
  if (capabilities === undefined) return spawnProgram(options);
  return withInheritedCapabilities(capabilities, () => spawnProgram(options));
}

/**
 * Replaces this process by a program. File descriptors that are not closed on exec stay open.
 *
 * @throws SysError when it can't be executed; nothing has changed then
 */
export function execute(program: Program): never {
  const execve = (): never => {
    const blocked = blockSignals([]);
    setBlockedSignals(signalSet(program.blockedSignals ?? []));
    libc.execve(
      cString(program.path),
      cStringArray(program.arguments),
      cStringArray(environmentStrings(program.environment)),
    );
    const number = errno();
    setBlockedSignals(blocked);
    throw new SysError(`execute ${program.path}`, number);
  };
  if (program.capabilities === undefined) return execve();
  return withInheritedCapabilities(program.capabilities, execve);
}

function spawnProgram(options: SpawnOptions): number {
  const actions = new Uint8Array(POSIX_SPAWN_FILE_ACTIONS_SIZE);
  const attributes = new Uint8Array(POSIX_SPAWNATTR_SIZE);
  const copies: number[] = [];
  const restoreInherited = closeInheritedOnExec();
  checkNumber("prepare a process", libc.posix_spawn_file_actions_init(actions));
  checkNumber("prepare a process", libc.posix_spawnattr_init(attributes));
  try {
    for (const [theirs, ours] of options.fds) {
      if (ours === null) {
        const path = cString("/dev/null");
        checkNumber(
          "prepare a process",
          libc.posix_spawn_file_actions_addopen(actions, theirs, path, O_RDWR, 0),
        );
        continue;
      }
      // A copy can't be overwritten by the descriptor that takes the original's number.
      const copy = check(
        `inherit descriptor ${ours}`,
        libc.fcntl(ours, F_DUPFD_CLOEXEC, FIRST_COPY),
      );
      copies.push(copy);
      checkNumber(
        "prepare a process",
        libc.posix_spawn_file_actions_adddup2(actions, copy, theirs),
      );
    }
    setAttributes(attributes, options);
    const pid = new Int32Array(1);
    checkNumber(
      `execute ${options.path}`,
      libc.posix_spawn(
        pid,
        cString(options.path),
        actions,
        attributes,
        cStringArray(options.arguments),
        cStringArray(environmentStrings(options.environment)),
      ),
    );
    return pid[0] ?? 0;
  } finally {
    for (const copy of copies) libc.close(copy);
    libc.posix_spawn_file_actions_destroy(actions);
    libc.posix_spawnattr_destroy(attributes);
    restoreInherited();
  }
}

function setAttributes(attributes: Uint8Array<ArrayBuffer>, options: SpawnOptions): void {
  const flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
    (options.newSession ? POSIX_SPAWN_SETSID : 0);
  const blocked = signalSet(options.blockedSignals ?? []);
  checkNumber("prepare a process", libc.posix_spawnattr_setflags(attributes, flags));
  checkNumber("prepare a process", libc.posix_spawnattr_setsigmask(attributes, blocked));
  checkNumber(
    "prepare a process",
    libc.posix_spawnattr_setsigdefault(attributes, signalSet(RESET_SIGNALS)),
  );
}

/**
 * Marks all open descriptors from 3 up as closed on exec. Whoever started us may have left some open,
 * such as a lock or a pipe that it waits for the end of, which a background process would hold for good.
 *
 * @returns a function that takes the marks back
 */
function closeInheritedOnExec(): () => void {
  const marked: number[] = [];
  for (const entry of Deno.readDirSync("/proc/self/fd")) {
    const fd = Number(entry.name);
    if (fd < 3 || libc.fcntl(fd, F_GETFD, 0) !== 0) continue;
    libc.fcntl(fd, F_SETFD, FD_CLOEXEC);
    marked.push(fd);
  }
  return () => {
    for (const fd of marked) libc.fcntl(fd, F_SETFD, 0);
  };
}

/** Waits until the child `pid` ends, without blocking this thread. */
export async function waitForExit(pid: number): Promise<ExitStatus> {
  const status = new Int32Array(1);
  const result = await libc.waitpidAsync(pid, status, 0);
  // The errno of a nonblocking call is lost; but only a process that isn't our child fails here.
  if (result !== pid) throw new Error(`Cannot wait for process ${pid}: it is no child of this one`);
  return exitStatus(status[0] ?? 0);
}

/** How the child `pid` ended; null while it runs, and when it is no child of this process. */
export function pollExit(pid: number): ExitStatus | null {
  const status = new Int32Array(1);
  return libc.waitpid(pid, status, WNOHANG) === pid ? exitStatus(status[0] ?? 0) : null;
}

/** Kills the child `pid`, which nobody has waited for yet, and waits until it has ended. */
export function killChild(pid: number): void {
  libc.kill(pid, SIGKILL);
  libc.waitpid(pid, new Int32Array(1), 0);
}

/** A descriptor that gets readable when the process `pid` ends (since Linux 5.3). Closed on exec. */
export function openPidfd(pid: number): number {
  return check(`watch process ${pid}`, libc.syscall(SYS_pidfd_open, pid, 0, null, 0));
}

/** Decodes what waitpid(2) stores. */
function exitStatus(status: number): ExitStatus {
  const signal = status & 0x7f;
  return signal === 0 ? { code: status >> 8 & 0xff, signal: null } : { code: null, signal };
}

function environmentStrings(environment: Readonly<Record<string, string>>): string[] {
  return Object.entries(environment).map(([name, value]) => `${name}=${value}`);
}

/** A NULL-terminated array of pointers to C strings; the strings follow it in the same memory. */
function cStringArray(texts: readonly string[]): BigUint64Array<ArrayBuffer> {
  const strings = texts.map(cString);
  const tableSize = (strings.length + 1) * BigUint64Array.BYTES_PER_ELEMENT;
  const size = strings.reduce((sum, string) => sum + string.length, tableSize);
  const buffer = new ArrayBuffer(size);
  const bytes = new Uint8Array(buffer);
  const table = new BigUint64Array(buffer, 0, strings.length + 1);
  const base = BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
  let at = tableSize;
  strings.forEach((string, index) => {
    bytes.set(string, at);
    table[index] = base + BigInt(at);
    at += string.length;
  });
  return table;
}

import { check } from "../../ffi/errno.ts";
import { setCloseOnExec } from "../../ffi/fd.ts";
import { O_CLOEXEC, SIGHUP, SIGINT, SIGTERM, SIGUSR1 } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { inNetworkNamespace } from "../../ffi/namespace.ts";
import { execute, pollExit, type Program, spawn } from "../../ffi/process.ts";
import { engineCapabilities } from "../../ffi/sandbox.ts";
import type { UnixListener } from "../../ffi/unix_socket.ts";
import { engineOption } from "./engine_options.ts";
import type { OpenInterface } from "./open_interface.ts";
import { ownProgram } from "./own_program.ts";
import { openStatusSocket, removeStatusSocket } from "./status_socket.ts";

/** File descriptors that a spawned engine has; those below are its stdio. */
const ENGINE_FDS = { tun: 3, control: 4, ready: 5, status: 6 } as const;

/** What an engine writes to its ready descriptor when it serves; anything else is its last words. */
export const READY = "ready";

/**
 * Signals that are blocked before an engine has any thread: those that it reads by a signalfd, and those
 * that it must not see. The runtime would open a debugger's port on SIGUSR1, or die of it.
 */
const ENGINE_SIGNALS = [SIGTERM, SIGINT, SIGHUP, SIGUSR1];

/**
 * V8 flags of an engine; the task `compile` has the same. Packets make no garbage, and what handshakes and
 * control requests make is gone at once: a young generation that grows, to 48 MB, would only take memory.
 * The loop's code is compiled after a tenth of the usual number of calls: a quiet tunnel would take minutes
 * to make them, and until then each packet would wait for the interpreter.
 */
export const V8_FLAGS = "--max-semi-space-size=1,--invocation-count-for-maglev=100," +
  "--invocation-count-for-turbofan=300,--minimum-invocations-after-ic-update=50";

/** Environment variables that an engine gets; others may hold what it needn't know. */
const ENVIRONMENT = /^(HOME|PATH|LOG_LEVEL|NO_COLOR|XDG_CACHE_HOME|TMPDIR|DENO_.*|WGTS_.*)$/;

/**
 * Starts the process that serves an interface, with no more privileges than
 * {@linkcode engineCapabilities}, and closes the interface here. Resolves to the process's pid when the
 * control socket answers.
 *
 * `log` says where it logs to: the system's log, or this process's stderr. `options` are those of the
 * command `engine`, as `splitEngineOptions` gives them. `namespace` is the path of the network namespace that
 * its UDP sockets are in, if that is another than this process's.
 *
 * @throws Error that tells why the engine can't start
 */
export async function startEngine(
  { tun, control }: OpenInterface,
  { log, options, namespace = null }: {
    log: "syslog" | "stderr";
    options: readonly string[];
    namespace?: string | null;
  },
): Promise<number> {
  const { name } = tun;
  let ready: Deno.FsFile | null = null;
  let status: UnixListener | null = null;
  try {
    status = openStatus(name, options);
    const { status: statusFd, ...fds } = ENGINE_FDS;
    const [readEnd, writeEnd] = openPipe();
    try {
      ready = await Deno.open(`/proc/self/fd/${readEnd}`);
    } finally {
      libc.close(readEnd);
    }
    let pid: number;
    try {
      const start = () =>
        spawn({
          ...engineProgram(name, status === null ? fds : ENGINE_FDS, [`--log=${log}`, ...options]),
          newSession: true,
          fds: [
            [0, null],
            [1, log === "stderr" ? 2 : null],
            [2, log === "stderr" ? 2 : null],
            [ENGINE_FDS.tun, tun.fd],
            [ENGINE_FDS.control, control.fd],
            [ENGINE_FDS.ready, writeEnd],
            ...(status === null ? [] : [[statusFd, status.fd] as const]),
          ],
        });
      pid = namespace === null ? start() : inNetworkNamespace(namespace, start);
    } finally {
      libc.close(writeEnd);
    }
    const answer = (await new Response(ready.readable).text()).trim();
    if (answer !== READY) throw new Error(describeFailure(name, pid, answer));
    // They are the engine's now: the sockets' files must stay.
    libc.close(control.fd);
    if (status !== null) libc.close(status.fd);
    tun.close();
    return pid;
  } catch (error) {
    status?.close();
    control.close();
    tun.close();
    throw error;
  }
}

/**
 * Becomes the process that serves an interface, logging to stderr. `options` are those of
 * {@linkcode startEngine}.
 *
 * @throws SysError with advice when it can't
 */
export function becomeEngine({ tun, control }: OpenInterface, options: readonly string[]): never {
  let status: UnixListener | null = null;
  try {
    status = openStatus(tun.name, options);
    setCloseOnExec(tun.fd, false);
    setCloseOnExec(control.fd, false);
    if (status !== null) setCloseOnExec(status.fd, false);
    const own = { tun: tun.fd, control: control.fd };
    const fds = status === null ? own : { ...own, status: status.fd };
    return execute(engineProgram(tun.name, fds, ["--log=stderr", ...options]));
  } catch (error) {
    status?.close();
    control.close();
    tun.close();
    throw error;
  }
}

/** The status socket that `options` ask for. */
function openStatus(name: string, options: readonly string[]): UnixListener | null {
  const group = engineOption(options, "--status-group");
  if (group !== undefined) return openStatusSocket(name, group);
  // Readers would take one that a dead engine left for a sign of death.
  removeStatusSocket(name);
  return null;
}

function engineProgram(
  name: string,
  fds: { tun: number; control: number; ready?: number; status?: number },
  options: readonly string[],
): Program {
  const flags = Object.entries(fds).map(([what, fd]) => `--${what}-fd=${fd}`);
  const { path, arguments: words, files } = ownProgram(
    ["engine", name, ...flags, ...options],
    V8_FLAGS,
  );
  return {
    path,
    arguments: words,
    environment: Object.fromEntries(
      Object.entries(Deno.env.toObject()).filter(([variable]) => ENVIRONMENT.test(variable)),
    ),
    blockedSignals: ENGINE_SIGNALS,
    capabilities: engineCapabilities(files),
  };
}

function openPipe(): [readEnd: number, writeEnd: number] {
  const fds = new Int32Array(2);
  check("make a pipe", libc.pipe2(fds, O_CLOEXEC));
  return [fds[0] ?? -1, fds[1] ?? -1];
}

function describeFailure(name: string, pid: number, lastWords: string): string {
  if (lastWords !== "") return lastWords;
  const status = pollExit(pid);
  const how = status === null
    ? ""
    : status.signal === null
    ? ` with exit code ${status.code}`
    : ` by signal ${status.signal}`;
  return `the engine of ${name} ended at once${how}`;
}

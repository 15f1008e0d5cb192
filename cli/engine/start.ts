import { Errno, SysError } from "../../ffi/errno.ts";
import { setCloseOnExec } from "../../ffi/fd.ts";
import { SIGHUP, SIGINT, SIGTERM, SIGUSR1 } from "../../ffi/layout.ts";
import { MessageSocket } from "../../ffi/message_socket.ts";
import { inNetworkNamespace } from "../../ffi/namespace.ts";
import { execute, killChild, pollExit, type Program, spawn } from "../../ffi/process.ts";
import { engineCapabilities } from "../../ffi/sandbox.ts";
import type { OpenInterface } from "./open_interface.ts";
import { type Orders, READY, receiveAnswer, sendOrders } from "./orders.ts";
import { ownProgram } from "./own_program.ts";

/** The file descriptor of a spawned engine's {@linkcode Orders}; those below are its stdio. */
const ORDERS_FD = 3;

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
export const V8_FLAGS = "--max-semi-space-size=1,--expose-gc," +
  "--invocation-count-for-maglev=100,--invocation-count-for-turbofan=300," +
  "--minimum-invocations-after-ic-update=50";

/** Environment variables that an engine gets; others may hold what it needn't know. */
const ENVIRONMENT = /^(HOME|PATH|LOG_LEVEL|NO_COLOR|XDG_CACHE_HOME|TMPDIR|DENO_.*|WGTS_.*)$/;

/** How an engine is started. */
export interface StartOptions {
  /** Where it logs to: the system's log, or this process's stderr. */
  readonly log: "syslog" | "stderr";
  /** Those of the command `engine`, as `splitEngineOptions` gives them. */
  readonly options: readonly string[];
  /** Path of the network namespace that its UDP sockets are in; null where that is this process's. */
  readonly namespace?: string | null;
}

/**
 * The process of an engine that has no interface yet. It gets ready meanwhile, beside this process, so it
 * should be started as early as it is known to be needed. With this process, or when it is disposed of, it
 * ends, and nothing tells that it was there, unless it has been given an interface to {@linkcode serve}.
 */
export class WaitingEngine implements Disposable {
  #isChild = true;

  private constructor(
    readonly name: string,
    readonly pid: number,
    readonly socket: MessageSocket,
  ) {}

  /**
   * Starts the process that is to serve the interface `name`, with no more privileges than
   * {@linkcode engineCapabilities}.
   *
   * @throws SysError when it can't be executed
   */
  static start(name: string, { log, options, namespace = null }: StartOptions): WaitingEngine {
    const [own, theirs] = MessageSocket.pair();
    const stdio = log === "stderr" ? 2 : null;
    const start = () =>
      spawn({
        ...engineProgram(name, ORDERS_FD, [`--log=${log}`, ...options]),
        newSession: true,
        fds: [[0, null], [1, stdio], [2, stdio], [ORDERS_FD, theirs.fd]],
      });
    try {
      const pid = namespace === null ? start() : inNetworkNamespace(namespace, start);
      return new WaitingEngine(name, pid, own);
    } catch (error) {
      own.close();
      throw error;
    } finally {
      theirs.close();
    }
  }

  /**
   * Has it serve `opened`, and closes that here. `options` are further ones of the command `engine`.
   * Resolves to its pid when the control socket answers.
   *
   * @throws Error that tells why it can't; then the interface is gone
   */
  async serve(opened: OpenInterface, options: readonly string[] = []): Promise<number> {
    try {
      const answer = await this.#order(toOrders(opened, options));
      if (answer !== READY) throw new Error(answer || this.#describeEnd());
    } catch (error) {
      opened.close();
      throw error;
    }
    this.#isChild = false;
    this.socket.close();
    opened.handOver();
    return this.pid;
  }

  [Symbol.dispose](): void {
    if (!this.#isChild) return;
    this.#isChild = false;
    this.socket.close();
    killChild(this.pid);
  }

  /** Returns the engine's answer to `orders`; empty when it ended without one. */
  async #order(orders: Orders): Promise<string> {
    try {
      sendOrders(this.socket, orders);
    } catch (error) {
      if (error instanceof SysError && error.errno === Errno.EPIPE) return "";
      throw error;
    }
    return await receiveAnswer(this.socket);
  }

  #describeEnd(): string {
    const status = pollExit(this.pid);
    if (status !== null) {
      this.#isChild = false;
      this.socket.close();
    }
    const how = status === null
      ? ""
      : status.signal === null
      ? ` with exit code ${status.code}`
      : ` by signal ${status.signal}`;
    return `the engine of ${this.name} ended at once${how}`;
  }
}

/**
 * Becomes the process that serves an interface, logging to stderr. `options` are those of the command
 * `engine`.
 *
 * @throws SysError with advice when it can't
 */
export function becomeEngine(opened: OpenInterface, options: readonly string[]): never {
  const [own, engines] = MessageSocket.pair();
  try {
    sendOrders(own, toOrders(opened, []));
    setCloseOnExec(engines.fd, false);
    return execute(engineProgram(opened.tun.name, engines.fd, ["--log=stderr", ...options]));
  } catch (error) {
    own.close();
    engines.close();
    opened.close();
    throw error;
  }
}

function toOrders({ tun, control, status }: OpenInterface, options: readonly string[]): Orders {
  return { tun: tun.fd, control: control.fd, status: status?.fd ?? null, options };
}

function engineProgram(name: string, ordersFd: number, options: readonly string[]): Program {
  const { path, arguments: words, files } = ownProgram(
    ["engine", name, `--orders-fd=${ordersFd}`, ...options],
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

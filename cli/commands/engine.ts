import { controlSocketPath } from "../../core/uapi/client.ts";
import { setCloseOnExec } from "../../ffi/fd.ts";
import { SIGHUP, SIGUSR1 } from "../../ffi/layout.ts";
import { giveFreedMemoryBack } from "../../ffi/malloc.ts";
import { MessageSocket } from "../../ffi/message_socket.ts";
import { confineEngine } from "../../ffi/sandbox.ts";
import { ignoreSignal } from "../../ffi/signal.ts";
import { preferThisThread } from "../../ffi/thread_priority.ts";
import { TunDevice } from "../../ffi/tun.ts";
import { UdpSockets } from "../../ffi/udp.ts";
import { UnixListener } from "../../ffi/unix_socket.ts";
import { chooseCrypto, type CryptoFactory } from "../engine/choose_crypto.ts";
import type { CryptoPool } from "../engine/crypto_pool.ts";
import { Engine } from "../engine/engine.ts";
import { HeldLog, Logger, logLevelFrom, stderrSink } from "../engine/log.ts";
import { parseCryptoChoice } from "../engine/crypto_choice.ts";
import { parseBinding } from "../engine/socket_binding.ts";
import { engineOption } from "../engine/engine_options.ts";
import { LastWords } from "../engine/last_words.ts";
import { parseOffload } from "../engine/offload_option.ts";
import { answerOrders, READY, receiveOrders } from "../engine/orders.ts";
import { statusSocketPath } from "../runtime_paths.ts";
import { parseThreads } from "../engine/threads_option.ts";
import { syslogSink } from "../engine/syslog_sink.ts";

/**
 * `wgts engine`: serves an interface that `up` or `run` opens and sends it, by a socket that is inherited.
 * Not for use by hand. `choose` says with which cryptography, of which a benchmark has its own.
 *
 * All that can be done without the interface is done before it comes, for meanwhile the other process works,
 * too. Should none come, nothing is to tell that this one was there.
 */
export async function main(args: string[], choose = chooseCrypto): Promise<number> {
  const [name = "", ...given] = args;
  const ordersFd = Number(engineOption(given, "--orders-fd") ?? -1);
  const choice = parseCryptoChoice(engineOption(given, "--crypto") ?? "auto");
  const offload = parseOffload(engineOption(given, "--offload") ?? "auto");
  const threads = parseThreads(engineOption(given, "--threads") ?? "1");
  const parsed = choice !== null && offload !== null && threads !== null;
  if (!(ordersFd >= 0) || !parsed) {
    throw new Error("the engine is started by `wgts up' and `wgts run', not by hand");
  }
  // A runtime that gets SIGUSR1 opens a debugger's port, or dies.
  ignoreSignal(SIGUSR1);
  ignoreSignal(SIGHUP);
  giveFreedMemoryBack();
  preferThisThread();
  const log = new HeldLog(given.includes("--log=stderr") ? stderrSink(name) : syslogSink(name));
  const logger = new Logger(logLevelFrom(Deno.env.get("LOG_LEVEL")), log.sink);
  const chosen = () => choose({ choice, logger, shared: threads > 1 });
  const prepared = await prepare(chosen, threads, logger).catch(asError);
  const socket = new MessageSocket(ordersFd);
  setCloseOnExec(ordersFd);
  const orders = receiveOrders(socket);
  if (orders === null) return 0;
  log.release();
  const options = [...given, ...orders.options];
  let engine: Engine;
  let pool: CryptoPool | null;
  try {
    if (prepared instanceof Error) throw prepared;
    pool = prepared.pool;
    const binding = parseBinding(options);
    // Whoever starts it should learn now that it can't be bound so, not when the interface goes up.
    UdpSockets.open(0, 0, binding).close();
    const tun = TunDevice.fromFd(orders.tun);
    const control = UnixListener.fromFd(orders.control, controlSocketPath(name));
    const status = orders.status === null
      ? null
      : UnixListener.fromFd(orders.status, statusSocketPath(name));
    const { createCrypto } = prepared;
    engine = new Engine({ tun, control, status, logger, createCrypto, offload, pool, binding });
  } catch (error) {
    const text = asError(error).message;
    logger.error(text);
    answerOrders(socket, text);
    return 1;
  }
  logger.info(`serving ${name}, process ${Deno.pid}`);
  const lastWords = LastWords.begin(name);
  answerOrders(socket, READY);
  // From now on V8 measures growth by what is in use. Else it would first look after tens of megabytes.
  collectGarbage();
  try {
    const reason = engine.run();
    logger.info(`ending: ${reason}`);
    const missed = options.includes("--explain-end");
    if (missed) lastWords.end(reason);
    else lastWords.forget();
    engine.close(missed);
    pool?.stop();
    return 0;
  } catch (error) {
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    lastWords.end(`failed: ${error instanceof Error ? error.message : text}`);
    logger.error(`ending: ${text}`);
    engine.close(true);
    return 1;
  }
}

/** What an engine has before its interface. */
interface Prepared {
  readonly createCrypto: CryptoFactory;
  readonly pool: CryptoPool | null;
}

/** Loads the cryptography, starts threads for it, and confines the process. */
async function prepare(
  choose: () => Promise<CryptoFactory>,
  threads: number,
  logger: Logger,
): Promise<Prepared> {
  const createCrypto = await choose();
  const pool = threads === 1 ? null : await startPool(threads, logger);
  const { capabilities, noNewPrivileges, systemCalls } = confineEngine();
  logger.debug(
    `confined: capabilities ${capabilities}, no new privileges ${noNewPrivileges}, ` +
      `system calls ${systemCalls}`,
  );
  return { createCrypto, pool };
}

/** Where V8's flag `--expose-gc` was given. */
function collectGarbage(): void {
  (globalThis as { gc?: () => void }).gc?.();
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** Starts the threads that share the AEAD: now, for once the process is confined they couldn't be. */
async function startPool(threads: number, logger: Logger): Promise<CryptoPool> {
  const { CryptoPool } = await import("../engine/crypto_pool.ts");
  const pool = await CryptoPool.start(threads);
  if (pool.threads < threads) {
    logger.error(`only ${pool.threads} of ${threads} crypto threads could be started`);
  }
  return pool;
}

import { SIGHUP, SIGUSR1 } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { giveFreedMemoryBack } from "../../ffi/malloc.ts";
import { confineEngine } from "../../ffi/sandbox.ts";
import { ignoreSignal } from "../../ffi/signal.ts";
import { preferThisThread } from "../../ffi/thread_priority.ts";
import { TunDevice } from "../../ffi/tun.ts";
import { UdpSockets } from "../../ffi/udp.ts";
import { UnixListener } from "../../ffi/unix_socket.ts";
import { chooseCrypto } from "../engine/choose_crypto.ts";
import { controlSocketPath } from "../engine/control_path.ts";
import type { CryptoPool } from "../engine/crypto_pool.ts";
import { Engine } from "../engine/engine.ts";
import { Logger, logLevelFrom, stderrSink } from "../engine/log.ts";
import { parseCryptoChoice } from "../engine/crypto_choice.ts";
import { parseBinding } from "../engine/socket_binding.ts";
import { engineOption } from "../engine/engine_options.ts";
import { LastWords } from "../engine/last_words.ts";
import { parseOffload } from "../engine/offload_option.ts";
import { READY } from "../engine/start.ts";
import { statusSocketPath } from "../engine/status_path.ts";
import { parseThreads } from "../engine/threads_option.ts";
import { syslogSink } from "../engine/syslog_sink.ts";

/**
 * `wgts engine`: serves an interface that `up` or `run` opened; its file descriptors are inherited.
 * Not for use by hand. `choose` says with which cryptography, of which a benchmark has its own.
 */
export async function main(args: string[], choose = chooseCrypto): Promise<number> {
  const [name = "", ...options] = args;
  const fd = (what: string): number => {
    const option = options.find((option) => option.startsWith(`--${what}-fd=`));
    return option === undefined ? -1 : Number(option.slice(option.indexOf("=") + 1));
  };
  const choice = parseCryptoChoice(engineOption(options, "--crypto") ?? "auto");
  const offload = parseOffload(engineOption(options, "--offload") ?? "auto");
  const threads = parseThreads(engineOption(options, "--threads") ?? "1");
  const parsed = choice !== null && offload !== null && threads !== null;
  if (fd("tun") < 0 || fd("control") < 0 || !parsed) {
    throw new Error("the engine is started by `wgts up' and `wgts run', not by hand");
  }
  // A runtime that gets SIGUSR1 opens a debugger's port, or dies.
  ignoreSignal(SIGUSR1);
  ignoreSignal(SIGHUP);
  giveFreedMemoryBack();
  preferThisThread();
  const sink = options.includes("--log=stderr") ? stderrSink(name) : syslogSink(name);
  const logger = new Logger(logLevelFrom(Deno.env.get("LOG_LEVEL")), sink);
  const readyFd = fd("ready");
  const statusFd = fd("status");
  let pool: CryptoPool | null = null;
  let engine: Engine;
  try {
    const createCrypto = await choose({ choice, logger, shared: threads > 1 });
    pool = threads === 1 ? null : await startPool(threads, logger);
    const { capabilities, noNewPrivileges, systemCalls } = confineEngine();
    logger.debug(
      `confined: capabilities ${capabilities}, no new privileges ${noNewPrivileges}, ` +
        `system calls ${systemCalls}`,
    );
    const binding = parseBinding(options);
    // Whoever starts it should learn now that it can't be bound so, not when the interface goes up.
    UdpSockets.open(0, 0, binding).close();
    const tun = TunDevice.fromFd(fd("tun"));
    const control = UnixListener.fromFd(fd("control"), controlSocketPath(name));
    const status = statusFd < 0 ? null : UnixListener.fromFd(statusFd, statusSocketPath(name));
    engine = new Engine({ tun, control, status, logger, createCrypto, offload, pool, binding });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    logger.error(text);
    report(readyFd, text);
    return 1;
  }
  logger.info(`serving ${name}, process ${Deno.pid}`);
  const lastWords = LastWords.begin(name);
  report(readyFd, READY);
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

/** Starts the threads that share the AEAD: now, for once the process is confined they couldn't be. */
async function startPool(threads: number, logger: Logger): Promise<CryptoPool> {
  const { CryptoPool } = await import("../engine/crypto_pool.ts");
  const pool = await CryptoPool.start(threads);
  if (pool.threads < threads) {
    logger.error(`only ${pool.threads} of ${threads} crypto threads could be started`);
  }
  return pool;
}

/** Tells whoever started the engine what became of it, once. */
function report(fd: number, text: string): void {
  if (fd < 0) return;
  const bytes = new TextEncoder().encode(text);
  libc.write(fd, bytes, bytes.length);
  libc.close(fd);
}

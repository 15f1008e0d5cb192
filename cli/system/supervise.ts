/**
 * Stays with a tunnel that this process brought up, for `up --foreground`.
 *
 * @module
 */
import { type ExitStatus, waitForExit } from "../../ffi/process.ts";
import type { EngineIdentity } from "../journal.ts";
import { messageOf } from "./apply.ts";
import { notifyServiceManager } from "./notify.ts";
import { OrphanReaper } from "./reaper.ts";
import type { Session } from "./session.ts";
import { NotRunningError, takeDown } from "./tunnel.ts";

/**
 * Waits until the engine ends or `session.signal` is aborted, and takes the tunnel down.
 *
 * @param engine a child of this process
 * @returns the exit code: 0 when somebody asked for the end, 1 when the engine died
 */
export async function supervise(session: Session, engine: EngineIdentity): Promise<number> {
  notify(session, "READY=1");
  const status = await endOf(session, engine);
  notify(session, "STOPPING=1");
  const ended = session.system.ended(session.name);
  try {
    await takeDown(session.uninterrupted(), { force: true, engine });
  } catch (error) {
    // Somebody else took it down, and that is how the engine ended.
    if (error instanceof NotRunningError) return 0;
    throw error;
  }
  if (status === null) return 0;
  const how = status.signal === null
    ? `with exit code ${status.code}`
    : `by signal ${status.signal}`;
  const why = status.signal === null && ended !== null ? ` (${ended.reason})` : "";
  session.print(`wgts: the engine of ${session.name} ended ${how}${why}, so the tunnel is down`);
  return 1;
}

/** Tells the service manager, if it can be reached: a tunnel must not be left alone because it can't. */
function notify(session: Session, state: string): void {
  try {
    notifyServiceManager(state);
  } catch (error) {
    session.warn(messageOf(error));
  }
}

/** How the engine ended; null when the signal came first. */
async function endOf({ signal }: Session, engine: EngineIdentity): Promise<ExitStatus | null> {
  const exit = waitForExit(engine.pid);
  using _reaper = Deno.pid === 1 ? new OrphanReaper(engine.pid) : null;
  const { promise: interrupted, resolve } = Promise.withResolvers<null>();
  signal.addEventListener("abort", () => resolve(null));
  if (signal.aborted) resolve(null);
  return await Promise.race([exit, interrupted]);
}

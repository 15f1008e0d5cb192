/**
 * Stays with a tunnel that this process brought up, for `up --foreground`.
 *
 * @module
 */
import { type ExitStatus, waitForExit } from "../../ffi/process.ts";
import type { EngineIdentity, JournalState } from "../journal.ts";
import type { Attendant } from "./attend.ts";
import { messageOf } from "./message_of.ts";
import { notifyServiceManager } from "./notify.ts";
import { OrphanReaper } from "./reaper.ts";
import type { Session } from "./session.ts";
import { interfaceIndexOf, NotRunningError, readJournal, takeDown } from "./tunnel.ts";

/** How often the kernel's interface is looked for, in milliseconds. */
const LOOK_MS = 1000;

/**
 * Waits until the engine ends, the kernel's interface is gone or `session.signal` is aborted, and takes
 * the tunnel down.
 *
 * @param state of the tunnel; its engine, if it has one, is a child of this process
 * @param attendant runs commands in this process until the tunnel is taken down; null when there are none
 * @param save saves it to its config before it goes down, if its journal says that this is wanted
 * @returns the exit code: 0 when somebody asked for the end, 1 when it came by itself
 */
export async function supervise(
  session: Session,
  state: JournalState,
  attendant: Attendant | null,
  save: () => Promise<void>,
): Promise<number> {
  const interfaceIndex = interfaceIndexOf(state);
  if (interfaceIndex === null) throw new TypeError("the tunnel isn't up");
  notify(session, "READY=1");
  const end = state.engine === null
    ? await endOfInterface(session, interfaceIndex, attendant)
    : await endOfEngine(session, state.engine, attendant);
  notify(session, "STOPPING=1");
  await attendant?.stop();
  // As `reload` left it.
  const isSaved = readJournal(session)?.header.saveConfig === true;
  const options = { force: true, interfaceIndex, save: isSaved ? save : undefined };
  try {
    await takeDown(session.uninterrupted(), options);
  } catch (error) {
    // Somebody else took it down, and that is how the engine ended.
    if (error instanceof NotRunningError) return 0;
    throw error;
  }
  if (end === null) return 0;
  session.print(`wgts: ${end}, so the tunnel is down`);
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

/** How the engine ended, in words; null when the signal came first. */
async function endOfEngine(
  session: Session,
  engine: EngineIdentity,
  attendant: Attendant | null,
): Promise<string | null> {
  const isOwn = (pid: number) => pid === engine.pid || attendant?.owns(pid) === true;
  const exit = waitForExit(engine.pid);
  using _reaper = Deno.pid === 1 ? new OrphanReaper(isOwn) : null;
  const status = await Promise.race([exit, aborted(session.signal)]);
  return status === null ? null : describeEnd(session, status);
}

function describeEnd({ system, name }: Session, { code, signal }: ExitStatus): string {
  if (signal !== null) return `the engine of ${name} ended by signal ${signal}`;
  const ended = system.ended(name);
  const why = ended === null ? "" : ` (${ended.reason})`;
  return `the engine of ${name} ended with exit code ${code}${why}`;
}

/** That the interface is gone, in words; null when the signal came first. */
async function endOfInterface(
  { system, name, signal }: Session,
  index: number,
  attendant: Attendant | null,
): Promise<string | null> {
  const isOwn = (pid: number) => attendant?.owns(pid) === true;
  using _reaper = Deno.pid === 1 ? new OrphanReaper(isOwn) : null;
  const abort = aborted(signal);
  while (!signal.aborted) {
    if (system.link(name)?.index !== index) return `the interface ${name} is gone`;
    await Promise.race([system.sleep(LOOK_MS), abort]);
  }
  return null;
}

function aborted(signal: AbortSignal): Promise<null> {
  const { promise, resolve } = Promise.withResolvers<null>();
  if (signal.aborted) resolve(null);
  signal.addEventListener("abort", () => resolve(null), { once: true });
  return promise;
}

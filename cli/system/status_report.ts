import type { InterfaceStatus } from "../../core/uapi/status.ts";
import { ratesBetween } from "../../core/status/rates.ts";
import type { EndedInterface, StatusReport } from "../../core/status/report.ts";
import { printable, UNICODE } from "../../core/terminal_text.ts";
import { isLinkName } from "../../core/config/interface_name.ts";
import { UapiError } from "../../core/uapi/client.ts";
import { Errno, SysError } from "../../ffi/errno.ts";
import { INTERFACES_AT_ONCE, mapAtOnce } from "./at_once.ts";
import { endedEngine } from "./ended_engines.ts";
import { listServedInterfaces } from "./served_interfaces.ts";
import { getStatus } from "./status_client.ts";

/** What {@linkcode readReport} found. */
export interface ReadReport {
  readonly report: StatusReport;
  /** One line for each interface that couldn't be read, fit for a terminal. */
  readonly problems: readonly string[];
}

/**
 * For how long what serves an interface may keep silent, in milliseconds: what asks again and again, such
 * as Prometheus, gives up ten seconds after it has asked for all of them.
 */
const TIMEOUT_MS = 2000;

/**
 * Reads how interfaces run: those called `names`, or all if that is empty, the dead ones included. Rates
 * are measured over `interval` seconds, which this waits for when any peer ever had a session; 0 measures
 * none. An interface that keeps silent for `timeoutMs` is a problem, which holds up no other one.
 */
export async function readReport(
  names: readonly string[],
  interval: number,
  timeoutMs: number = TIMEOUT_MS,
): Promise<ReadReport> {
  const isNamed = names.length > 0;
  const wanted = { names: isNamed ? names : await listServedInterfaces(), isNamed, timeoutMs };
  const first = await readAll(wanted);
  const isActive = first.running.some(({ peers }) =>
    peers.some(({ lastHandshake }) => lastHandshake.seconds !== 0)
  );
  if (interval === 0 || !isActive) return reportOf(first, null, interval === 0 ? null : interval);
  await new Promise((resolve) => setTimeout(resolve, interval * 1000));
  return reportOf(await readAll(wanted), first, interval);
}

/** What is to be read. */
interface Wanted {
  readonly names: readonly string[];
  /** Whether somebody named them; what was merely found may have been taken down meanwhile. */
  readonly isNamed: boolean;
  readonly timeoutMs: number;
}

/** One reading of interfaces. */
interface Reading {
  /** Milliseconds since 1970-01-01 UTC. */
  readonly wall: number;
  readonly running: InterfaceStatus[];
  /** When each of `running` was read, milliseconds since whenever. */
  readonly times: number[];
  readonly ended: EndedInterface[];
  readonly problems: string[];
}

async function readAll({ names, isNamed, timeoutMs }: Wanted): Promise<Reading> {
  const reading: Reading = { wall: Date.now(), running: [], times: [], ended: [], problems: [] };
  const outcomes = await mapAtOnce(
    names,
    INTERFACES_AT_ONCE,
    (name) => readOne(name, reading.wall, timeoutMs),
  );
  for (const outcome of outcomes) {
    if ("status" in outcome) {
      reading.running.push(outcome.status);
      reading.times.push(outcome.time);
    } else if ("ended" in outcome) {
      reading.ended.push(outcome.ended);
    } else if (!outcome.isAbsent || isNamed) {
      reading.problems.push(printable(`${outcome.name}: ${outcome.problem}`, UNICODE));
    }
  }
  return reading;
}

/** What became of reading one interface. */
type Outcome =
  | { readonly status: InterfaceStatus; readonly time: number }
  | { readonly ended: EndedInterface }
  | { readonly name: string; readonly problem: string; readonly isAbsent: boolean };

const ABSENT = "no interface is served by that name";

async function readOne(name: string, wall: number, timeoutMs: number): Promise<Outcome> {
  if (!isLinkName(name)) return { name, problem: ABSENT, isAbsent: false };
  try {
    return { status: await getStatus(name, wall, timeoutMs), time: performance.now() };
  } catch (error) {
    if (!isAbsence(error)) return { name, problem: problemOf(error), isAbsent: false };
    const ended = endedEngine(name);
    return ended !== null ? { ended } : { name, problem: ABSENT, isAbsent: true };
  }
}

/** The last one: there is no control socket, and the kernel has no WireGuard. */
const ABSENCE: readonly string[] = ["ENOENT", "ENODEV", "ECONNREFUSED", "EPROTONOSUPPORT"];

function isAbsence(error: unknown): boolean {
  return error instanceof SysError && ABSENCE.includes(error.code);
}

const SILENCE = "what serves it doesn't answer: its process is stopped, or very busy";

/** What is expected to go wrong, in words; throws all other errors on. */
function problemOf(error: unknown): string {
  if (error instanceof SysError && error.errno === Errno.EAGAIN) return SILENCE;
  if (error instanceof SysError || error instanceof UapiError) return error.message;
  throw error;
}

function reportOf(now: Reading, before: Reading | null, interval: number | null): ReadReport {
  const running = now.running.map((status, index) => {
    const past = before?.running.findIndex(({ name }) => name === status.name) ?? -1;
    const earlier = before?.running[past];
    const seconds = ((now.times[index] ?? 0) - (before?.times[past] ?? 0)) / 1000;
    return { status, rates: earlier ? ratesBetween(earlier, status, seconds) : null };
  });
  const { wall, ended, problems } = now;
  return { report: { wall, interval, running, ended }, problems };
}

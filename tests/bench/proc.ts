/** Figures from proc(5). The parsers are pure; the readers take an id of a process as seen from here. */
import { pause } from "../netns/harness/wait.ts";

/** Clock ticks per second in /proc: USER_HZ, 100 on every architecture that Deno runs on. */
const TICKS_PER_SECOND = 100;

/** How often, and how many times at most, memory is looked at until it stays the same. */
const LOOK_INTERVAL_MS = 500;
const MOST_LOOKS = 10;

/** CPU seconds (user and system, of all threads) in the text of /proc/PID/stat. */
export function parseProcessCpu(stat: string): number {
  // The second field is the program's name in parentheses, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** CPU seconds of the machine since it booted. */
export interface MachineCpu {
  readonly busy: number;
  readonly idle: number;
  /** Time in which another guest of the same host ran on our processors. */
  readonly steal: number;
}

/** Sum over all processors in the text of /proc/stat. */
export function parseMachineCpu(stat: string): MachineCpu {
  const fields = stat.slice(0, stat.indexOf("\n")).trim().split(/\s+/).slice(1).map(Number);
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] =
    fields.map((ticks) => ticks / TICKS_PER_SECOND);
  return { busy: user + nice + system + irq + softirq, idle: idle + iowait, steal };
}

/** Megabytes (10^6 bytes) that a process occupies. */
export interface ResidentMemory {
  readonly total: number;
  /** Without what is mapped from files, such as the program itself. */
  readonly anonymous: number;
}

/** The resident memory in the text of /proc/PID/status. */
export function parseResidentMemory(status: string): ResidentMemory {
  const megabytes = (name: string) => statusNumber(status, name) * 1024 / 1e6;
  return { total: megabytes("VmRSS"), anonymous: megabytes("RssAnon") };
}

/** How often the thread of a /proc/PID/task/TID/status went to sleep by itself. */
export function parseVoluntarySwitches(status: string): number {
  return statusNumber(status, "voluntary_ctxt_switches");
}

function statusNumber(status: string, name: string): number {
  const match = new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(status);
  if (match === null) throw new Error(`There is no ${name} in /proc/PID/status`);
  return Number(match[1]);
}

/** CPU seconds of a process, in steps of 10 ms. */
export async function readProcessCpu(pid: number): Promise<number> {
  return parseProcessCpu(await Deno.readTextFile(`/proc/${pid}/stat`));
}

/** CPU seconds of all threads that a process has now, in nanosecond steps. */
export async function readThreadsCpu(pid: number): Promise<number> {
  const times = await mapThreads(pid, async (directory) => {
    const [running] = (await Deno.readTextFile(`${directory}/schedstat`)).split(" ");
    return Number(running) / 1e9;
  });
  return sum(times);
}

/** How often the threads that a process has now went to sleep by themselves. */
export async function readVoluntarySwitches(pid: number): Promise<number> {
  return sum(
    await mapThreads(
      pid,
      async (directory) => parseVoluntarySwitches(await Deno.readTextFile(`${directory}/status`)),
    ),
  );
}

/** CPU seconds of the machine. */
export async function readMachineCpu(): Promise<MachineCpu> {
  return parseMachineCpu(await Deno.readTextFile("/proc/stat"));
}

/** The resident memory of a process. */
export async function readResidentMemory(pid: number): Promise<ResidentMemory> {
  return parseResidentMemory(await Deno.readTextFile(`/proc/${pid}/status`));
}

/**
 * The same once it has come to rest: for a moment after work, a garbage collector or a compiler may be
 * busy with what came of it.
 */
export async function readRestingMemory(pid: number): Promise<ResidentMemory> {
  let last = await readResidentMemory(pid);
  for (let look = 0; look < MOST_LOOKS; look++) {
    await pause(LOOK_INTERVAL_MS);
    const now = await readResidentMemory(pid);
    if (now.total === last.total) return now;
    last = now;
  }
  return last;
}

async function mapThreads<T>(pid: number, read: (directory: string) => Promise<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const { name } of Deno.readDir(`/proc/${pid}/task`)) {
    try {
      found.push(await read(`/proc/${pid}/task/${name}`));
    } catch (error) {
      // A thread may end meanwhile; reading its files then fails with ENOENT or ESRCH.
      if (error instanceof TypeError) throw error;
    }
  }
  return found;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

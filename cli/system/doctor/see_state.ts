/** What `wgts doctor` sees of the traces of earlier commands, of time, and of names. */
import type { HostView, SeenJournal } from "../../../core/doctor/host_view.ts";
import { journalPath, type JournalState, readJournals } from "../../journal.ts";
import { RUNTIME_DIRECTORY } from "../../runtime_paths.ts";
import { identifyProcess } from "../process.ts";
import { currentScope } from "../scope.ts";
import type { Link } from "../../../core/netlink/link.ts";
import { readText } from "./files.ts";

/** Files that are written often, by their nature or by administrators. */
const CLOCK_FILES = [
  "/var/lib/systemd/timesync/clock",
  "/var/lib/chrony/drift",
  "/var/log/wtmp",
  "/etc/wireguard",
  "/etc/resolv.conf",
];

/** The journals of this network namespace. */
export function seeJournals(links: readonly Link[]): HostView["journals"] {
  try {
    Deno.statSync(RUNTIME_DIRECTORY);
    // Not an error, but nothing: it is root's.
    Deno.readDirSync(RUNTIME_DIRECTORY)[Symbol.iterator]().next();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { value: [] };
    return { hidden: `${RUNTIME_DIRECTORY} is for root to see` };
  }
  const locks = readText("/proc/locks") ?? "";
  let states: JournalState[];
  try {
    states = readJournals(RUNTIME_DIRECTORY, currentScope());
  } catch (error) {
    // Another version of this program wrote one.
    return { hidden: error instanceof Error ? error.message : String(error) };
  }
  return { value: states.map((state) => seeJournal(state, links, locks)) };
}

function seeJournal(state: JournalState, links: readonly Link[], locks: string): SeenJournal {
  const { header: { interface: name, namespace }, phase, engine, kernelIndex } = state;
  const hasLink = (index: number) =>
    links.some((link) => link.name === name && link.index === index);
  const isAlive = engine === null
    ? kernelIndex !== null && hasLink(kernelIndex)
    : identifyProcess(engine.pid)?.startTime === engine.startTime && hasLink(engine.interfaceIndex);
  const lock = journalPath(RUNTIME_DIRECTORY, namespace, name) + ".lock";
  return { name, phase, isInUse: isLocked(lock, locks), isAlive };
}

/** Whether `locks`, the text of /proc/locks, has the file at `path`: taking its lock would change it. */
function isLocked(path: string, locks: string): boolean {
  try {
    const { ino } = Deno.statSync(path);
    return new RegExp(`:${ino} `).test(locks);
  } catch {
    return false;
  }
}

/** The file that was written last, of some. */
export function seeNewestFile(): HostView["newestFile"] {
  let newest: HostView["newestFile"] = null;
  for (const path of CLOCK_FILES) {
    try {
      const time = Deno.statSync(path).mtime?.getTime() ?? 0;
      if (newest === null || time > newest.time) newest = { path, time };
    } catch {
      // Not every system has it.
    }
  }
  return newest;
}

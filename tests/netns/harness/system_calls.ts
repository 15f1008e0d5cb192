/** The system calls by which a command changes something, and what becomes of it when one goes wrong. */
import type { Result } from "./command.ts";
import { wgts } from "./program.ts";
import type { Site } from "./site.ts";

/** One call of a command's main thread, which does all the work. */
export interface SystemCall {
  readonly name: string;
  /** The how-manieth of its name it is, from 1. */
  readonly count: number;
  /** As strace printed it. */
  readonly text: string;
}

/** What changes files, interfaces, routes, rules and processes; `openat` counts where it writes. */
const CHANGING = [
  ...["openat", "write", "pwrite64", "ftruncate", "fchmod", "chmod", "fchown"],
  ...["rename", "renameat2", "unlink", "unlinkat", "mkdir", "rmdir", "link", "symlink", "flock"],
  ...["sendto", "sendmsg", "ioctl", "connect", "bind", "socketpair"],
  ...["clone", "clone3", "vfork", "execve", "kill", "pidfd_send_signal"],
];
const RECORD = "/run/strace";

/** The calls that change something when `wgts` runs with arguments. */
export async function recordChangingCalls(site: Site, ...args: string[]): Promise<SystemCall[]> {
  // Some architectures lack some of them: those with a question mark need not exist.
  const trace = `trace=${CHANGING.map((name) => `?${name}`).join(",")}`;
  await site.host.run(["strace", "-qq", "-o", RECORD, "-e", trace, ...wgts(), ...args]);
  const text = await Deno.readTextFile(site.host.path(RECORD));
  await site.host.sh(`rm ${RECORD}`);
  const counts = new Map<string, number>();
  const calls: SystemCall[] = [];
  for (const line of text.split("\n")) {
    const name = /^(\w+)\(/.exec(line)?.[1];
    if (name === undefined) continue;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    const isOwnStart = name === "execve" && count === 1;
    const onlyReads = name === "openat" && !/O_(WRONLY|RDWR|CREAT)/.test(line);
    if (!isOwnStart && !onlyReads) calls.push({ name, count, text: line.slice(0, 100) });
  }
  return calls;
}

/** Whose calls of a name count. */
export type Threads = "main" | "all";

/**
 * Runs `wgts` with arguments, and lets strace do `injection` in place of `call`. With the threads "all",
 * in any thread of any process that it starts which makes as many calls of that name.
 */
export function inject(
  site: Site,
  { name, count }: SystemCall,
  injection: string,
  threads: Threads,
  ...args: string[]
): Promise<Result> {
  const what = ["-e", `trace=${name}`, "-e", `inject=${name}:${injection}:when=${count}`];
  const strace = ["strace", "-qq", "-o", "/dev/null", ...what];
  const command = [...wgts(), ...args];
  if (threads === "main") return site.host.try([...strace, ...command]);
  // As a grandchild, strace ends with the engine, not the other way round; nobody should wait for what it
  // might print until then.
  return site.host.attempt([...strace, "-D", "-f", ...command, ">/dev/null", "2>&1"].join(" "));
}

/**
 * `count` of `all`, evenly spread, from a random one on. The environment variable WGTS_TEST_CALLS says how
 * many instead, WGTS_TEST_SEED from which.
 */
export function sample<T>(all: readonly T[], count: number, what: string): T[] {
  const wanted = Math.min(all.length, Number(Deno.env.get("WGTS_TEST_CALLS") ?? count));
  const seed = Number(Deno.env.get("WGTS_TEST_SEED") ?? Date.now() % 1000);
  console.log(`${wanted} of ${all.length} ${what}, chosen with WGTS_TEST_SEED=${seed}`);
  const start = seed % 1000 / 1000;
  return Array.from({ length: wanted }, (_, i) => {
    return all[Math.floor((i + start) * all.length / wanted)];
  }).filter((one) => one !== undefined);
}

/**
 * The program resolvconf, called as wg-quick(8) calls it. openresolv and Debian's package have one.
 *
 * @module
 */
import { resolvconfInput } from "../../../core/dns/resolv_conf.ts";
import type { DnsSettings } from "../../../core/dns/settings.ts";
import { awaitOrphans } from "../orphans.ts";
import { administratorPath, findProgram } from "../search_path.ts";
import { TimeLimit } from "../time_limit.ts";

/** In the environment of resolvconf: tells whose settings it changes to whoever finds the process. */
const OWNER = "WGTS_DNS_OF";
/** How long it may take, in milliseconds: it may restart services. */
const LIMIT_MS = 60_000;

/** What `resolvconf` is: see `DnsSurroundings`. */
export function findResolvconf(): "absent" | "program" | "resolvectl" {
  const path = findProgram("resolvconf", administratorPath());
  if (path === null) return "absent";
  return /\/(resolvectl|systemd-resolve)$/.test(Deno.realPathSync(path)) ? "resolvectl" : "program";
}

/** The file that tells in which order Debian's resolvconf takes interfaces; "" when it doesn't count. */
export function readInterfaceOrder(): string {
  const path = findProgram("resolvconf", administratorPath());
  try {
    // wg-quick: a link leads to a program that only looks like Debian's.
    if (path === null || Deno.lstatSync(path).isSymlink) return "";
    return Deno.readTextFileSync("/etc/resolvconf/interface-order");
  } catch {
    return "";
  }
}

/**
 * Gives `settings` to resolvconf, as those of `name`, in place of any that it has; they count most.
 * @throws Error when it fails; then it keeps none, if it can be told so
 */
export async function addToResolvconf(
  name: string,
  settings: DnsSettings,
  limit: number = LIMIT_MS,
): Promise<void> {
  try {
    await runResolvconf(name, ["-a", name, "-m", "0", "-x"], resolvconfInput(settings), limit);
  } catch (error) {
    // It notes them before it tells whoever then fails.
    await deleteFromResolvconf(name, limit).catch(() => {});
    throw error;
  }
}

/**
 * Takes back the settings of `name`; none being there is fine.
 * @throws Error when it fails
 */
export async function deleteFromResolvconf(name: string, limit: number = LIMIT_MS): Promise<void> {
  await awaitOrphans(OWNER, name);
  await runResolvconf(name, ["-d", name, "-f"], "", limit);
}

async function runResolvconf(
  name: string,
  args: string[],
  input: string,
  limit: number,
): Promise<void> {
  const path = findProgram("resolvconf", administratorPath());
  if (path === null) throw new Error("Cannot run resolvconf: there is none any more");
  const child = new Deno.Command(path, {
    args,
    stdin: "piped",
    stdout: "inherit",
    stderr: "inherit",
    env: { LC_ALL: "C", PATH: administratorPath(), [OWNER]: name },
  }).spawn();
  using time = new TimeLimit(child, limit);
  try {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  } catch (error) {
    // It need not read: Deno 2.7 has a TypeError for a pipe that it found broken before.
    const isUnread = error instanceof Deno.errors.BrokenPipe || error instanceof TypeError;
    if (!isUnread) throw error;
  }
  const { code } = await child.status;
  if (time.expired) throw new Error(`resolvconf ${args.join(" ")} didn't end in ${limit / 1000} s`);
  if (code !== 0) throw new Error(`resolvconf ${args.join(" ")} failed with exit code ${code}`);
}

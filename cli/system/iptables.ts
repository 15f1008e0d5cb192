/**
 * Runs iptables-restore(8) and iptables-save(8), which are only for kernels without nf_tables.
 *
 * @module
 */
import type { IpFamily } from "../../core/ip.ts";
import type { TunnelFirewall } from "../../core/netlink/tunnel_firewall.ts";
import { awaitOrphans } from "./orphans.ts";
import { administratorPath } from "./search_path.ts";
import { addedIptablesRules, removedIptablesRules } from "../../core/plan/iptables.ts";
import { TimeLimit } from "./time_limit.ts";

/** Exit code of iptables for a lock that another process holds, and for a kernel without resources. */
const EXIT_RESOURCE_PROBLEM = 4;
/** How often a taken lock is tried again, in milliseconds, and for how long. */
const RETRY_MS = 100;
const PATIENCE_MS = 5000;
/** How long one call may take, in milliseconds. */
const LIMIT_MS = 30_000;
/** In the environment of what changes rules: tells whose they are to whoever finds the process. */
const OWNER = "WGTS_FIREWALL_OF";

/** iptables can't be run, or refused what it was asked. */
export class IptablesError extends Error {
  override readonly name = "IptablesError";
}

/** The program of iptables for `family` that is called `verb`: `ip6tables-restore`. */
export function iptablesProgram(family: IpFamily, verb: "restore" | "save"): string {
  return `${family === 4 ? "iptables" : "ip6tables"}-${verb}`;
}

/**
 * Adds the firewall rules of a tunnel.
 *
 * @throws IptablesError when they can't be added; a part of them may be there then
 */
export async function addIptablesRules(firewall: TunnelFirewall): Promise<void> {
  await restore(firewall.family, firewall.interfaceName, addedIptablesRules(firewall));
}

/**
 * Removes the firewall rules of the tunnel `interfaceName` for `family`; where there are none, and no
 * iptables, that is fine.
 *
 * @throws IptablesError when they can't be removed
 */
export async function deleteIptablesRules(interfaceName: string, family: IpFamily): Promise<void> {
  await awaitOrphans(OWNER, interfaceName);
  const program = iptablesProgram(family, "save");
  const saved = await runPatiently(program, [], "", interfaceName);
  // Any other failure means that the kernel has no iptables, and so no rules of it.
  if (saved?.code === EXIT_RESOURCE_PROBLEM) throw failure(program, saved);
  const rules = saved === null ? null : removedIptablesRules(saved.stdout, interfaceName);
  if (rules !== null) await restore(family, interfaceName, rules);
}

async function restore(family: IpFamily, interfaceName: string, rules: string): Promise<void> {
  const program = iptablesProgram(family, "restore");
  const result = await runPatiently(program, ["-n"], rules, interfaceName);
  if (result === null) throw new IptablesError(`Cannot run ${program}: it isn't installed`);
  if (result.code !== 0) throw failure(program, result);
}

function failure(program: string, { code, stderr }: Result): IptablesError {
  const [reason = ""] = stderr.trim().split("\n");
  return new IptablesError(`${program} failed with exit code ${code}: ${reason}`);
}

/** As {@linkcode run}, and again for some time while others keep it from what it needs. */
async function runPatiently(...call: Parameters<typeof run>): Promise<Result | null> {
  for (let waited = 0;; waited += RETRY_MS) {
    const result = await run(...call);
    if (result?.code !== EXIT_RESOURCE_PROBLEM || waited >= PATIENCE_MS) return result;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a program did; null when there is no such program. */
async function run(
  program: string,
  args: readonly string[],
  stdin: string,
  interfaceName: string,
): Promise<Result | null> {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, {
      args: [...args],
      env: {
        LC_ALL: "C",
        PATH: administratorPath(),
        [OWNER]: interfaceName,
      },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw new IptablesError(`Cannot run ${program}: ${messageOf(error)}`);
  }
  using time = new TimeLimit(child, LIMIT_MS);
  const [{ code, stdout, stderr }] = await Promise.all([
    child.output(),
    // Whoever ends before it has read all tells why by its exit code.
    new Blob([stdin]).stream().pipeTo(child.stdin).catch(() => {}),
  ]);
  if (time.expired) throw new IptablesError(`${program} didn't end in ${LIMIT_MS / 1000} s`);
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

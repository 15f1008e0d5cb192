/**
 * Runs the commands of a config as wg-quick(8) does: by bash, with its options, and those of its variables
 * and functions that commands can use.
 *
 * @module
 */
import type { QuickInterfaceConfig } from "../../core/config/types.ts";
import { findProgram, searchPath } from "./search_path.ts";

/** What a command can know about the tunnel, as shell variables that its children don't see. */
export interface HookVariables {
  /** $INTERFACE */
  readonly interface: string;
  /** $CONFIG_FILE */
  readonly configFile: string;
  /** What $ADDRESSES, $MTU, $DNS, $DNS_SEARCH, $TABLE and $SAVE_CONFIG tell; empty where it is absent. */
  readonly config?: HookConfig | undefined;
}

/** The part of a config that commands can see. */
export type HookConfig = Pick<
  QuickInterfaceConfig,
  "addresses" | "mtu" | "dns" | "table" | "saveConfig"
>;

// wg-quick evaluates commands in a subshell of its own, which has these options set.
const BASH = ["bash", "-e", "-o", "pipefail", "-O", "extglob", "-c"];
const SH = ["/bin/sh", "-e", "-c"];
/** Holds the command. Others may see a process's arguments, but not its environment. */
const HOOK = "WGTS_HOOK";
/** Lists are arrays in bash, as in wg-quick, and words with spaces between them in sh. */
const script = (list: (word: string) => string) => `
INTERFACE=$1 CONFIG_FILE=$2 MTU=$3 TABLE=$4 SAVE_CONFIG=$5 PROGRAM=$0
set -f
ADDRESSES=${list("$6")} DNS=${list("$7")} DNS_SEARCH=${list("$8")}
set +f
cmd() { echo "[#] $*" >&2; "$@"; }
die() { echo "$PROGRAM: $*" >&2; exit 1; }
hook=$${HOOK}
unset ${HOOK}
set --
eval "$hook"`;
const BASH_SCRIPT = script((word) => `( ${word} )`);
const SH_SCRIPT = script((word) => word);

/** What is said where there is no bash. */
export const NO_BASH =
  "there is no bash, so /bin/sh runs the commands of the config: those that need " +
  "bash fail there (`wgts check' finds them); install bash, or write them for sh";

/**
 * Runs `command`, with this process's stdin, stdout, stderr and environment. When `signal` is aborted,
 * the command is asked to end (SIGTERM) and awaited.
 *
 * @param warn told when bash is missing
 * @returns its exit code; 128 and the signal's number when a signal ended it
 */
export async function runHook(
  command: string,
  variables: HookVariables,
  signal: AbortSignal,
  warn: (text: string) => void = () => {},
): Promise<number> {
  const child = start(command, variables, { stdin: "inherit" }, warn);
  const stop = () => {
    try {
      child.kill("SIGTERM");
    } catch {
      // It ended already.
    }
  };
  signal.addEventListener("abort", stop);
  try {
    return (await child.status).code;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/**
 * Starts `command` apart from this process's terminal and stdin, as the leader of a process group of
 * its own, with `environment` added to this process's.
 */
export function startBackgroundHook(
  command: string,
  variables: HookVariables,
  environment: Readonly<Record<string, string>>,
): Deno.ChildProcess {
  return start(command, variables, { stdin: "null", detached: true, env: { ...environment } });
}

/** Whether commands would be run by bash. */
export function hasBash(): boolean {
  return findProgram("bash") !== null;
}

function start(
  command: string,
  variables: HookVariables,
  options: Pick<Deno.CommandOptions, "stdin" | "detached" | "env">,
  warn: (text: string) => void = () => {},
): Deno.ChildProcess {
  const child = spawn(BASH, BASH_SCRIPT, command, variables, options);
  if (child !== null) return child;
  const other = spawn(SH, SH_SCRIPT, command, variables, options);
  if (other === null) throw new Error("Cannot run commands: there is neither bash nor /bin/sh");
  warn(NO_BASH);
  return other;
}

function spawn(
  [shell = "", ...words]: readonly string[],
  script: string,
  command: string,
  variables: HookVariables,
  { env, ...options }: Deno.CommandOptions,
): Deno.ChildProcess | null {
  try {
    return new Deno.Command(shell, {
      args: [...words, script, "wgts", ...scriptArguments(variables)],
      ...options,
      stdout: "inherit",
      stderr: "inherit",
      env: { ...env, LC_ALL: "C", PATH: searchPath(), [HOOK]: command },
    }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function scriptArguments({ interface: name, configFile, config }: HookVariables): string[] {
  const { addresses = [], dns, mtu = "", table = "auto", saveConfig = false } = config ?? {};
  const tableWord = typeof table === "object" ? table.name : table === "auto" ? "" : String(table);
  const { servers = [], search = [] } = dns ?? {};
  return [
    name,
    configFile,
    String(mtu),
    tableWord,
    saveConfig ? "1" : "0",
    addresses.join(" "),
    servers.join(" "),
    search.join(" "),
  ];
}

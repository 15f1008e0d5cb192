/**
 * Runs the commands of a config as wg-quick(8) does: by bash, with its options and variables.
 *
 * @module
 */

/** What a command can know about the tunnel, as shell variables that its children don't see. */
export interface HookVariables {
  readonly interface: string;
  readonly configFile: string;
}

// wg-quick evaluates commands in a subshell of its own, which has these options set.
const BASH = ["bash", "-e", "-o", "pipefail", "-O", "extglob", "-c"];
const SH = ["/bin/sh", "-e", "-c"];
/** Where programs are looked for when the environment doesn't say; the same as systemd's. */
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const SCRIPT = 'INTERFACE=$1; CONFIG_FILE=$2; set -- "$3"; eval "$1"';

/**
 * Runs `command`, with this process's stdin, stdout, stderr and environment. When `signal` is aborted,
 * the command is asked to end (SIGTERM) and awaited.
 *
 * @returns its exit code; 128 and the signal's number when a signal ended it
 */
export async function runHook(
  command: string,
  variables: HookVariables,
  signal: AbortSignal,
): Promise<number> {
  const child = spawn(BASH, command, variables) ?? spawn(SH, command, variables);
  if (child === null) throw new Error("Cannot run commands: there is neither bash nor /bin/sh");
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

/** Whether commands would be run by bash. */
export function hasBash(): boolean {
  return searchPath().split(":").some((directory) => {
    try {
      const { isFile, mode } = Deno.statSync(`${directory || "."}/${BASH[0]}`);
      return isFile && ((mode ?? 0) & 0o111) !== 0;
    } catch {
      return false;
    }
  });
}

function searchPath(): string {
  return Deno.env.get("PATH") || DEFAULT_PATH;
}

function spawn(
  [shell = "", ...options]: readonly string[],
  command: string,
  variables: HookVariables,
): Deno.ChildProcess | null {
  try {
    return new Deno.Command(shell, {
      args: [...options, SCRIPT, "wgts", variables.interface, variables.configFile, command],
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
      env: { LC_ALL: "C", PATH: searchPath() },
    }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

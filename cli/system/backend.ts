import type { Backend } from "../../core/plan.ts";

/** What `up` is told to take: a backend, or the kernel where it has WireGuard and userspace elsewhere. */
export type BackendChoice = Backend | "auto";

const OPTION = "--backend";
const VARIABLE = "WGTS_BACKEND";

/**
 * Takes the option `--backend` out of `args`. What it doesn't tell is what the environment variable
 * WGTS_BACKEND does, userspace by default: the tunnel is then the same on every host, whatever its
 * kernel has, with the log and the status that only an engine gives.
 *
 * @param environment gives an environment variable's value; an empty one counts as not set
 * @throws Error that tells what was expected
 */
export function splitBackend(
  args: readonly string[],
  environment: (variable: string) => string | undefined,
): { rest: string[]; backend: BackendChoice } {
  const rest: string[] = [];
  let backend = checked(VARIABLE, environment(VARIABLE) || "userspace");
  for (let i = 0; i < args.length; i++) {
    const argument = args[i] ?? "";
    if (argument === "--") return { rest: [...rest, ...args.slice(i)], backend };
    if (argument === OPTION) backend = checked(OPTION, args[++i] ?? "");
    else if (!argument.startsWith(`${OPTION}=`)) rest.push(argument);
    else backend = checked(OPTION, argument.slice(OPTION.length + 1));
  }
  return { rest, backend };
}

function checked(name: string, value: string): BackendChoice {
  if (value === "auto" || value === "kernel" || value === "userspace") return value;
  throw new Error(`Cannot use ${name}=${value}: expected "auto", "kernel" or "userspace"`);
}

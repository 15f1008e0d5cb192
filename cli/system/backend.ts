import type { Backend } from "../../core/plan.ts";
import { takeOptionValues } from "../option_values.ts";

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
  let backend = checked(VARIABLE, environment(VARIABLE) || "userspace");
  const { rest, values } = takeOptionValues(args, [OPTION]);
  for (const [name, value] of values) backend = checked(name, value);
  return { rest, backend };
}

function checked(name: string, value: string): BackendChoice {
  if (value === "auto" || value === "kernel" || value === "userspace") return value;
  throw new Error(`Cannot use ${name}=${value}: expected "auto", "kernel" or "userspace"`);
}

import { splitEngineOptions } from "../engine/engine_options.ts";
import type { StartOptions } from "../engine/start.ts";
import { UsageError } from "../program_name.ts";
import { type BackendChoice, splitBackend } from "./backend.ts";
import { parseCommandLine } from "./command_line.ts";
import { enterNetns } from "./netns.ts";

const SWITCHES = ["--foreground", "-f", "--dry-run", "--strict"];

/** What `up` is asked to do. */
export interface UpCall {
  /** The name of an interface, or the path of its config. */
  readonly operand: string;
  readonly backend: BackendChoice;
  /** Those of the command `engine`. */
  readonly options: readonly string[];
  /** Path of the network namespace that the UDP sockets are to be in; null for that of this process. */
  readonly birth: string | null;
  readonly dryRun: boolean;
  readonly foreground: boolean;
  readonly strict: boolean;
}

/**
 * What arguments and environment mean. Where that is another network namespace, this process executes itself
 * there.
 *
 * @throws UsageError, Error that tells what is wrong with an option
 */
export function parseUpCall(args: readonly string[]): UpCall {
  const { rest: own, birth } = enterNetns("up", args);
  const environment = (variable: string) => Deno.env.get(variable);
  const { rest: others, backend } = splitBackend(own, environment);
  const { rest, engine: options } = splitEngineOptions(others, environment);
  const line = parseCommandLine(rest, SWITCHES);
  if (line === null) throw new UsageError();
  const { operand, switches } = line;
  return {
    operand,
    backend,
    options,
    birth,
    dryRun: switches.has("--dry-run"),
    foreground: switches.has("--foreground") || switches.has("-f"),
    strict: switches.has("--strict"),
  };
}

/** How the engine of the tunnel that `call` asks for is started. */
export function engineStartOf({ foreground, options, birth }: UpCall): StartOptions {
  return {
    log: foreground ? "stderr" : "syslog",
    // Whatever the reason: until `down', the tunnel should be up.
    options: [...options, "--explain-end"],
    namespace: birth,
  };
}

import type { CommandOptions, Result } from "./command.ts";

/** Something with a network of its own that executes shell scripts: a namespace or a guest. */
export interface Machine extends AsyncDisposable {
  readonly name: string;
  /** Executes a bash script and returns what it printed; throws when it fails. */
  sh(script: string, options?: Pick<CommandOptions, "timeout">): Promise<string>;
  /** Executes a bash script, whatever its exit code. */
  attempt(script: string, options?: Pick<CommandOptions, "timeout">): Promise<Result>;
}

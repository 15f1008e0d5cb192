import { printError } from "../output.ts";
import { HookError } from "./apply.ts";
import { Interruption } from "./session.ts";

/**
 * The exit code that an error stands for, once it is printed: a command's of the config, or that of a
 * signal. Throws all other errors on.
 */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof HookError || error instanceof Interruption)) throw error;
  printError(`wgts: ${error.message}`);
  return error.code;
}

import { ownScript } from "../own_script.ts";

/** How this program is executed anew. */
export interface OwnProgram {
  /** Absolute path of the executable. */
  readonly path: string;
  /** All arguments, the name first. */
  readonly arguments: string[];
  /** What the process has to be able to read. */
  readonly files: readonly string[];
}

/**
 * This program with other arguments: the compiled one, or the runtime with its sources.
 *
 * @param args from the subcommand's name on
 * @param v8Flags for the runtime; a compiled program has its own
 */
export function ownProgram(args: readonly string[], v8Flags: string | null = null): OwnProgram {
  const path = Deno.execPath();
  const script = ownScript();
  const runtime = script === null ? [] : [
    "run",
    "-A",
    "--quiet",
    "--no-prompt",
    "--cached-only",
    ...(v8Flags === null ? [] : [`--v8-flags=${v8Flags}`]),
    script,
  ];
  return {
    path,
    // Not the path: the program may have been copied to the name of one that it acts as.
    arguments: ["wgts", ...runtime, ...args],
    files: script === null ? [path] : [path, script],
  };
}

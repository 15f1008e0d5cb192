/** The compiled programs that are measured. */
import { compile } from "../netns/build.ts";
import { exists } from "../netns/harness/paths.ts";

/** A program of this repository: wgts, wgts with the AEAD switched off, and one that does nothing. */
export type ProgramName = "wgts" | "wgts-null-aead" | "empty";

const BENCH = "tests/bench";

/** The argument that names the program in the task `compile`, for each. */
const ENTRIES: Readonly<Record<ProgramName, string>> = {
  "wgts": "cli/main.ts",
  "wgts-null-aead": `${BENCH}/null_aead/main.ts`,
  "empty": `--include ${BENCH}/empty_program/worker.ts ${BENCH}/empty_program/main.ts`,
};

/** Programs in a directory, which are compiled if they are not there. */
export class Programs {
  constructor(readonly directory: string) {}

  /** Where a program is, or will be. The environment variable WGTS names one that is compiled already. */
  path(name: ProgramName): string {
    const given = name === "wgts" ? Deno.env.get("WGTS") : undefined;
    return given || `${this.directory}/${name}`;
  }

  /** Compiles a program that is not there. Throws Error when that fails. */
  async compile(name: ProgramName): Promise<void> {
    const path = this.path(name);
    if (await exists(path)) return;
    await Deno.mkdir(this.directory, { recursive: true });
    console.error(`Compiling ${path}`);
    if (!await compile(path, ENTRIES[name])) throw new Error(`${name} could not be compiled`);
  }
}

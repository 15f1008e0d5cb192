/** The compiled programs that are measured. */
import { compile, compilePlain } from "../netns/build.ts";
import { exists } from "../netns/harness/paths.ts";

/** A program of this repository: wgts, wgts with the AEAD switched off, and one that does nothing. */
export type ProgramName = "wgts" | "wgts-null-aead" | "empty";

const BENCH = "tests/bench";

/** Compiles a program to a file, and returns whether it could. */
const COMPILE: Readonly<Record<ProgramName, (output: string) => Promise<boolean>>> = {
  "wgts": compile,
  "wgts-null-aead": (output) => compile(output, `${BENCH}/null_aead/main.ts`),
  "empty": (output) =>
    compilePlain(
      output,
      `--include ${BENCH}/empty_program/worker.ts ${BENCH}/empty_program/main.ts`,
    ),
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
    if (!await COMPILE[name](path)) throw new Error(`${name} could not be compiled`);
  }
}

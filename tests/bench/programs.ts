/** Compiles the programs that are measured. */
import { compile } from "../netns/build.ts";

/** Paths of compiled programs. */
export interface Programs {
  readonly wgts: string;
  /** wgts with the AEAD switched off, which exists for the benchmark only. */
  readonly nullAead: string;
  /** A program that does nothing, with one worker. */
  readonly empty: string;
}

const BENCH = "tests/bench";

/** The argument that names the program in the task `compile`, for each. */
const ENTRIES: Readonly<Record<keyof Programs, string>> = {
  wgts: "cli/main.ts",
  nullAead: `${BENCH}/null_aead/main.ts`,
  empty: `--include ${BENCH}/empty_program/worker.ts ${BENCH}/empty_program/main.ts`,
};

/** Compiles to `directory` what is not there yet. Throws Error when that fails. */
export async function compilePrograms(directory: string): Promise<Programs> {
  await Deno.mkdir(directory, { recursive: true });
  const programs = {
    wgts: `${directory}/wgts`,
    nullAead: `${directory}/wgts-null-aead`,
    empty: `${directory}/empty`,
  };
  for (const name of Object.keys(ENTRIES) as (keyof Programs)[]) {
    if (await exists(programs[name])) continue;
    console.error(`Compiling ${programs[name]}`);
    if (!await compile(programs[name], ENTRIES[name])) {
      throw new Error(`${ENTRIES[name]} could not be compiled`);
    }
  }
  return programs;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch {
    return false;
  }
}

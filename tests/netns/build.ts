/** Compiles the program that the end-to-end tests run, and others that are measured beside it. */
import { attempt } from "./harness/command.ts";
import { pathOf } from "./harness/paths.ts";

const ROOT = pathOf("../../..");
const BUNDLE = "dist/bundle";

/**
 * Compiles wgts as the task `compile` does, but to the file `output`, and, if given, with another entry than
 * cli/main.ts. Returns whether it could.
 *
 * `deno compile` downloads its base runtime. Where it can't, DENORT_BIN names one, and DENO_COMPILE
 * the deno of the same version.
 */
export async function compile(output: string, entry = "cli/main.ts"): Promise<boolean> {
  const bundle = `${output}.bundle`;
  const [bundling, compiling] = (await task())
    .replaceAll(BUNDLE, bundle)
    .replace("dist/wgts", output)
    .replace("cli/main.ts", entry)
    .replace("cli/main.js", entry.replace(/\.ts$/, ".js"))
    .split(" && ");
  if (bundling === undefined || compiling === undefined) throw new Error("the task is unusual");
  try {
    return await run(Deno.execPath(), bundling) && await run(compiler(), compiling);
  } finally {
    await Deno.remove(bundle, { recursive: true }).catch(() => {});
  }
}

/**
 * Compiles another program to the file `output` in the same way, but unbundled. Returns whether it could.
 *
 * @param modules its entry, behind `--include` for each module that it loads by another way than an import
 */
export async function compilePlain(output: string, modules: string): Promise<boolean> {
  const [, compiling = ""] = (await task())
    .replace(` --include ${BUNDLE} `, " ")
    .replace("dist/wgts", output)
    .replace(`${BUNDLE}/cli/main.js`, modules)
    .split(" && ");
  return await run(compiler(), compiling);
}

async function task(): Promise<string> {
  return JSON.parse(await Deno.readTextFile(`${ROOT}/deno.json`)).tasks.compile;
}

function compiler(): string {
  return Deno.env.get("DENO_COMPILE") ?? Deno.execPath();
}

/** Runs a command of the task, with `deno` for its first word. Returns whether it succeeded. */
async function run(deno: string, command: string): Promise<boolean> {
  const [, ...args] = command.split(" ");
  const result = await attempt(["env", `--chdir=${ROOT}`, deno, ...args], {
    env: { NO_COLOR: "1" },
    timeout: 300_000,
  });
  if (result.code !== 0) console.error(`${command}: ${result.stderr}`);
  return result.code === 0;
}

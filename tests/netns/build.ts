/** Compiles the program that the end-to-end tests run, and others that are measured beside it. */
import { attempt } from "./harness/command.ts";
import { pathOf } from "./harness/paths.ts";

/**
 * Compiles wgts as the task `compile` does, but to the file `output`, and, if given, another program
 * instead: `program` takes the place of `cli/main.ts`. Returns whether it could.
 *
 * `deno compile` downloads its base runtime. Where it can't, DENORT_BIN names one, and DENO_COMPILE
 * the deno of the same version.
 */
export async function compile(output: string, program = "cli/main.ts"): Promise<boolean> {
  const { tasks } = JSON.parse(await Deno.readTextFile(pathOf("../../../deno.json")));
  let command = (tasks.compile as string).replace("dist/wgts", output)
    .replace("cli/main.ts", program);
  const other = Deno.env.get("DENO_COMPILE");
  command = command.replace(/^deno /, `${other ?? Deno.execPath()} `);
  const root = pathOf("../../..");
  const result = await attempt(["env", `--chdir=${root}`, ...command.split(" ")], {
    env: { NO_COLOR: "1" },
    timeout: 300_000,
  });
  if (result.code !== 0) console.error(`${command}: ${result.stderr}`);
  return result.code === 0;
}

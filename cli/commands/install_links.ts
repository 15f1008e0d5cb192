import { writeStdout } from "../output.ts";
import { UsageError } from "../program_name.ts";
import { parseCommandLine } from "../system/command_line.ts";
import { installLinks } from "../system/links.ts";

/** `wgts install-links DIR`: makes symbolic links by which this program is called as others. */
export function main(args: string[]): Promise<number> {
  const line = parseCommandLine(args, ["--force"]);
  if (line === null || line.operand === "") throw new UsageError();
  if (!Deno.build.standalone) {
    throw new Error(
      "Cannot install links to a program that isn't compiled: `deno task compile' makes one",
    );
  }
  const target = Deno.execPath();
  for (const path of installLinks(line.operand, target, line.switches.has("--force"))) {
    writeStdout(`${path} -> ${target}\n`);
  }
  return Promise.resolve(0);
}

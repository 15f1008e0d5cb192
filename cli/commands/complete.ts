import { complete } from "../completions/complete.ts";
import { completionLines } from "../completions/completion.ts";
import { SYSTEM } from "../completions/surroundings.ts";
import { writeStdout } from "../output.ts";

/**
 * `wgts complete -- PROGRAM [WORD...] CURRENT`: what could stand where CURRENT begins, for the scripts that
 * `wgts completions` prints. Not for use by hand.
 */
export async function main(args: string[]): Promise<number> {
  const line = args[0] === "--" ? args.slice(1) : args;
  const lines = completionLines(await complete(line, SYSTEM), line.at(-1) ?? "");
  if (lines.length > 0) writeStdout(`${lines.join("\n")}\n`);
  return 0;
}

import { writeStdout } from "../output.ts";
import { versionLine } from "../version.ts";

/** `wgts version`: one line on stdout. */
export function main(_args: string[]): Promise<number> {
  writeStdout(`${versionLine()}\n`);
  return Promise.resolve(0);
}

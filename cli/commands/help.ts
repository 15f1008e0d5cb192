import { commandHelp, complaintAbout, usage } from "../help.ts";
import { writeStdout } from "../output.ts";

/** `wgts help [CMD]`: usage on stdout. */
export function main(args: string[]): Promise<number> {
  const [word] = args;
  const text = word === undefined ? usage() : commandHelp(word);
  if (text === null) {
    console.error(complaintAbout(word ?? ""));
    return Promise.resolve(1);
  }
  writeStdout(`${text}\n`);
  return Promise.resolve(0);
}

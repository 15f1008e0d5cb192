import { commandHelp, complaintAbout, usage } from "../help.ts";
import { writeStdout } from "../output.ts";
import { UsageError } from "../program_name.ts";

/** `wgts help [CMD]`: usage on stdout; `wgts help --man`: all of it as a man page. */
export async function main(args: string[]): Promise<number> {
  const [word, ...rest] = args;
  if (rest.length > 0) throw new UsageError();
  if (word === "--man") {
    const { manPage } = await import("../man_page.ts");
    writeStdout(manPage());
    return 0;
  }
  const text = word === undefined ? usage() : commandHelp(word);
  if (text === null) {
    console.error(complaintAbout(word ?? ""));
    return 1;
  }
  writeStdout(`${text}\n`);
  return 0;
}

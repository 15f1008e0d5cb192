import { SHELLS } from "../completions/complete.ts";
import { writeStdout } from "../output.ts";
import { UsageError } from "../program_name.ts";

/** `wgts completions SHELL`: the script by which a shell completes the command lines of wgts. */
export async function main(args: string[]): Promise<number> {
  const [shell, ...more] = args;
  if (more.length > 0) throw new UsageError();
  switch (SHELLS.find((known) => known === shell)) {
    case "bash":
      writeStdout((await import("../completions/bash.ts")).BASH_SCRIPT);
      return 0;
    case "zsh":
      writeStdout((await import("../completions/zsh.ts")).ZSH_SCRIPT);
      return 0;
    case "fish":
      writeStdout((await import("../completions/fish.ts")).FISH_SCRIPT);
      return 0;
    default:
      throw new UsageError();
  }
}

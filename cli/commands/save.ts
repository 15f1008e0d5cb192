import { printError } from "../output.ts";
import { UsageError } from "../program_name.ts";
import { parseCommandLine } from "../system/command_line.ts";
import { requireLocation } from "../system/config_file.ts";
import { enterNetns } from "../system/netns.ts";
import { openSession } from "../system/open_session.ts";
import { requireNetAdmin } from "../system/privileges.ts";
import { exitCodeOf } from "../system/report.ts";
import { saveTunnel } from "../system/save.ts";

/** `wgts save`: writes the state of a running tunnel to its config. */
export async function main(args: string[]): Promise<number> {
  const line = parseCommandLine(enterNetns("save", args).rest, []);
  if (line === null) throw new UsageError();
  const { name, path } = requireLocation(line.operand);
  requireNetAdmin(`save ${name}`);
  using opened = openSession(name, path);
  try {
    using _lock = await opened.session.lockInterface();
    await saveTunnel(name, path, printError);
    return 0;
  } catch (error) {
    return exitCodeOf(error);
  }
}

import { RUNTIME_DIRECTORY } from "../journal.ts";
import { printError } from "../output.ts";
import { parseCommandLine } from "../system/command_line.ts";
import { requireLocation } from "../system/config_file.ts";
import { Interruptions } from "../system/interruption.ts";
import { LinuxSystem } from "../system/linux.ts";
import { requireNetAdmin } from "../system/privileges.ts";
import { exitCodeOf } from "../system/report.ts";
import { saveTunnel } from "../system/save.ts";
import { currentScope } from "../system/scope.ts";
import { Session } from "../system/session.ts";
import { UsageError } from "../usage_error.ts";

/** `wgts save`: writes the state of a running tunnel to its config. */
export async function main(args: string[]): Promise<number> {
  const line = parseCommandLine(args, []);
  if (line === null) throw new UsageError();
  const { name, path } = requireLocation(line.operand);
  requireNetAdmin(`save ${name}`);
  using system = new LinuxSystem({
    configFile: path,
    startEngine: () => Promise.reject(new Error("`save' starts nothing")),
    print: printError,
  });
  using interruptions = new Interruptions();
  const session = new Session({
    name,
    system,
    scope: currentScope(),
    directory: RUNTIME_DIRECTORY,
    strict: false,
    signal: interruptions.signal,
    print: printError,
  });
  try {
    using _lock = await session.lockInterface();
    await saveTunnel(name, path, printError);
    return 0;
  } catch (error) {
    return exitCodeOf(error);
  }
}

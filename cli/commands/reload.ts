import { printError } from "../output.ts";
import { UsageError } from "../program_name.ts";
import { parseCommandLine } from "../system/command_line.ts";
import { MissingConfigError, readConfig, requireLocation } from "../system/config_file.ts";
import { enterNetns } from "../system/netns.ts";
import { openSession } from "../system/open_session.ts";
import { requireNetAdmin } from "../system/privileges.ts";
import { printReload, reload } from "../system/reload.ts";
import { exitCodeOf } from "../system/report.ts";
import { readJournal } from "../system/tunnel.ts";

/** `wgts reload`: makes a running tunnel what its config has become. */
export async function main(args: string[]): Promise<number> {
  const { rest, birth } = enterNetns("reload", args);
  const line = parseCommandLine(rest, ["--dry-run", "--strict"]);
  if (line === null) throw new UsageError();
  const { name, path } = requireLocation(line.operand);
  requireNetAdmin(`reload ${name}`);
  using opened = openSession(name, path, undefined, {
    strict: line.switches.has("--strict"),
    birth,
  });
  const { session } = opened;
  try {
    const { config, path: real } = readConfig(path, printError);
    if (line.switches.has("--dry-run")) await printReload(session, config, real);
    else await reload(session, config, real);
    return 0;
  } catch (error) {
    if (!(error instanceof MissingConfigError)) return exitCodeOf(error);
    const made = readJournal(session)?.header.config ?? path;
    const hint = made === path ? "" : `; ${name} was brought up from \`${made}'`;
    throw new Error(error.message + hint);
  }
}

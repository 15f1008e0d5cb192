import { ConfigError } from "../../core/config/error.ts";
import type { QuickInterfaceConfig } from "../../core/config/types.ts";
import { printError } from "../output.ts";
import { UsageError } from "../program_name.ts";
import { parseCommandLine } from "../system/command_line.ts";
import { MissingConfigError, readConfig, requireLocation } from "../system/config_file.ts";
import { enterNetns } from "../system/netns.ts";
import { openSession } from "../system/open_session.ts";
import { requireNetAdmin } from "../system/privileges.ts";
import { exitCodeOf } from "../system/report.ts";
import { saveLater } from "../system/save_later.ts";
import type { Session } from "../system/session.ts";
import { printDown, readJournal, takeDown } from "../system/tunnel.ts";

/** `wgts down`: takes a tunnel down and undoes all that `up` did, however much of it there is. */
export async function main(args: string[]): Promise<number> {
  const line = parseCommandLine(enterNetns("down", args).rest, ["--dry-run"]);
  if (line === null) throw new UsageError();
  const dryRun = line.switches.has("--dry-run");
  const { name, path } = requireLocation(line.operand);
  if (!dryRun) requireNetAdmin(`take down ${name}`);
  using opened = openSession(name, realPath(path), () => config);
  const { session } = opened;
  const config = readInterface(session, path);
  const save = config?.saveConfig === true ? () => saveLater(name, path) : undefined;
  try {
    if (dryRun) printDown(session, config);
    else await takeDown(session, { hooks: config, save });
    return 0;
  } catch (error) {
    return exitCodeOf(error);
  }
}

/** `path` with symbolic links resolved, as `up` gives it to commands; as it is when there is no file. */
function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    return path;
  }
}

/**
 * `[Interface]` of the config as it is now; undefined when it can't be read, but `up` noted the commands.
 */
function readInterface(session: Session, path: string): QuickInterfaceConfig | undefined {
  try {
    return readConfig(path, printError, { withKeys: false }).config.interface;
  } catch (error) {
    const isUnreadable = error instanceof MissingConfigError || error instanceof ConfigError;
    if (!isUnreadable) throw error;
    if (readJournal(session) === null) {
      // What `run` began has no journal; of what is dead there may be something to clean up.
      if (session.system.ended(session.name) !== null) return undefined;
      throw error;
    }
    session.warn(`${error.message}: running the PreDown and PostDown commands noted by \`up'`);
    return undefined;
  }
}

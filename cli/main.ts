/**
 * The entry point: finds out which subcommand is meant and loads nothing else before that, since
 * each module loaded is start-up time of every `wgts` in a shell script.
 *
 * @module
 */
import { printError } from "./output.ts";
import { UsageError } from "./usage_error.ts";

/** What each module in `commands/` exports: runs with the arguments after its name, gives the exit code. */
interface Command {
  main(args: string[]): Promise<number>;
}

const COMMANDS: ReadonlyMap<string, () => Promise<Command>> = new Map(Object.entries({
  up: () => import("./commands/up.ts"),
  down: () => import("./commands/down.ts"),
  run: () => import("./commands/run.ts"),
  show: () => import("./commands/show.ts"),
  status: () => import("./commands/status.ts"),
  genkey: () => import("./commands/genkey.ts"),
  genpsk: () => import("./commands/genpsk.ts"),
  pubkey: () => import("./commands/pubkey.ts"),
  help: () => import("./commands/help.ts"),
  version: () => import("./commands/version.ts"),
  // What `up` and `run` execute in the background; takes open file descriptors, so it isn't for people.
  engine: () => import("./commands/engine.ts"),
}));

const ALIASES: ReadonlyMap<string, string> = new Map([
  ["--help", "help"],
  ["-h", "help"],
  ["--version", "version"],
  ["-v", "version"],
]);

/** Runs one invocation of wgts and gives its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const [word = "show", ...rest] = args;
  const command = ALIASES.get(word) ?? word;
  const load = COMMANDS.get(command);
  try {
    if (load === undefined) {
      const { complaintAbout } = await import("./help.ts");
      printError(complaintAbout(word));
      return 1;
    }
    if (asksForHelp(rest)) return await (await import("./commands/help.ts")).main([command]);
    return await (await load()).main(rest);
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return 1;
    if (error instanceof UsageError) {
      const { commandUsage } = await import("./help.ts");
      if (error.message !== "") printError(error.message);
      printError(commandUsage(command));
      return 1;
    }
    // Every expected failure carries its advice in its message; a stack would only hide it.
    printError(`wgts: ${error instanceof Error ? error.message : String(error)}`);
    if (Deno.env.get("WGTS_DEBUG") && error instanceof Error) printError(error.stack ?? "");
    return 1;
  }
}

/** Whether an option of a command asks for its help. */
function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  const options = end < 0 ? args : args.slice(0, end);
  return options.includes("--help") || options.includes("-h");
}

if (import.meta.main) Deno.exit(await main(Deno.args));

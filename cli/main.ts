/**
 * The entry point: finds out which program and which subcommand is meant and loads nothing else before
 * that, since each module loaded is start-up time of every `wgts` in a shell script.
 *
 * @module
 */
import { importLater } from "./import_later.ts";
import { printError } from "./output.ts";
import { type Invocation, invocation, UsageError, WG_COMMANDS } from "./program_name.ts";

/** The runtime ignores the signal; this is what a shell tells of a program that it ended. */
const ENDED_BY_SIGPIPE = 128 + 13;

/** What each module in `commands/` exports: runs with the arguments after its name, gives the exit code. */
interface Command {
  main(args: string[]): Promise<number>;
}

const OWN_COMMANDS: readonly string[] = [
  "up",
  "down",
  "reload",
  "save",
  "strip",
  "run",
  "status",
  "metrics",
  "top",
  "events",
  "check",
  "doctor",
  "repair",
  "install-links",
  "completions",
  "help",
  "version",
  // What `up` and `run` execute in the background; takes open file descriptors, so it isn't for people.
  "engine",
  // What `up` executes in the background to run the commands of a config for what happens to peers.
  "attend",
  // What the completion scripts ask.
  "complete",
];

const ALIASES: ReadonlyMap<string, string> = new Map([
  ["--help", "help"],
  ["-h", "help"],
  ["--version", "version"],
  ["-v", "version"],
]);

/** A command to run, and with what. */
interface Choice {
  /** As it is called in its usage; its module has the same name, but for hyphens. */
  readonly command: string;
  readonly args: readonly string[];
}

/** Runs this invocation of the executable and gives its exit code. */
export async function main(called: Invocation): Promise<number> {
  const { command, args } = choose(called);
  try {
    const path = `commands/${command.replaceAll("-", "_")}.ts`;
    const { main } = await importLater<Command>(path);
    return await main([...args]);
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return ENDED_BY_SIGPIPE;
    if (error instanceof UsageError) {
      const { commandUsage } = await importLater<Help>("help.ts");
      if (error.message !== "") printError(error.message);
      printError(commandUsage(command));
      return 1;
    }
    // Every expected failure carries its advice in its message; a stack would only hide it.
    printError(`${called.name}: ${error instanceof Error ? error.message : String(error)}`);
    if (Deno.env.get("WGTS_DEBUG") && error instanceof Error) printError(error.stack ?? "");
    return 1;
  }
}

type Help = typeof import("./help.ts");

function choose({ applet, args }: Invocation): Choice {
  const [word = "show", ...rest] = args;
  if (applet === "wgts") return chooseOwn(word, rest);
  const isCommand = applet === "wg" && WG_COMMANDS.includes(word);
  return isCommand ? { command: word, args: rest } : { command: applet, args };
}

function chooseOwn(word: string, args: readonly string[]): Choice {
  const command = ALIASES.get(word) ?? word;
  const exists = OWN_COMMANDS.includes(command) || WG_COMMANDS.includes(command);
  // `help` of a command that there isn't says so and fails.
  if (!exists) return { command: "help", args: [word] };
  return asksForHelp(args) ? { command: "help", args: [command] } : { command, args };
}

/** Whether an option of a command asks for its help. */
function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  const options = end < 0 ? args : args.slice(0, end);
  return options.includes("--help") || options.includes("-h");
}

if (import.meta.main) Deno.exit(await main(invocation()));

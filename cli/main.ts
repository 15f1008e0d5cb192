/**
 * The entry point: finds out which program and which subcommand is meant and loads nothing else before
 * that, since each module loaded is start-up time of every `wgts` in a shell script.
 *
 * @module
 */
import { printError } from "./output.ts";
import { type Applet, type Invocation, invocation } from "./program_name.ts";
import { UsageError } from "./usage_error.ts";

/** What each module in `commands/` exports: runs with the arguments after its name, gives the exit code. */
interface Command {
  main(args: string[]): Promise<number>;
}

type Commands = Readonly<Record<string, () => Promise<Command>>>;

/** Those of wg(8), in wgts as in `wg`. They parse all their arguments as `wg` does, `--help` too. */
const WG_COMMANDS: Commands = {
  show: () => import("./commands/show.ts"),
  showconf: () => import("./commands/showconf.ts"),
  set: () => import("./commands/set.ts"),
  setconf: () => import("./commands/setconf.ts"),
  addconf: () => import("./commands/addconf.ts"),
  syncconf: () => import("./commands/syncconf.ts"),
  genkey: () => import("./commands/genkey.ts"),
  genpsk: () => import("./commands/genpsk.ts"),
  pubkey: () => import("./commands/pubkey.ts"),
};

/** Other programs that this executable acts as. */
const APPLETS: Readonly<Record<Exclude<Applet, "wgts">, () => Promise<Command>>> = {
  "wg": () => import("./commands/wg.ts"),
  "wg-quick": () => import("./commands/wg_quick.ts"),
  "wireguard-go": () => import("./commands/wireguard_go.ts"),
};

const OWN_COMMANDS: Commands = {
  up: () => import("./commands/up.ts"),
  down: () => import("./commands/down.ts"),
  run: () => import("./commands/run.ts"),
  status: () => import("./commands/status.ts"),
  metrics: () => import("./commands/metrics.ts"),
  top: () => import("./commands/top.ts"),
  "install-links": () => import("./commands/install_links.ts"),
  completions: () => import("./commands/completions.ts"),
  help: () => import("./commands/help.ts"),
  version: () => import("./commands/version.ts"),
  // What `up` and `run` execute in the background; takes open file descriptors, so it isn't for people.
  engine: () => import("./commands/engine.ts"),
  // What the shells' scripts ask for completions; not for people either.
  complete: () => import("./commands/complete.ts"),
};

const ALIASES: ReadonlyMap<string, string> = new Map([
  ["--help", "help"],
  ["-h", "help"],
  ["--version", "version"],
  ["-v", "version"],
]);

/** A command to run, and with what. */
interface Choice {
  /** As it is called in its usage. */
  readonly name: string;
  readonly load: () => Promise<Command>;
  readonly args: string[];
}

/** Runs this invocation of the executable and gives its exit code. */
export async function main(called: Invocation): Promise<number> {
  const choice = choose(called);
  try {
    return await (await choice.load()).main(choice.args);
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return 1;
    if (error instanceof UsageError) {
      const { commandUsage } = await import("./help.ts");
      if (error.message !== "") printError(error.message);
      printError(commandUsage(choice.name));
      return 1;
    }
    // Every expected failure carries its advice in its message; a stack would only hide it.
    printError(`${called.name}: ${error instanceof Error ? error.message : String(error)}`);
    if (Deno.env.get("WGTS_DEBUG") && error instanceof Error) printError(error.stack ?? "");
    return 1;
  }
}

function choose({ applet, args }: Invocation): Choice {
  const [word = "show", ...rest] = args;
  if (applet === "wgts") return chooseOwn(word, rest);
  const load = applet === "wg" ? find(WG_COMMANDS, word) : undefined;
  if (load !== undefined) return { name: word, load, args: rest };
  return { name: applet, load: APPLETS[applet], args: [...args] };
}

function chooseOwn(word: string, args: string[]): Choice {
  const name = ALIASES.get(word) ?? word;
  const load = find(OWN_COMMANDS, name) ?? find(WG_COMMANDS, name);
  if (load === undefined) return { name, load: unknownCommand, args: [word] };
  if (asksForHelp(args)) return { name, load: () => import("./commands/help.ts"), args: [name] };
  return { name, load, args };
}

/** `help` of a command that there isn't: it says so and fails. */
function unknownCommand(): Promise<Command> {
  return import("./commands/help.ts");
}

/** Whether an option of a command asks for its help. */
function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  const options = end < 0 ? args : args.slice(0, end);
  return options.includes("--help") || options.includes("-h");
}

function find(commands: Commands, name: string): Commands[string] | undefined {
  return Object.hasOwn(commands, name) ? commands[name] : undefined;
}

if (import.meta.main) Deno.exit(await main(invocation()));

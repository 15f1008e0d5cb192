/**
 * One executable, several programs: which one is meant, and how it calls itself.
 *
 * @module
 */

/** Programs of wireguard-tools and wireguard-go that this executable can act as. */
export const APPLETS = ["wg", "wg-quick", "wireguard-go"] as const;

/** A program that this executable acts as; `wgts` is itself. */
export type Applet = "wgts" | (typeof APPLETS)[number];

/** Those of wg(8), in wgts as in `wg`. They parse all their arguments as `wg` does, `--help` too. */
export const WG_COMMANDS: readonly string[] = [
  "show",
  "showconf",
  "set",
  "setconf",
  "addconf",
  "syncconf",
  "genkey",
  "genpsk",
  "pubkey",
];

/** What one invocation of the executable means. */
export interface Invocation {
  readonly applet: Applet;
  /** How the program calls itself in messages. */
  readonly name: string;
  /** The arguments that are the program's. */
  readonly args: readonly string[];
}

/**
 * Tells what is meant by the executable being called as `argv0` with `args`: by the name of a program
 * that it can act as (a symbolic link), else by that name as the first argument.
 */
export function parseInvocation(argv0: string, args: readonly string[]): Invocation {
  const file = argv0.slice(argv0.lastIndexOf("/") + 1);
  // A login shell's name begins with a hyphen (login(1)).
  const called = findApplet(file.startsWith("-") ? file.slice(1) : file);
  if (called !== undefined) {
    // wg-quick, a script, tells only its last part.
    return { applet: called, name: called === "wg-quick" ? called : argv0, args };
  }
  const [word, ...rest] = args;
  const named = findApplet(word);
  return named === undefined
    ? { applet: "wgts", name: "wgts", args }
    : { applet: named, name: named, args: rest };
}

/** A command was called wrongly: how it is called is printed. The message may be empty. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

let ownInvocation: Invocation | null = null;

/** What the invocation of this process means. */
export function invocation(): Invocation {
  return ownInvocation ??= parseInvocation(ownArgv0(), Deno.args);
}

/** How this program calls itself in messages: as it was called, `wgts` otherwise. */
export function programName(): string {
  return invocation().name;
}

function findApplet(name: string | undefined): Applet | undefined {
  return APPLETS.find((applet) => applet === name);
}

/** The zeroth argument of this process, which Deno doesn't tell (proc(5)); "" when it can't be had. */
function ownArgv0(): string {
  try {
    return Deno.readTextFileSync("/proc/self/cmdline").split("\0", 1)[0] ?? "";
  } catch {
    return "";
  }
}

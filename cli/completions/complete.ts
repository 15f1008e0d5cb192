/** Completes command lines of wgts and of the programs that it acts as. */
import { SHOW_FIELDS } from "../../core/show/field_names.ts";
import { CRYPTO_CHOICES } from "../engine/crypto_choice.ts";
import { MAX_THREADS } from "../engine/threads_option.ts";
import { WG_COMMANDS } from "../program_name.ts";
import {
  type Completion,
  type CompletionSurroundings,
  described,
  FILES,
  NOTHING,
  words,
} from "./completion.ts";
import { helpCommands, type HelpOption, helpOptions } from "./help_table.ts";
import { completeSet } from "./set.ts";

/** The shells there are completions for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

type Complete = (
  before: readonly string[],
  surroundings: CompletionSurroundings,
) => Completion | Promise<Completion>;

/** The values of options; of those with none, nothing is known. */
const OPTION_VALUES: Readonly<Record<string, Complete>> = {
  "--backend": () => words(["auto", "kernel", "userspace"]),
  "--crypto": () => words(CRYPTO_CHOICES),
  "--offload": () => words(["auto", "off", "tun", "udp-gso", "udp-gro"]),
  "--threads": () => words(Array.from({ length: MAX_THREADS }, (_, i) => String(i + 1))),
  "--status-group": (_, { groups }) => words(groups()),
  "--bind-address": () => NOTHING,
  "--bind-interface": (_, { links }) => words(links()),
  "--netns": (_, { namespaces }) => words(namespaces()),
  "--birth-netns": (_, { namespaces }) => words(namespaces()),
  "--interval": () => NOTHING,
  "--count": () => NOTHING,
  "--listen": () => NOTHING,
};

/** The operands of commands; those of others can't be known. `before` holds those before the place. */
const OPERANDS: Readonly<Record<string, Complete>> = {
  "up": completeConfig,
  "down": completeConfig,
  "reload": completeConfig,
  "save": completeConfig,
  "strip": completeConfig,
  "doctor": completeConfig,
  "check": (_, { configs }) => words(configs(), "configs"),
  "status": completeInterfaces,
  "top": completeInterfaces,
  "events": completeInterfaces,
  "show": async (before, surroundings) => {
    if (before.length === 0) {
      return words([...await surroundings.interfaces(), "all", "interfaces"]);
    }
    return before.length === 1 && before[0] !== "interfaces" ? words(SHOW_FIELDS) : NOTHING;
  },
  "showconf": (before, surroundings) =>
    before.length === 0 ? completeInterfaces(before, surroundings) : NOTHING,
  "set": (before, surroundings) =>
    before.length === 0
      ? completeInterfaces(before, surroundings)
      : completeSet(before, surroundings),
  "setconf": completeConfigArguments,
  "addconf": completeConfigArguments,
  "syncconf": completeConfigArguments,
  "install-links": (before) =>
    before.length === 0 ? { candidates: [], files: "directories" } : NOTHING,
  "completions": (before) => before.length === 0 ? words(SHELLS) : NOTHING,
  "help": (before) => before.length === 0 ? described(helpCommands()) : NOTHING,
};

/** The programs that wgts acts as, each with how its arguments are completed. */
const APPLETS: Readonly<Record<string, Complete>> = {
  "wg": ([command, ...before], surroundings) => {
    const summaries = helpCommands();
    if (command !== undefined) {
      const isKnown = WG_COMMANDS.includes(command);
      return isKnown ? completeOperand(command, before, surroundings) : NOTHING;
    }
    return described(WG_COMMANDS.map((name) => [name, summaries.get(name) ?? ""] as const));
  },
  "wg-quick": ([verb, ...before], surroundings) => {
    const verbs = ["up", "down", "save", "strip"];
    if (verb === undefined) return words(verbs);
    return verbs.includes(verb) ? completeConfig(before, surroundings) : NOTHING;
  },
  "wireguard-go": (before) =>
    before.some((word) => !word.startsWith("-")) ? NOTHING : words(["--foreground", "-f"]),
};

/**
 * What could follow in a command line: `line` begins with the program's name or path, and ends with what
 * is there of the word to complete.
 */
export async function complete(
  line: readonly string[],
  surroundings: CompletionSurroundings,
): Promise<Completion> {
  const [path = "", ...args] = line;
  const program = path.slice(path.lastIndexOf("/") + 1);
  const current = args.at(-1) ?? "";
  const before = args.slice(0, -1);
  const applet = own(APPLETS, program);
  if (applet !== undefined) return await applet(before, surroundings);
  const [command, ...rest] = before;
  if (command === undefined) {
    return described([...helpCommands(), ["--help", ""], ["--version", ""]]);
  }
  const named = own(APPLETS, command);
  if (named !== undefined) return await named(rest, surroundings);
  if (WG_COMMANDS.includes(command)) return await completeOperand(command, rest, surroundings);
  return await completeOwn(command, rest, current, surroundings);
}

/** Completes a command of wgts' own, which has options. */
async function completeOwn(
  command: string,
  before: readonly string[],
  current: string,
  surroundings: CompletionSurroundings,
): Promise<Completion> {
  if (!helpCommands().has(command)) return NOTHING;
  const options = helpOptions(command);
  const find = (name: string | undefined) => options.find((option) => option.name === name);
  const { operands, isEnded, open } = split(before, find);
  if (open !== null) return await completeValue(open, surroundings);
  if (isEnded || !current.startsWith("-")) {
    return await completeOperand(command, operands, surroundings);
  }
  const equals = current.indexOf("=");
  const option = find(current.slice(0, equals));
  if (equals < 0 || !option?.takesValue) return described(options.map(optionWord));
  const { candidates } = await completeValue(option.name, surroundings);
  const prefix = `${option.name}=`;
  return words(candidates.map(({ value }) => prefix + value));
}

interface SplitLine {
  readonly operands: string[];
  /** Whether no option may follow. */
  readonly isEnded: boolean;
  /** The option whose value follows; null for none. */
  readonly open: string | null;
}

/** What of `before`, the words before the place, are operands. */
function split(
  before: readonly string[],
  find: (name: string) => HelpOption | undefined,
): SplitLine {
  const operands: string[] = [];
  for (let at = 0; at < before.length; at++) {
    const word = before[at] ?? "";
    if (word === "--") {
      return { operands: [...operands, ...before.slice(at + 1)], isEnded: true, open: null };
    }
    if (!word.startsWith("-")) operands.push(word);
    else if (find(word)?.takesValue && ++at === before.length) {
      return { operands, isEnded: false, open: word };
    }
  }
  return { operands, isEnded: false, open: null };
}

function optionWord({ name, takesValue, description }: HelpOption): readonly [string, string] {
  return [takesValue ? `${name}=` : name, description];
}

async function completeValue(
  option: string,
  surroundings: CompletionSurroundings,
): Promise<Completion> {
  return await own(OPTION_VALUES, option)?.([], surroundings) ?? NOTHING;
}

async function completeOperand(
  command: string,
  before: readonly string[],
  surroundings: CompletionSurroundings,
): Promise<Completion> {
  return await own(OPERANDS, command)?.(before, surroundings) ?? NOTHING;
}

function completeConfig(
  before: readonly string[],
  { configs }: CompletionSurroundings,
): Completion {
  return before.length === 0 ? words(configs(), "configs") : NOTHING;
}

/** Interfaces that aren't there yet. */
async function completeInterfaces(
  before: readonly string[],
  { interfaces }: CompletionSurroundings,
): Promise<Completion> {
  return words((await interfaces()).filter((name) => !before.includes(name)));
}

async function completeConfigArguments(
  before: readonly string[],
  surroundings: CompletionSurroundings,
): Promise<Completion> {
  if (before.length === 0) return await completeInterfaces(before, surroundings);
  return before.length === 1 ? FILES : NOTHING;
}

/** Names such as "constructor" are no entries. */
function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

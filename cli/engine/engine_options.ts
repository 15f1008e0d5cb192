import { isLinkName } from "../../core/config/interface_name.ts";
import { groupNumber } from "../../ffi/group.ts";
import { takeOptionValues } from "../option_values.ts";
import { CRYPTO_CHOICES, parseCryptoChoice } from "./crypto_choice.ts";
import { parseOffload } from "./offload_option.ts";
import { areBindAddresses, BIND_ADDRESS_OPTION, BIND_INTERFACE_OPTION } from "./binding_options.ts";
import { MAX_THREADS, parseThreads } from "./threads_option.ts";

/** An option of `up` and `run` that is the engine's, and the environment variable that means the same. */
interface EngineOption {
  readonly option: string;
  readonly variable: string;
  /** What a value may be, in words. */
  readonly expected: string;
  isValid(value: string): boolean;
}

const OPTIONS: readonly EngineOption[] = [
  {
    option: "--crypto",
    variable: "WGTS_CRYPTO",
    expected: `one of ${CRYPTO_CHOICES.map((choice) => `"${choice}"`).join(", ")}`,
    isValid: (value) => parseCryptoChoice(value) !== null,
  },
  {
    option: "--offload",
    variable: "WGTS_OFFLOAD",
    expected: `"auto", "off", or a list of "tun", "udp-gso" and "udp-gro" with commas`,
    isValid: (value) => parseOffload(value) !== null,
  },
  {
    option: "--threads",
    variable: "WGTS_THREADS",
    expected: `a number from 1 to ${MAX_THREADS}`,
    isValid: (value) => parseThreads(value) !== null,
  },
  {
    option: "--status-group",
    variable: "WGTS_STATUS_GROUP",
    expected: "a group's name or number",
    isValid: (value) => groupNumber(value) !== null,
  },
  {
    option: BIND_ADDRESS_OPTION,
    variable: "WGTS_BIND_ADDRESS",
    expected: "an IPv4 address, an IPv6 address, or both with a comma",
    isValid: areBindAddresses,
  },
  {
    option: BIND_INTERFACE_OPTION,
    variable: "WGTS_BIND_INTERFACE",
    expected: "the name of a network interface",
    isValid: isLinkName,
  },
];

/** A command's arguments, split. */
export interface SplitArguments {
  /** Those that are the command's own. */
  readonly rest: string[];
  /** Those for the command `engine`, each as `--option=value`. */
  readonly engine: string[];
}

/**
 * Takes the engine's options out of `args`, and adds those that the environment sets and `args` don't.
 * A value may stand behind "=" or be an argument of its own; of several, the last one counts.
 *
 * @param environment gives an environment variable's value; an empty one counts as not set
 * @throws Error that tells what was expected of a value
 */
export function splitEngineOptions(
  args: readonly string[],
  environment: (variable: string) => string | undefined,
): SplitArguments {
  const values = new Map<EngineOption, string>();
  for (const option of OPTIONS) {
    const value = environment(option.variable);
    if (value) values.set(option, checked(option, option.variable, value));
  }
  const taken = takeOptionValues(args, OPTIONS.map(({ option }) => option));
  for (const [name, value] of taken.values) {
    const option = OPTIONS.find(({ option }) => option === name);
    if (option !== undefined) values.set(option, checked(option, name, value));
  }
  return {
    rest: taken.rest,
    engine: [...values].map(([{ option }, value]) => `${option}=${value}`),
  };
}

/** The value of `option`, such as "--offload", in the arguments of the command `engine`. */
export function engineOption(args: readonly string[], option: string): string | undefined {
  const prefix = `${option}=`;
  return args.find((argument) => argument.startsWith(prefix))?.slice(prefix.length);
}

function checked(option: EngineOption, name: string, value: string): string {
  if (option.isValid(value)) return value;
  throw new Error(`Cannot use ${name}=${value}: expected ${option.expected}`);
}

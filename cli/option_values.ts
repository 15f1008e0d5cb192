/** The arguments of a command, with options that take a value apart from the rest. */
export interface OptionValues<Name extends string> {
  /** All other arguments, and what begins with "--". */
  readonly rest: string[];
  /** The options in their order, each with its value. */
  readonly values: (readonly [name: Name, value: string])[];
}

/**
 * Takes the options called `names` out of `args`. A value may stand behind "=" or be an argument of its
 * own; one that is missing is "".
 */
export function takeOptionValues<Name extends string>(
  args: readonly string[],
  names: readonly Name[],
): OptionValues<Name> {
  const rest: string[] = [];
  const values: [Name, string][] = [];
  for (let i = 0; i < args.length; i++) {
    const argument = args[i] ?? "";
    if (argument === "--") {
      rest.push(...args.slice(i));
      break;
    }
    const equals = argument.indexOf("=");
    const word = equals < 0 ? argument : argument.slice(0, equals);
    const name = names.find((name) => name === word);
    if (name === undefined) rest.push(argument);
    else values.push([name, equals < 0 ? args[++i] ?? "" : argument.slice(equals + 1)]);
  }
  return { rest, values };
}

/** Arguments in front of a "--", which may be options, and those behind it, which aren't. */
export interface PartedArguments {
  readonly mayBeOptions: readonly string[];
  readonly operands: readonly string[];
}

/** Parts arguments at the first "--"; without one, all may be options. */
export function partAtDashes(args: readonly string[]): PartedArguments {
  const end = args.indexOf("--");
  return end < 0
    ? { mayBeOptions: args, operands: [] }
    : { mayBeOptions: args.slice(0, end), operands: args.slice(end + 1) };
}

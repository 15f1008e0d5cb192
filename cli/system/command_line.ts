/** The arguments of a subcommand that takes switches and one operand. */
export interface CommandLine {
  /** The switches that were given. */
  readonly switches: ReadonlySet<string>;
  readonly operand: string;
}

/** Parses `args`. Null when there is a switch besides `known`, or not exactly one operand. */
export function parseCommandLine(
  args: readonly string[],
  known: readonly string[],
): CommandLine | null {
  const switches = new Set<string>();
  const operands: string[] = [];
  for (const [i, argument] of args.entries()) {
    if (argument === "--") {
      operands.push(...args.slice(i + 1));
      break;
    }
    if (argument.startsWith("-")) {
      if (!known.includes(argument)) return null;
      switches.add(argument);
    } else {
      operands.push(argument);
    }
  }
  const [operand, ...more] = operands;
  return operand === undefined || more.length > 0 ? null : { switches, operand };
}

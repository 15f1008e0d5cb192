import { MEASURE_GROUPS, type MeasureGroup } from "./metrics.ts";

/** What the command line of the benchmark asks for. */
export interface Options {
  /** Names of implementations; empty for all that are installed. */
  readonly only: readonly string[];
  readonly measure: readonly MeasureGroup[];
  readonly repetitions: number;
  /** Of each transfer; iperf3 takes whole seconds. */
  readonly seconds: number;
  /** Seconds after which no further run begins. */
  readonly timeLimit: number;
  /** Seconds to wait for a quiet machine, before each run. */
  readonly quietWait: number;
  /** Measures fewer cases: IPv4, one direction. */
  readonly quick: boolean;
  /** Whether to build peers that are not installed. */
  readonly install: boolean;
  /** Where to write the results, as JSON; null for nowhere. */
  readonly output: string | null;
  /** Adds to the results in `output` instead of replacing them. */
  readonly append: boolean;
  /** Where to draw the chart, as SVG; null for nowhere. */
  readonly chart: string | null;
  /** A directory for the compiled programs, which are used again if they are there; null for none. */
  readonly programs: string | null;
  /** `list` names the implementations, `report` prints the results in `output`, both without a run. */
  readonly mode: "run" | "list" | "report";
}

/** For `--help`. */
export const USAGE = `Usage: deno task bench [OPTION]...
Measures wgts and other implementations of WireGuard between two network namespaces. Needs root.

  --quick              one repetition of a few cases, in under two minutes
  --only=NAME,...      these implementations (see --list)
  --measure=GROUP,...  of ${MEASURE_GROUPS.join(", ")}
  --repetitions=N      rounds over all implementations (3)
  --seconds=N          duration of each transfer (1)
  --time-limit=N       begin no further run after so many seconds (900)
  --quiet-wait=N       wait so many seconds for a quiet machine before each run (10)
  --output=FILE        write the results as JSON
  --append             ... adding to those that are there
  --chart=FILE         draw an SVG
  --programs=DIRECTORY keep the compiled programs there and use them again
  --no-install         don't build peers that are missing
  --list               name the implementations that can be measured
  --report             print the results of --output again, without measuring
`;

/** A mistake on the command line. */
export class OptionError extends Error {}

/** Reads the command line. Throws {@linkcode OptionError}. */
export function parseOptions(args: readonly string[]): Options {
  const values = new Map<string, string>();
  for (const argument of args) {
    const match = /^--([a-z-]+)(?:=(.+))?$/.exec(argument);
    if (match === null) throw new OptionError(`What is "${argument}"?`);
    values.set(match[1] ?? "", match[2] ?? "");
  }
  const take = (name: string): string | undefined => {
    const value = values.get(name);
    values.delete(name);
    return value;
  };
  const flag = (name: string): boolean => {
    const value = take(name);
    if (value) throw new OptionError(`--${name} takes no value`);
    return value !== undefined;
  };
  const text = (name: string): string | null => {
    const value = take(name);
    if (value === "") throw new OptionError(`--${name} needs a value`);
    return value ?? null;
  };
  const list = (name: string): string[] => text(name)?.split(",") ?? [];
  const count = (name: string, otherwise: number, least = 1): number => {
    const value = text(name);
    if (value === null) return otherwise;
    if (!/^\d{1,6}$/.test(value) || Number(value) < least) {
      throw new OptionError(`--${name} needs a number of at least ${least}`);
    }
    return Number(value);
  };

  const quick = flag("quick");
  const measure = list("measure").map((name) => {
    const group = MEASURE_GROUPS.find((group) => group === name);
    if (group === undefined) {
      throw new OptionError(`--measure knows ${MEASURE_GROUPS.join(", ")}, but not "${name}"`);
    }
    return group;
  });
  const listing = flag("list");
  const reporting = flag("report");
  const options: Options = {
    only: list("only"),
    measure: measure.length > 0 ? measure : MEASURE_GROUPS,
    repetitions: count("repetitions", quick ? 1 : 3),
    seconds: count("seconds", 1),
    timeLimit: count("time-limit", 900),
    quietWait: count("quiet-wait", quick ? 2 : 10, 0),
    quick,
    install: !flag("no-install"),
    output: text("output"),
    append: flag("append"),
    chart: text("chart"),
    programs: text("programs"),
    mode: listing ? "list" : reporting ? "report" : "run",
  };
  for (const name of values.keys()) throw new OptionError(`There is no option --${name}`);
  if (options.output === null && (options.append || reporting)) {
    throw new OptionError(`--${options.append ? "append" : "report"} needs --output`);
  }
  return options;
}

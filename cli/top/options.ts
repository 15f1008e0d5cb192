import { isLinkName } from "../../core/config/interface_name.ts";
import { UsageError } from "../program_name.ts";

/** The arguments of `wgts top`. */
export interface TopOptions {
  /** Those to show; none is all. */
  readonly names: readonly string[];
  /** Seconds between two samples. */
  readonly interval: number;
  /** Whether to print once instead of showing it live. */
  readonly once: boolean;
}

const MIN_INTERVAL = 0.1, MAX_INTERVAL = 3600;

/** Parses `args`. @throws UsageError */
export function parseTopOptions(args: readonly string[]): TopOptions {
  const names: string[] = [];
  let interval = 1, once = false, isOption = true;
  for (let i = 0; i < args.length; i++) {
    const argument = args[i] ?? "";
    if (isOption && argument === "--") {
      isOption = false;
    } else if (isOption && argument === "--once") {
      once = true;
    } else if (isOption && argument === "--interval") {
      interval = parseInterval(args[++i] ?? "");
    } else if (isOption && argument.startsWith("--interval=")) {
      interval = parseInterval(argument.slice("--interval=".length));
    } else if (isOption && argument.startsWith("-")) {
      throw new UsageError();
    } else {
      if (!isLinkName(argument)) throw new UsageError(`Invalid interface: \`${argument}'`);
      if (!names.includes(argument)) names.push(argument);
    }
  }
  return { names, interval, once };
}

function parseInterval(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (seconds >= MIN_INTERVAL && seconds <= MAX_INTERVAL) return seconds;
  throw new UsageError(
    `Cannot use --interval=${text}: expected seconds, ${MIN_INTERVAL} to ${MAX_INTERVAL}`,
  );
}

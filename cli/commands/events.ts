import { formatEventJson, formatEventText } from "../../core/events/text.ts";
import { printError, writeStdout } from "../output.ts";
import { partAtDashes } from "../option_values.ts";
import { UsageError } from "../program_name.ts";
import { EventFollower } from "../system/event_follower.ts";
import { Interruptions } from "../system/interruption.ts";
import { Interruption } from "../system/session.ts";

/** `wgts events`: what happens to interfaces and their peers, one line each, until it is interrupted. */
export async function main(args: string[]): Promise<number> {
  const { names, json, schema, count } = parseArguments(args);
  if (schema) {
    writeStdout(await readSchema());
    return 0;
  }
  const format = json ? formatEventJson : formatEventText;
  using interruptions = new Interruptions();
  const enough = new AbortController();
  let left = count;
  const follower = new EventFollower({
    names,
    signal: AbortSignal.any([interruptions.signal, enough.signal]),
    onEvent: (event) => {
      if (left === 0) return;
      writeStdout(`${format(event, formatTime)}\n`);
      if (--left === 0) enough.abort();
    },
    onProblem: (problem) => printError(`wgts: ${problem}`),
  });
  await follower.run();
  const { reason } = interruptions.signal;
  return reason instanceof Interruption ? reason.code : 0;
}

function formatTime(time: number): string {
  return new Date(time).toISOString();
}

interface Arguments {
  readonly names: string[];
  readonly json: boolean;
  readonly schema: boolean;
  /** After how many events to end; Infinity for never. */
  readonly count: number;
}

function parseArguments(args: readonly string[]): Arguments {
  const { mayBeOptions, operands } = partAtDashes(args);
  const names = new Set<string>();
  let json = false, schema = false, count = Infinity;
  for (let i = 0; i < mayBeOptions.length; i++) {
    const argument = mayBeOptions[i] ?? "";
    if (argument === "--count") count = parseCount(mayBeOptions[++i] ?? "");
    else if (argument.startsWith("--count=")) count = parseCount(argument.slice(8));
    else if (argument === "--json") json = true;
    else if (argument === "--json-schema") schema = true;
    else if (argument.startsWith("-")) throw new UsageError();
    else names.add(argument);
  }
  for (const name of operands) names.add(name);
  if (schema && args.length > 1) throw new UsageError();
  return { names: [...names], json, schema, count };
}

function parseCount(text: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text);
  throw new UsageError("wgts: --count takes a number of events, from 1");
}

async function readSchema(): Promise<string> {
  const { default: schema } = await import("../share/events.schema.json", {
    with: { type: "json" },
  });
  return JSON.stringify(schema, null, 2) + "\n";
}

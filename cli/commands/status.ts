import { formatEnded, formatStatus, type StatusOptions } from "../../core/show/status.ts";
import type { StatusReport } from "../../core/status/report.ts";
import { ownNetworkNamespace } from "../../ffi/namespace.ts";
import { colorWanted, printError, writeStdout } from "../output.ts";
import { partAtDashes } from "../option_values.ts";
import { UsageError } from "../program_name.ts";
import { namespaceName } from "../system/namespace_name.ts";
import { readReport } from "../system/status_report.ts";

/** Seconds over which rates are measured for people; programs can count themselves. */
const DEFAULT_INTERVAL = 1;
const MAX_INTERVAL = 3600;

/** `wgts status`: how interfaces run; all of them, or those named. */
export async function main(args: string[]): Promise<number> {
  const { names, json, schema, interval } = parseArguments(args);
  if (schema) {
    writeStdout(await readSchema());
    return 0;
  }
  const { report, problems } = await readReport(names, interval ?? (json ? 0 : DEFAULT_INTERVAL));
  if (json) {
    const { formatStatusJson } = await import("../../core/status/json.ts");
    writeStdout(formatStatusJson(report));
  } else {
    writeStdout(formatReport(report));
  }
  for (const problem of problems) printError(`wgts: ${problem}`);
  return problems.length > 0 || report.ended.length > 0 ? 1 : 0;
}

interface Arguments {
  readonly names: string[];
  readonly json: boolean;
  readonly schema: boolean;
  /** Seconds; null when it isn't given. */
  readonly interval: number | null;
}

function parseArguments(args: readonly string[]): Arguments {
  const { mayBeOptions, operands: rest } = partAtDashes(args);
  const operands = new Set<string>(), switches = new Set<string>();
  let interval: number | null = null;
  for (let i = 0; i < mayBeOptions.length; i++) {
    const argument = mayBeOptions[i] ?? "";
    if (argument === "--interval") interval = parseInterval(mayBeOptions[++i] ?? "");
    else if (argument.startsWith("--interval=")) interval = parseInterval(argument.slice(11));
    else if (argument === "--json" || argument === "--json-schema") switches.add(argument);
    else if (argument.startsWith("-")) throw new UsageError();
    else operands.add(argument);
  }
  const names = [...new Set([...operands, ...rest])];
  const json = switches.has("--json"), schema = switches.has("--json-schema");
  if (schema && (json || names.length > 0 || interval !== null)) throw new UsageError();
  return { names, json, schema, interval };
}

function parseInterval(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Infinity;
  if (seconds <= MAX_INTERVAL) return seconds;
  throw new UsageError(`wgts: --interval takes seconds, from 0 to ${MAX_INTERVAL}`);
}

function formatReport({ wall, running, ended }: StatusReport): string {
  const options: StatusOptions = {
    wall,
    color: colorWanted(),
    namespace: ownNetworkNamespace(),
    namespaceName,
  };
  return [
    ...running.map(({ status, rates }) => formatStatus(status, options, rates)),
    ...ended.map((ended) => formatEnded(ended, options)),
  ].join("\n");
}

async function readSchema(): Promise<string> {
  const { default: schema } = await import("../share/status.schema.json", {
    with: { type: "json" },
  });
  return JSON.stringify(schema, null, 2) + "\n";
}

/**
 * Results and their file. Its shape, beside what the types here say:
 *
 * ```json
 * { "format": "wgts-bench/1",
 *   "machine": { "processor": "…", "processors": 2, "kernel": "…", "runtime": "deno …" },
 *   "implementations": [{ "id": "wgts", "name": "wgts 0.1.0", "kind": "wgts" }],
 *   "runs": [{ "implementation": "wgts", "repetition": 1, "at": "2026-01-01T00:00:00.000Z",
 *              "noisy": false, "seconds": 1, "values": { "tcp_v4_1_forward": 4.2 }, "errors": [] }],
 *   "summary": { "wgts": { "tcp_v4_1_forward": { "median": 4.2, "min": 4.1, "max": 4.3, "count": 3 } } },
 *   "bars": [{ "title": "…", "required": "…", "value": 1.2, "met": true }] }
 * ```
 *
 * `runs` is what was measured; `summary` and `bars` follow from it. The ids and units of the figures are
 * in metrics.ts.
 */
import { type Bar, judge } from "./bars.ts";
import type { Implementation } from "./implementation.ts";
import type { Values } from "./measure/context.ts";
import { METRICS } from "./metrics.ts";
import { summarize, type Summary } from "./statistics.ts";

const FORMAT = "wgts-bench/1";

/** The machine on which the results were had. */
export interface MachineDescription {
  readonly processor: string;
  /** How many the system shows. */
  readonly processors: number;
  readonly kernel: string;
  readonly runtime: string;
}

/** What is kept of an {@linkcode Implementation}. */
export type ImplementationDescription = Pick<Implementation, "id" | "name" | "kind">;

/** One implementation, measured once. */
export interface Run {
  readonly implementation: string;
  /** From 1: which round over all implementations. */
  readonly repetition: number;
  /** When it ended, ISO 8601. */
  readonly at: string;
  /** Whether the machine was busy with something else just before or during the run. */
  readonly noisy: boolean;
  /** Duration of each transfer. */
  readonly seconds: number;
  readonly values: Values;
  /** What could not be measured, and why. */
  readonly errors: readonly string[];
}

/** Summaries by implementation and metric. */
export type Summaries = Readonly<Record<string, Readonly<Record<string, Summary>>>>;

/** All that was measured. */
export class Results {
  readonly runs: Run[] = [];
  readonly #implementations = new Map<string, ImplementationDescription>();

  constructor(readonly machine: MachineDescription) {}

  /** In the order of their addition. */
  get implementations(): readonly ImplementationDescription[] {
    return [...this.#implementations.values()];
  }

  /** Adds a run of an implementation. */
  add({ id, name, kind }: ImplementationDescription, run: Run): void {
    this.#implementations.set(id, { id, name, kind });
    this.runs.push(run);
  }

  /** The highest number of a repetition of an implementation; 0 when it was never measured. */
  repetitionsOf(id: string): number {
    const runs = this.runs.filter(({ implementation }) => implementation === id);
    return Math.max(0, ...runs.map(({ repetition }) => repetition));
  }

  /** Medians and spread. Noisy runs count only for figures that no other run has. */
  summarize(): Summaries {
    const summaries: Record<string, Record<string, Summary>> = {};
    for (const { id } of this.implementations) {
      const runs = this.runs.filter(({ implementation }) => implementation === id);
      const quiet = runs.filter(({ noisy }) => !noisy);
      const summary: Record<string, Summary> = {};
      for (const metric of METRICS) {
        const found = summarize(valuesOf(quiet, metric.id)) ?? summarize(valuesOf(runs, metric.id));
        if (found !== null) summary[metric.id] = found;
      }
      summaries[id] = summary;
    }
    return summaries;
  }

  /** The verdicts on what wgts must reach. */
  judge(): Bar[] {
    return judge(this.summarize());
  }

  /** The text of a file. */
  toJson(): string {
    const { machine, implementations, runs } = this;
    const rounded = (_key: string, value: unknown) =>
      typeof value === "number" ? Number(value.toPrecision(5)) : value;
    const content = { format: FORMAT, machine, implementations, runs };
    const derived = { summary: this.summarize(), bars: this.judge() };
    return JSON.stringify({ ...content, ...derived }, rounded, 2) + "\n";
  }

  /** Reads the text of a file. Throws Error when it is none of these. */
  static fromJson(text: string): Results {
    const content = JSON.parse(text) as {
      format: unknown;
      machine: MachineDescription;
      implementations: ImplementationDescription[];
      runs: Run[];
    };
    if (content.format !== FORMAT) throw new Error(`Expected results of the format ${FORMAT}`);
    const results = new Results(content.machine);
    for (const implementation of content.implementations) {
      results.#implementations.set(implementation.id, implementation);
    }
    results.runs.push(...content.runs);
    return results;
  }
}

function valuesOf(runs: readonly Run[], metric: string): number[] {
  return runs.flatMap(({ values }) => {
    const value = values[metric];
    return value === undefined ? [] : [value];
  });
}

/** Describes this machine, without its name. */
export async function describeMachine(): Promise<MachineDescription> {
  const cpuinfo = await Deno.readTextFile("/proc/cpuinfo");
  const processor = /^model name\s*:\s*(.+)$/m.exec(cpuinfo)?.[1] ?? Deno.build.arch;
  return {
    processor,
    processors: navigator.hardwareConcurrency,
    kernel: `Linux ${Deno.osRelease()}`,
    runtime: `deno ${Deno.version.deno}`,
  };
}

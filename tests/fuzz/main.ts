/**
 * `deno task fuzz`: feeds everything that reads what others wrote with inputs that nobody would write.
 *
 *   --inputs=N    for each target; 20,000 by default
 *   --target=T    only this one
 *   --seed=S      another seed than 1
 *   --only=I      only input number I, to repeat a finding
 *
 * Fails for a crash, a hang, something accepted that can't be right, memory that grows, and when too
 * few branches of the decoders were reached.
 */
import { branchCoverage } from "./coverage.ts";
import type { Outcome } from "./fuzzer.ts";
import type { Target } from "./target.ts";
import { TARGETS } from "./targets/mod.ts";
import type { Report } from "./worker.ts";

/** Share of the branches of a target's decoders that its inputs must reach, in percent. */
const LEAST_COVERAGE = 90;
/** Growth of memory that counts as none, in MB per million inputs. */
const FLAT = 1;
/** Without a sign of life for so long, a target hangs. */
const HANG_MS = 120_000;
/** Targets that run at a time. */
const WORKERS = 2;
/** Inputs of the run that counts branches, which is slower. */
const COVERAGE_INPUTS = 20_000;

async function main(args: readonly string[]): Promise<number> {
  const options = new Map(args.map((argument) => {
    const [name = "", value = ""] = argument.replace(/^--/, "").split("=", 2);
    return [name, value] as const;
  }));
  const inputs = Number(options.get("inputs") ?? 20_000);
  const seed = Number(options.get("seed") ?? 1);
  const targets = TARGETS.filter(({ name }) => name === (options.get("target") ?? name));
  const only = options.get("only");
  let failures = 0;
  const waiting = [...targets];
  const work = async () => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
      const problem = only === undefined
        ? await examine(target, seed, inputs)
        : await repeat(target, seed, Number(only));
      if (problem === null) continue;
      failures++;
      console.log(`${target.name}: FAILED: ${problem}`);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  console.log(`${targets.length - failures} targets passed, ${failures} failed`);
  return targets.length > 0 && failures === 0 ? 0 : 1;
}

/** What is wrong with a target; null when nothing is. */
async function examine(target: Target, seed: number, inputs: number): Promise<string | null> {
  const outcome = await run(target, seed, 0, inputs, []);
  if (typeof outcome === "string") return outcome;
  const { accepted, slope } = outcome;
  const directory = await Deno.makeTempDir({ prefix: "wgts-fuzz-" });
  try {
    const coverageRun = await run(target, seed, 0, Math.min(inputs, COVERAGE_INPUTS), [
      `--coverage=${directory}`,
    ]);
    if (typeof coverageRun === "string") return coverageRun;
    const files = await branchCoverage(directory, target.sources);
    const taken = files.reduce((sum, file) => sum + file.taken, 0);
    const branches = files.reduce((sum, file) => sum + file.branches, 0);
    const percent = 100 * taken / branches;
    const percentAccepted = (100 * accepted / inputs).toFixed(0);
    const memory = slope === null ? "not measured" : `${slope.toFixed(2)} MB per million inputs`;
    console.log([
      `${target.name}: seed ${seed}, ${inputs} inputs, ${percentAccepted} % of them accepted; ` +
      `${taken} of ${branches} branches (${percent.toFixed(1)} %); memory ${memory}`,
      ...files.map(({ file, taken, branches }) => `    ${file}: ${taken} of ${branches}`),
    ].join("\n"));
    if (slope !== null && slope > FLAT) return "memory grows";
    return percent < LEAST_COVERAGE ? `fewer than ${LEAST_COVERAGE} % of the branches` : null;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function repeat(target: Target, seed: number, number: number): Promise<string | null> {
  const outcome = await run(target, seed, number, number + 1, []);
  return typeof outcome === "string" ? outcome : null;
}

/** Runs a target in a process of its own. What is wrong, or what it found out. */
async function run(
  target: Target,
  seed: number,
  from: number,
  to: number,
  flags: readonly string[],
): Promise<Outcome | string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--v8-flags=--expose-gc", ...flags]
      .concat(new URL("worker.ts", import.meta.url).pathname, target.name)
      .concat([seed, from, to].map(String)),
    stdout: "piped",
  }).spawn();
  let last = from;
  let hangs = false;
  const hang = () => {
    hangs = true;
    child.kill("SIGKILL");
  };
  let timer = setTimeout(hang, HANG_MS);
  let result: Outcome | string | null = null;
  for await (const line of linesOf(child.stdout)) {
    const report: Report = JSON.parse(line);
    if ("outcome" in report) result = report.outcome;
    else if ("finding" in report) result = report.finding;
    else last = report.alive;
    clearTimeout(timer);
    timer = setTimeout(hang, HANG_MS);
  }
  clearTimeout(timer);
  const { code, signal } = await child.status;
  if (hangs) return `hangs: seed ${seed}, one of the inputs behind ${last}`;
  return result ?? `ended with ${signal ?? code}: seed ${seed}, one of the inputs behind ${last}`;
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));

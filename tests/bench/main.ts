/**
 * The benchmark: wgts and the other implementations of WireGuard on this machine, each between two
 * network namespaces that are joined by a veth pair, in turn and several times. See `--help`.
 */
import { drawChart } from "./chart.ts";
import { discover } from "./discover.ts";
import type { Implementation } from "./implementation.ts";
import { OptionError, type Options, parseOptions, USAGE } from "./options.ts";
import { which } from "./peers.ts";
import { Programs } from "./programs.ts";
import { readMachineCpu } from "./proc.ts";
import { MOST_STEAL, QuietWatch, shares } from "./quiet.ts";
import { describeMachine, Results, type Run } from "./results.ts";
import { measure } from "./run.ts";
import { formatBars, formatFigures, formatNoise, formatRatios } from "./table.ts";

/** Programs that the benchmark itself uses. */
const TOOLS = ["ip", "ss", "wg", "ping", "iperf3", "nsenter", "unshare"];

const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** Set by a signal: no further run begins, and what was measured is reported. */
let interruption: number | null = null;

async function main(): Promise<number> {
  if (Deno.args.includes("--help")) {
    console.log(USAGE);
    return 0;
  }
  const options = parseOptions(Deno.args);
  if (options.mode === "report") return await report(options, await load(options));
  const problem = await obstacle();
  if (problem !== null) {
    console.error(problem);
    return 1;
  }
  const interrupted = new Promise<void>((resolve) => {
    for (const [signal, code] of Object.entries(SIGNALS)) {
      Deno.addSignalListener(signal as keyof typeof SIGNALS, () => {
        interruption = code;
        resolve();
      });
    }
  });
  const temporary = options.programs === null
    ? await Deno.makeTempDir({ prefix: "wgts-bench-" })
    : null;
  try {
    const programs = new Programs(temporary ?? options.programs ?? "");
    await programs.compile("wgts");
    const found = await discover(programs, options.install);
    if (options.mode === "list") {
      for (const { id, name } of found) console.log(`${id.padEnd(22)}${name}`);
      return 0;
    }
    const results = options.append ? await load(options) : new Results(await describeMachine());
    const chosen = choose(found, options.only);
    for (const { needs } of chosen) if (needs) await programs.compile(needs);
    await runAll(chosen, options, results, interrupted);
    const code = await report(options, results);
    return interruption ?? code;
  } finally {
    if (temporary !== null) await Deno.remove(temporary, { recursive: true });
  }
}

/** Why this machine can't run the benchmark; null when it seems it can. */
async function obstacle(): Promise<string | null> {
  if (Deno.build.os !== "linux") return `The benchmark needs Linux; this is ${Deno.build.os}.`;
  if (Deno.uid() !== 0) {
    return "The benchmark creates network namespaces, so it needs root: run it with sudo.";
  }
  try {
    await Deno.lstat("/dev/net/tun");
  } catch {
    return "No /dev/net/tun: load the module tun, or give it to this container.";
  }
  const missing: string[] = [];
  for (const tool of TOOLS) {
    if (await which(tool) === null) missing.push(tool);
  }
  if (missing.length === 0) return null;
  return `The benchmark needs ${missing.join(", ")}; on Debian: ` +
    "apt-get install iproute2 wireguard-tools iputils-ping iperf3 util-linux";
}

/** Those that `only` names, or all but those that are measured on request. */
function choose(found: readonly Implementation[], only: readonly string[]): Implementation[] {
  const unknown = only.filter((id) => !found.some((implementation) => implementation.id === id));
  if (unknown.length > 0) {
    throw new OptionError(
      `${unknown.join(", ")}: not on this machine; it has ${found.map(({ id }) => id).join(", ")}`,
    );
  }
  return found.filter(({ id, onRequest }) => only.length > 0 ? only.includes(id) : !onRequest);
}

/** Round after round, each implementation once per round. */
async function runAll(
  implementations: readonly Implementation[],
  options: Options,
  results: Results,
  interrupted: Promise<void>,
): Promise<void> {
  const watch = new QuietWatch();
  watch.calibrate();
  const begun = performance.now();
  const first = implementations.map(({ id }) => results.repetitionsOf(id));
  for (let round = 1; round <= options.repetitions; round++) {
    for (const [at, implementation] of implementations.entries()) {
      if (interruption !== null) return;
      if ((performance.now() - begun) / 1000 > options.timeLimit) {
        console.error("The time is up: what was measured so far follows.");
        return;
      }
      const run = await runOnce(
        implementation,
        (first[at] ?? 0) + round,
        options,
        watch,
        interrupted,
      );
      if (run === null) return;
      results.add(implementation, run);
      if (options.output !== null) await Deno.writeTextFile(options.output, results.toJson());
    }
  }
}

/** One run; null when it was interrupted. */
async function runOnce(
  implementation: Implementation,
  repetition: number,
  options: Options,
  watch: QuietWatch,
  interrupted: Promise<void>,
): Promise<Run | null> {
  let quiet = await watch.wait(options.quietWait);
  const before = await readMachineCpu();
  const start = performance.now();
  const outcome = await measure(implementation, options, interrupted)
    .catch((error: Error) => ({ values: {}, errors: [error.message] }));
  if (outcome === null) return null;
  if (shares(before, await readMachineCpu()).steal > MOST_STEAL) quiet = false;
  const took = (performance.now() - start) / 1000;
  console.error(
    `${implementation.id} ${repetition}: ${took.toFixed(0)} s${quiet ? "" : ", noisy"}` +
      outcome.errors.map((error) => `\n  ${error}`).join(""),
  );
  return {
    implementation: implementation.id,
    repetition,
    at: new Date().toISOString(),
    noisy: !quiet,
    seconds: options.seconds,
    ...outcome,
  };
}

async function load({ output }: Options): Promise<Results> {
  try {
    return Results.fromJson(await Deno.readTextFile(output ?? ""));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return new Results(await describeMachine());
  }
}

async function report(options: Options, results: Results): Promise<number> {
  if (results.runs.length === 0) {
    console.log("Nothing was measured.");
    return 1;
  }
  const { processor, processors, kernel, runtime } = results.machine;
  console.log(`${processors} × ${processor}, ${kernel}, ${runtime}`);
  for (const { id, name } of results.implementations) console.log(`${id.padEnd(22)}${name}`);
  console.log(`\n${formatFigures(results)}`);
  console.log(`Ratios\n${formatRatios(results)}`);
  console.log(`Bars\n${formatBars(results.judge())}`);
  console.log(formatNoise(results));
  if (options.output !== null) await Deno.writeTextFile(options.output, results.toJson());
  if (options.chart !== null) await Deno.writeTextFile(options.chart, drawChart(results));
  return results.runs.every(({ errors }) => errors.length === 0) ? 0 : 1;
}

if (import.meta.main) {
  try {
    Deno.exit(await main());
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    console.error(`${error.message}\n\n${USAGE}`);
    Deno.exit(2);
  }
}

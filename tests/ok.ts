/**
 * Everything that must hold before a change is published, step by step. The last line is the sum of
 * all tests and checks: "N passed, N failed".
 */
const DENO = Deno.execPath();
const OLDEST_DENO = ["npx", "-y", "deno@2.7.11"];

interface Step {
  readonly name: string;
  readonly command: readonly string[];
  /** Whether `deno test` runs in it, whose own counts are taken. */
  readonly counts?: true;
}

const STEPS: readonly Step[] = [
  { name: "format", command: [DENO, "fmt", "--check"] },
  { name: "lint", command: [DENO, "lint"] },
  { name: "types", command: [DENO, "check"] },
  { name: "documentation", command: [DENO, "doc", "--lint", "mod.ts"] },
  { name: "package", command: [DENO, "publish", "--dry-run", "--allow-dirty"] },
  { name: "tests", command: [DENO, "task", "test"], counts: true },
  { name: "fuzzers", command: [DENO, "task", "fuzz", "--inputs=10000"] },
  { name: "mutants", command: [DENO, "task", "mutants"] },
  { name: "reproducible WASM", command: ["sh", "tests/reproducible_wasm.sh"] },
  { name: "types on the oldest Deno", command: [...OLDEST_DENO, "check"] },
  {
    name: "unit tests on the oldest Deno",
    command: [...OLDEST_DENO, "task", "test:unit"],
    counts: true,
  },
];

interface Counts {
  passed: number;
  failed: number;
  /** Neither: what they test is missing here, of which the set-up has told. */
  ignored: number;
}

async function main(): Promise<number> {
  const sum: Counts = { passed: 0, failed: 0, ignored: 0 };
  const failures: string[] = [];
  for (const step of STEPS) {
    const start = Date.now();
    console.log(`\n=== ${step.name}: ${step.command.join(" ")}`);
    const { success, output } = await runStep(step.command);
    const counts = step.counts ? countTests(output) : { passed: 0, failed: 0, ignored: 0 };
    if (!success && counts.failed === 0) counts.failed = 1;
    if (success && counts.passed === 0) counts.passed = 1;
    sum.passed += counts.passed;
    sum.failed += counts.failed;
    sum.ignored += counts.ignored;
    if (!success) failures.push(step.name);
    const seconds = Math.round((Date.now() - start) / 1000);
    console.log(`=== ${step.name}: ${success ? "ok" : "FAILED"} (${seconds} s)`);
  }
  if (failures.length > 0) console.log(`\nFailed: ${failures.join(", ")}`);
  if (sum.ignored > 0) console.log(`\n*** NOT TESTED: ${sum.ignored} tests were ignored ***`);
  console.log(`\n${sum.passed} passed, ${sum.failed} failed`);
  return failures.length > 0 ? 1 : 0;
}

/** Runs a command, shows what it prints, and returns that too. */
async function runStep(
  command: readonly string[],
): Promise<{ success: boolean; output: string }> {
  const [program = "", ...args] = command;
  const child = new Deno.Command(program, {
    args,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let output = "";
  const show = async (stream: ReadableStream<Uint8Array>) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      output += text;
      await Deno.stdout.write(new TextEncoder().encode(text));
    }
  };
  const [status] = await Promise.all([child.status, show(child.stdout), show(child.stderr)]);
  return { success: status.success, output };
}

/** Sums up the lines that `deno test` ends with: "ok | 3 passed (2 steps) | 0 failed (1s)". */
function countTests(output: string): Counts {
  const counts: Counts = { passed: 0, failed: 0, ignored: 0 };
  const summary =
    /^(?:ok|FAILED) \| (\d+) passed(?: \((\d+) steps?\))? \| (\d+) failed(?: \(\d+ steps?\))?(?: \| (\d+) ignored)?/gm;
  for (const [, passed, steps, failed, ignored] of output.matchAll(summary)) {
    counts.passed += Number(passed) + Number(steps ?? 0);
    counts.failed += Number(failed);
    counts.ignored += Number(ignored ?? 0);
  }
  return counts;
}

Deno.exit(await main());

/**
 * Breaks each safety property in turn, in a copy, and runs the test that must notice: `deno task
 * mutants`. Prints one line per mutant; fails when one survives, or no longer applies. Words given
 * as arguments select the mutants whose property holds one of them.
 */

import { MUTANTS } from "./mutants/mod.ts";
import type { Mutant } from "./mutants/mutant.ts";

const ROOT = new URL("..", import.meta.url).pathname;
/** What the tests need to run. */
const COPIED = ["deno.json", "deno.lock", "core", "ffi", "cli"].concat(
  ["core", "ffi", "cli", "fuzz", "vectors"].map((directory) => `tests/${directory}`),
);
const WORKERS = 2;

/** How a named test ended. */
type Outcome = "passed" | "failed" | "did not run";

/** For the tests of one call; the slowest take a few minutes. */
const TIME_LIMIT_MS = 1_200_000;

/** A copy of the repository's tree, as far as the tests need it. */
class Copy {
  private constructor(readonly root: string) {}

  static async make(): Promise<Copy> {
    const copy = new Copy(await Deno.makeTempDir({ prefix: "wgts-mutants-" }));
    for (const path of COPIED) await copyTree(`${ROOT}${path}`, `${copy.root}/${path}`);
    return copy;
  }

  /** Runs the tests in `files` whose names are in `names`, and tells how each ended. */
  async test(files: string[], names: string[]): Promise<Map<string, Outcome>> {
    const filter = `/^(${names.map(escapeRegExp).join("|")})$/`;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", "--reporter=tap", `--filter=${filter}`, ...files],
      cwd: this.root,
      env: { NO_COLOR: "1" },
      stdout: "piped",
      stderr: "null",
      // A mutant may make its test hang: then it isn't caught.
      signal: AbortSignal.timeout(TIME_LIMIT_MS),
    }).output();
    const lines = new TextDecoder().decode(stdout).split("\n");
    return new Map(names.map((name) => [name, outcomeOf(lines, name)]));
  }

  /** Runs the mutant's test with the mutant in place. */
  async testMutant({ file, snippet, replacement, testFile, test }: Mutant): Promise<Outcome> {
    const path = `${this.root}/${file}`;
    const original = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, original.replace(snippet, () => replacement));
    try {
      return (await this.test([testFile], [test])).get(test) ?? "did not run";
    } finally {
      await Deno.writeTextFile(path, original);
    }
  }

  async remove(): Promise<void> {
    await Deno.remove(this.root, { recursive: true });
  }
}

async function copyTree(from: string, to: string): Promise<void> {
  const { isDirectory } = await Deno.stat(from).catch(() => ({ isDirectory: null }));
  if (isDirectory === null) return;
  if (!isDirectory) {
    await Deno.mkdir(to.slice(0, to.lastIndexOf("/")), { recursive: true });
    await Deno.copyFile(from, to);
    return;
  }
  await Deno.mkdir(to, { recursive: true });
  for await (const { name } of Deno.readDir(from)) {
    await copyTree(`${from}/${name}`, `${to}/${name}`);
  }
}

/** Looks for `ok 1 - NAME` or `not ok 1 - NAME` in the Test Anything Protocol's output. */
function outcomeOf(lines: string[], name: string): Outcome {
  for (const line of lines) {
    const result = /^(ok|not ok) \d+ - (.*)$/.exec(line);
    if (result?.[2] === name) return result[1] === "ok" ? "passed" : "failed";
  }
  return "did not run";
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}

/** How often `snippet` occurs in the file the mutant changes. */
async function occurrences({ file, snippet }: Mutant): Promise<number> {
  return (await Deno.readTextFile(`${ROOT}${file}`)).split(snippet).length - 1;
}

/** Why the mutant can't be tried: it doesn't apply, or its test fails without it. */
async function problemWith(
  mutant: Mutant,
  unmutated: Map<string, Outcome>,
): Promise<string | null> {
  const count = await occurrences(mutant);
  if (count !== 1) return `the snippet occurs ${count} times in ${mutant.file}`;
  const outcome = unmutated.get(mutant.test) ?? "did not run";
  return outcome === "passed" ? null : `without the mutant, "${mutant.test}" ${outcome}`;
}

async function main(words: string[]): Promise<number> {
  const mutants = MUTANTS.filter(({ property }) =>
    words.length === 0 || words.some((word) => property.includes(word))
  );
  const copies = await Promise.all(Array.from({ length: WORKERS }, () => Copy.make()));
  Deno.addSignalListener("SIGINT", async () => {
    for (const copy of copies) await copy.remove();
    Deno.exit(130);
  });
  let passed = 0;
  try {
    const [first] = copies;
    if (first === undefined) return 1;
    const files = [...new Set(mutants.map(({ testFile }) => testFile))];
    const names = [...new Set(mutants.map(({ test }) => test))];
    const unmutated = await first.test(files, names);
    const waiting = [...mutants];
    await Promise.all(copies.map(async (copy) => {
      for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
        const problem = await problemWith(mutant, unmutated) ?? await judge(copy, mutant);
        console.log(
          `${problem === null ? "ok  " : "FAIL"} ${mutant.property}${
            problem === null ? "" : `: ${problem}`
          }`,
        );
        if (problem === null) passed++;
      }
    }));
  } finally {
    for (const copy of copies) await copy.remove();
  }
  const failed = mutants.length - passed;
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

/** Null when the mutant's test fails, as it must. */
async function judge(copy: Copy, mutant: Mutant): Promise<string | null> {
  const outcome = await copy.testMutant(mutant);
  if (outcome === "failed") return null;
  return outcome === "passed"
    ? `the mutant survives "${mutant.test}"`
    : `with the mutant, "${mutant.test}" did not run`;
}

Deno.exit(await main(Deno.args));

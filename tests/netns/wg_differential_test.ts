/**
 * wgts under the name `wg` against Debian's `wg`: the same scripts must print the same bytes on stdout and
 * stderr, end with the same code, and leave the same state of the interfaces behind.
 */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { WG_VERSION } from "../cli/wg_oracle.ts";
import { wgts } from "./harness/program.ts";
import { type Outcome, WgTwins } from "./harness/wg_twins.ts";
import { ACCESS } from "./wg_cases/access.ts";
import { CONFIG } from "./wg_cases/config.ts";
import { FAKE, FAKES } from "./wg_cases/fake.ts";
import { generatedScripts } from "./wg_cases/generated.ts";
import { SET } from "./wg_cases/set.ts";
import { settingWith } from "./wg_cases/setting.ts";
import { KEYS, SHOW, WORDS } from "./wg_cases/show.ts";
import { type Difference, DIFFERENCES, MOST_DIFFERENCES } from "./wg_differences.ts";

/** Generated scripts of either kind. */
const GENERATED = 60;

/** Rows that made a difference. */
const used = new Set<Difference>();
let compared = 0;

/**
 * What only the compiled program can do as `wg` does: see the path that it was called by, arguments that
 * aren't UTF-8, and a carriage return at an argument's end, which `deno run` takes off; be run by a user who
 * can't read the runtime in root's home directory.
 */
const NEEDS_COMPILED = /^\/run\/t\/bin\/wg|\\xff|\r'|\bnobody\b/;
const isCompiled = wgts().length === 1;

/** The rows that are about this version of the real `wg`. */
const rows = DIFFERENCES.filter(({ since }) => since === null || (WG_VERSION ?? 0) < since);

function differencesOf(script: string): Difference[] {
  return rows.filter(({ scripts }) => scripts.test(script));
}

/** What wgts has printed on stderr; nothing if that may be anything. */
function stderrOf({ stderr }: Outcome, script: string): string {
  const mayBe = differencesOf(script).some((row) => row.stderr?.test(stderr));
  return mayBe ? "" : stderr;
}

/** Two runs see a handshake's age a second apart at times: that is forgotten. */
function withoutAges(outcome: Outcome): Outcome {
  return { ...outcome, stdout: outcome.stdout.replaceAll(AGES, "$1(some time ago)") };
}
const AGES = /(latest handshake: ).*|(?<=\t)1[5-9]\d{8}(?=\t|$)/gm;

/** Compares what each of the scripts does; `words` is whether what is on stderr counts. */
async function compare(twins: WgTwins, all: readonly string[], words = true) {
  const scripts = isCompiled ? all : all.filter((script) => !NEEDS_COMPILED.test(script));
  if (scripts.length < all.length) {
    console.warn(`${all.length - scripts.length} scripts need the compiled program: left out`);
  }
  const [oracle, tested] = await Promise.all([
    twins.runOracle(
      scripts.map((script) =>
        differencesOf(script).reduce((script, { instead }) => instead?.(script) ?? script, script)
      ),
    ),
    twins.runTested(scripts),
  ]);
  const wrong: string[] = [];
  for (const [i, script] of scripts.entries()) {
    const [theirs, ours] = [oracle[i], tested[i]];
    if (theirs === undefined || ours === undefined) throw new Error("no outcome");
    let right = theirs;
    for (const row of differencesOf(script)) {
      right = row.right?.(right, script) ?? right;
      if (row.instead !== undefined || !isDeepStrictEqual(right, theirs)) used.add(row);
    }
    compared++;
    const actual = withoutAges({ ...ours, stderr: words ? stderrOf(ours, script) : "" });
    const expected = withoutAges({ ...right, stderr: words ? right.stderr : "" });
    if (isDeepStrictEqual(actual, expected)) continue;
    // What isn't compared may tell why.
    const said = words ? "" : `  stderr: ${JSON.stringify([ours.stderr, theirs.stderr])}\n`;
    wrong.push(`${script}\n${differingParts(actual, expected)}${said}`);
  }
  assert.ok(wrong.length === 0, `${wrong.length} of ${scripts.length}:\n${wrong.join("\n")}`);
}

function differingParts(actual: Outcome, expected: Outcome): string {
  const parts = ["code", "stdout", "stderr", "state"] as const;
  return parts.filter((part) => actual[part] !== expected[part]).map((part) =>
    `  ${part}: ${JSON.stringify(actual[part])}\n  of wg: ${JSON.stringify(expected[part])}\n`
  ).join("");
}

const GROUPS: Readonly<Record<string, readonly string[]>> = {
  "the commands themselves": WORDS,
  "show and showconf": SHOW,
  "keys": KEYS,
  "set": SET,
  "setconf, addconf and syncconf": CONFIG,
  "interfaces that can't be reached": ACCESS,
};

const ALL = [...Object.values(GROUPS), FAKE].flat().length + 2 * GENERATED;

for (const [group, scripts] of Object.entries(GROUPS)) {
  Deno.test(`like wg: ${group}`, async () => {
    await using twins = await WgTwins.create(settingWith());
    await compare(twins, scripts);
  });
}

Deno.test("like wg: any answer of a control socket", async () => {
  await using twins = await WgTwins.create(settingWith(FAKES));
  await compare(twins, FAKE);
});

Deno.test("like wg: generated changes", async () => {
  const seed = Number(Deno.env.get("WGTS_TEST_SEED") ?? Date.now() % 2 ** 31);
  console.log(`Generated with WGTS_TEST_SEED=${seed}`);
  await using twins = await WgTwins.create(settingWith());
  // What is said of each is compared by the test of the parser, for many more of them.
  await compare(twins, generatedScripts(seed, GENERATED), false);
});

Deno.test("each intended difference from wg is one", () => {
  assert.ok(DIFFERENCES.length <= MOST_DIFFERENCES);
  // With --filter, not all were looked for.
  if (compared < ALL) return;
  for (const row of rows) assert.ok(used.has(row), `nothing shows that ${row.reason}`);
  console.log(`${compared} scripts compared, with ${rows.length} intended differences`);
});

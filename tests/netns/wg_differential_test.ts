/**
 * wgts under the name `wg` against Debian's `wg`: the same scripts must print the same bytes on stdout and
 * stderr, end with the same code, and leave the same state of the interfaces behind.
 */
import assert from "node:assert/strict";
import { ROWS, WgComparison } from "./harness/wg_comparison.ts";
import { WgTwins } from "./harness/wg_twins.ts";
import { ACCESS } from "./wg_cases/access.ts";
import { CONFIG } from "./wg_cases/config.ts";
import { FAKE, FAKES } from "./wg_cases/fake.ts";
import { generatedScripts } from "./wg_cases/generated.ts";
import { SET } from "./wg_cases/set.ts";
import { settingWith } from "./wg_cases/setting.ts";
import { KEYS, SHOW, WORDS } from "./wg_cases/show.ts";
import { DIFFERENCES, MOST_DIFFERENCES } from "./wg_differences.ts";

/** Generated scripts of either kind. */
const GENERATED = 60;

const GROUPS: Readonly<Record<string, readonly string[]>> = {
  "the commands themselves": WORDS,
  "show and showconf": SHOW,
  "keys": KEYS,
  "set": SET,
  "setconf, addconf and syncconf": CONFIG,
  "interfaces that can't be reached": ACCESS,
};

const comparison = new WgComparison();
const ALL = [...Object.values(GROUPS), FAKE].flat().length + 2 * GENERATED;

for (const [group, scripts] of Object.entries(GROUPS)) {
  Deno.test(`like wg: ${group}`, async () => {
    await using twins = await WgTwins.create(settingWith());
    await comparison.compare(twins, scripts);
  });
}

Deno.test("like wg: any answer of a control socket", async () => {
  await using twins = await WgTwins.create(settingWith(FAKES));
  await comparison.compare(twins, FAKE);
});

Deno.test("like wg: generated changes", async () => {
  const seed = Number(Deno.env.get("WGTS_TEST_SEED") ?? Date.now() % 2 ** 31);
  console.log(`Generated with WGTS_TEST_SEED=${seed}`);
  await using twins = await WgTwins.create(settingWith());
  // What is said of each is compared by the test of the parser, for many more of them.
  await comparison.compare(twins, generatedScripts(seed, GENERATED), false);
});

Deno.test("each intended difference from wg is one", () => {
  assert.ok(DIFFERENCES.length <= MOST_DIFFERENCES);
  // With --filter, not all were looked for.
  if (comparison.compared < ALL) return;
  for (const row of ROWS) assert.ok(comparison.used.has(row), `nothing shows that ${row.reason}`);
  console.log(`${comparison.compared} scripts compared, with ${ROWS.length} intended differences`);
});

/**
 * `wgts up` and `wgts down` against Debian's `wg-quick` with wireguard-go: the same configs in the same
 * namespaces give the same links, addresses, routes, rules, firewall, sysctls and files, the same exit
 * codes, and all is as before afterwards.
 */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { WG_VERSION } from "../cli/wg_oracle.ts";
import { difference, type QuickCase, type QuickOutcome, runQuick } from "./harness/quick_run.ts";
import { GROUPS } from "./wg_quick_cases/mod.ts";
import {
  MOST_QUICK_DIFFERENCES,
  QUICK_DIFFERENCES,
  type QuickDifference,
} from "./wg_quick_differences.ts";

/** Cases at once; each runs both programs. */
const PARALLEL_CASES = 2;

/** Rows that made a difference. */
const used = new Set<QuickDifference>();
let compared = 0;

/** The rows that are about this version of the real `wg-quick`. */
const rows = QUICK_DIFFERENCES.filter(({ since }) => since === null || (WG_VERSION ?? 0) < since);

/** Returns how the two differ, as text; "" when they don't. */
async function compare(which: QuickCase): Promise<string> {
  const about = rows.filter(({ when }) => when(which));
  const config = about.reduce((config, { instead }) => instead?.(config) ?? config, which.config);
  const [theirs, ours] = await Promise.all([
    runQuick("wg-quick", { ...which, config }),
    runQuick("wgts", which),
  ]);
  let right = theirs, actual = ours;
  if (config !== which.config && theirs.config === sorted(config)) {
    right = { ...right, config: sorted(which.config) };
  }
  for (const row of about) {
    const before = right;
    right = row.right?.(right, which) ?? right;
    right = row.without?.(right) ?? right;
    actual = row.without?.(actual) ?? actual;
    if (row.instead !== undefined || !isDeepStrictEqual(right, before)) used.add(row);
  }
  compared++;
  return isDeepStrictEqual(actual, right) ? "" : `${which.name}:\n${parts(actual, right)}`;
}

function sorted(text: string): string {
  return text.split("\n").sort().join("\n").trimStart();
}

/** The parts in which two outcomes differ: what wgts has more is marked with `+`. */
function parts(actual: QuickOutcome, right: QuickOutcome): string {
  const texts = (outcome: QuickOutcome): Record<string, string> => ({
    ...outcome,
    up: `code ${outcome.up.code}\n${outcome.up.stdout}`,
    down: `code ${outcome.down.code}\n${outcome.down.stdout}`,
    trace: outcome.trace.map((line, i) => `${i} ${line}`).join("\n"),
  });
  const own = texts(actual);
  return Object.entries(texts(right)).filter(([part, text]) => text !== own[part])
    .map(([part, text]) => `  ${part}:\n${difference(text, own[part] ?? "")}`).join("");
}

for (const [group, cases] of Object.entries(GROUPS)) {
  Deno.test(`like wg-quick: ${group}`, async () => {
    const next = cases.values();
    const wrong: string[] = [];
    const worker = async () => {
      for (const which of next) wrong.push(await compare(which));
    };
    await Promise.all(Array.from({ length: PARALLEL_CASES }, worker));
    const found = wrong.filter((text) => text !== "");
    assert.ok(found.length === 0, `${found.length} of ${cases.length}:\n${found.join("\n")}`);
  });
}

Deno.test("each intended difference from wg-quick is one", () => {
  assert.ok(QUICK_DIFFERENCES.length <= MOST_QUICK_DIFFERENCES);
  // With --filter, not all were looked for.
  if (compared < Object.values(GROUPS).flat().length) return;
  for (const row of rows) assert.ok(used.has(row), `nothing shows that ${row.reason}`);
  console.log(`${compared} configs compared, with ${rows.length} intended differences`);
});

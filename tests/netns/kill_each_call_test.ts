/**
 * `kill -9` at each single system call by which `wgts up` and `wgts down` change something: `down`
 * cleans up, and so does `up`. strace delivers the signal instead of executing the call.
 */
import assert from "node:assert/strict";
import { createSiteToKill, downAfterKill, upAfterKill } from "./harness/kill.ts";
import type { Site } from "./harness/site.ts";
import { snapshot } from "./harness/snapshot.ts";
import {
  inject,
  recordChangingCalls,
  sample,
  type SystemCall,
  type Threads,
} from "./harness/system_calls.ts";

/** How many there are at least. Fewer mean that the calls are others, and that nothing is tested. */
const MIN_CALLS = { up: 60, down: 30 };
/** Of them, so many are killed unless the environment says more. */
const KILLS = 24;

/** One kill, and what follows. */
interface Kill {
  readonly call: SystemCall;
  readonly threads: Threads;
  readonly after: "down" | "up";
}

async function kill(site: Site, before: string, command: string, one: Kill): Promise<boolean> {
  if (command === "down") await site.wgtsOk("up", "wg0");
  try {
    await inject(site, one.call, "signal=KILL", one.threads, command, "wg0");
    return await (one.after === "down" ? downAfterKill : upAfterKill)(site, before);
  } catch (error) {
    const { call, threads, after } = one;
    const where = `${command} killed at ${call.name} ${call.count} (${threads}): ${call.text}`;
    throw new Error(`${where}, then ${after}`, { cause: error });
  }
}

for (const command of ["up", "down"] as const) {
  Deno.test(`${command} killed at calls that change something is cleaned up`, async () => {
    await using first = await createSiteToKill();
    if (command === "down") await first.wgtsOk("up", "wg0");
    const calls = await recordChangingCalls(first, command, "wg0");
    assert.ok(calls.length >= MIN_CALLS[command], `only ${calls.length} calls`);
    const all = calls.flatMap((call, i): Kill[] => [
      { call, threads: "main", after: i % 3 === 0 ? "up" : "down" },
      { call, threads: "all", after: i % 3 === 1 ? "up" : "down" },
    ]);
    if (command === "up") await first.wgtsOk("down", "wg0");
    await first.waitForNoProcess();
    await using second = await createSiteToKill();
    const kills = sample(all, KILLS, `kills of ${command}`).values();
    let cleaned = 0;
    await Promise.all([first, second].map(async (site) => {
      const before = await snapshot(site.host);
      for (const one of kills) if (await kill(site, before, command, one)) cleaned++;
    }));
    assert.ok(cleaned >= 5, `only ${cleaned} kills left anything to clean up`);
  });
}

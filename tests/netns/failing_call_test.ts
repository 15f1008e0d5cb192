/**
 * Each single system call by which `wgts up` changes something fails: either the tunnel can live without, or
 * `up` itself takes back all that it did. strace gives the error instead of executing the call.
 */
import assert from "node:assert/strict";
import { createSiteToKill, downAfterKill } from "./harness/kill.ts";
import { wgts } from "./harness/program.ts";
import type { Site } from "./harness/site.ts";
import { snapshot } from "./harness/snapshot.ts";
import { inject, recordChangingCalls, sample, type SystemCall } from "./harness/system_calls.ts";

/** Failures, unless the environment says more. */
const FAILURES = 24;
/** What a call may fail with; others with ENOMEM. */
const ERRORS: Readonly<Record<string, string>> = {
  openat: "ENOSPC",
  write: "ENOSPC",
  rename: "EROFS",
  unlink: "EROFS",
  rmdir: "EROFS",
  mkdir: "ENOSPC",
  chmod: "EPERM",
  fchmod: "EPERM",
  connect: "ECONNREFUSED",
  bind: "EADDRINUSE",
  clone3: "EAGAIN",
  kill: "EPERM",
};

/** The runtime ends itself when it can't go on: then nobody was there to take anything back. */
const DIED = /panicked|Fatal error/;
const SAID = /^wgts: (?!warning)|panicked|Fatal error/m;

/** The tunnel is up, or nothing is left; returns whether it is up. */
async function fail(site: Site, before: string, call: SystemCall): Promise<boolean> {
  const error = ERRORS[call.name] ?? "ENOMEM";
  const { code, stderr } = await inject(site, call, `error=${error}`, "main", "up", "wg0");
  try {
    if (code === 0) await site.waitForTunnel();
    const wasLeft = await downAfterKill(site, before);
    if (code !== 0 && !DIED.test(stderr)) assert.ok(!wasLeft, "`up` left something");
    if (code !== 0) assert.match(stderr, SAID);
    return code === 0;
  } catch (error) {
    throw new Error(`${call.name} ${call.count} fails: ${call.text}: ${code}\n${stderr}`, {
      cause: error,
    });
  }
}

// Of the sources, nearly all calls are those by which the runtime loads and compiles them.
const ignore = wgts().length > 1;

Deno.test("up whose calls fail takes back all that it did", { ignore }, async () => {
  await using first = await createSiteToKill();
  const calls = (await recordChangingCalls(first, "up", "wg0"))
    // Who can't have a lock waits for it.
    .filter(({ name }) => name !== "flock");
  await first.wgtsOk("down", "wg0");
  await first.waitForNoProcess();
  await using second = await createSiteToKill();
  const failures = sample(calls, FAILURES, "failures of up").values();
  const outcomes: boolean[] = [];
  await Promise.all([first, second].map(async (site) => {
    const before = await snapshot(site.host);
    for (const call of failures) outcomes.push(await fail(site, before, call));
  }));
  const failed = outcomes.filter((isUp) => !isUp).length;
  assert.ok(failed >= 5, `only ${failed} failures made up fail`);
});

/** `kill -9` at any moment: `down` cleans up and `up` works again. */
import assert from "node:assert/strict";
import { createSiteToKill, downAfterKill } from "./harness/kill.ts";
import type { Site } from "./harness/site.ts";
import { assertRestored, snapshot } from "./harness/snapshot.ts";
import { pause, waitFor } from "./harness/wait.ts";

const KILLS_OF_UP = 30;
const KILLS_OF_DOWN = 12;
const KILLS_OF_ENGINE = 8;

/** How many milliseconds a command takes. */
async function duration(command: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await command();
  return performance.now() - start;
}

/** Kills `wgts` with the arguments after a part of the time that it takes. */
async function killAfter(site: Site, milliseconds: number, ...args: string[]): Promise<void> {
  const process = await site.start(...args);
  await pause(milliseconds);
  try {
    process.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error; // it was faster
  }
  await process.result;
}

Deno.test("up killed at many moments is cleaned up by down", async () => {
  await using site = await createSiteToKill();
  const before = await snapshot(site.host);
  const whole = await duration(() => site.wgtsOk("up", "wg0"));
  await downAfterKill(site, before);
  let cleaned = 0;
  for (let i = 0; i < KILLS_OF_UP; i++) {
    // One kill in each part of the time, and some when it is nearly or just done
    const moment = (i + Math.random()) * 1.1 * whole / KILLS_OF_UP;
    await killAfter(site, moment, "up", "wg0");
    if (await downAfterKill(site, before)) cleaned++;
  }
  assert.ok(cleaned >= KILLS_OF_UP / 4, `only ${cleaned} kills left anything to clean up`);
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  await site.wgtsOk("down", "wg0");
  await assertRestored(site.host, before);
});

Deno.test("down killed at many moments is completed by down", async () => {
  await using site = await createSiteToKill();
  const before = await snapshot(site.host);
  await site.wgtsOk("up", "wg0");
  const whole = await duration(() => site.wgtsOk("down", "wg0"));
  for (let i = 0; i < KILLS_OF_DOWN; i++) {
    await site.wgtsOk("up", "wg0");
    await killAfter(site, (i + Math.random()) * 1.1 * whole / KILLS_OF_DOWN, "down", "wg0");
    await downAfterKill(site, before);
  }
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
});

Deno.test("an engine killed under traffic is cleaned up by down", async () => {
  await using site = await createSiteToKill();
  const before = await snapshot(site.host);
  for (let i = 0; i < KILLS_OF_ENGINE; i++) {
    await site.wgtsOk("up", "wg0");
    const engine = await site.engine();
    const traffic = await site.host.start(["ping", "-n", "-i", "0.01", "192.0.2.1"]);
    await pause(Math.random() * 500);
    Deno.kill(engine, "SIGKILL");
    await waitFor("the interface to be gone", async () => {
      return (await site.host.try(["ip", "link", "show", "wg0"])).code !== 0;
    });
    traffic.kill("SIGINT");
    await traffic.result;
    await downAfterKill(site, before);
  }
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
});

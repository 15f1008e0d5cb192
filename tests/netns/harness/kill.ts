/** What the tests that kill `wgts` have in common. */
import assert from "node:assert/strict";
import { wgts } from "./program.ts";
import { FAR_ENDPOINT, Site } from "./site.ts";
import { assertRestored } from "./snapshot.ts";

/** The tunnel with the most to undo: default routes, rules, tables, sysctls and hooks. */
export async function createSiteToKill(): Promise<Site> {
  const site = await Site.create();
  await site.writeConfig({
    endpoint: FAR_ENDPOINT,
    allowedIps: "0.0.0.0/0, ::/0",
    interface: ["MTU = 1400", "DNS = 10.88.0.2", "PostUp = true"],
  });
  return site;
}

/**
 * `down` either cleans up, or says that there is nothing to clean up. Returns whether there was.
 * @param prefix of its command
 */
export async function downAfterKill(
  site: Site,
  before: string,
  prefix: readonly string[] = [],
): Promise<boolean> {
  const { code, stderr } = await site.host.try([...prefix, ...wgts(), "down", "wg0"]);
  if (code !== 0) assert.match(stderr, /^[^\n]*wg0.* is not [^\n]*\n$/);
  await site.waitForNoProcess();
  await assertRestored(site.host, before);
  return code === 0;
}

/** What the tests that kill `wgts` have in common. */
import assert from "node:assert/strict";
import { wgts } from "./program.ts";
import { FAR_ENDPOINT, Site } from "./site.ts";
import { assertRestored } from "./snapshot.ts";

/** The tunnel with the most to undo: default routes, rules, tables, sysctls, DNS and hooks. */
export async function createSiteToKill(): Promise<Site> {
  const site = await Site.create();
  await site.host.sh("rm -f /etc/resolv.conf; echo nameserver 192.0.2.53 >/etc/resolv.conf");
  await site.writeConfig({
    endpoint: FAR_ENDPOINT,
    allowedIps: "0.0.0.0/0, ::/0",
    interface: [
      "MTU = 1400",
      "DNS = 10.88.0.53, fd88::53, corp.example",
      ...["PreUp", "PostUp", "PreDown", "PostDown"].map((hook) => `${hook} = true`),
    ],
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

/**
 * `up` cleans up what there is, if anything, says so, and brings the tunnel up; then `down` restores the
 * host. Returns whether there was something.
 */
export async function upAfterKill(site: Site, before: string): Promise<boolean> {
  const { code, stderr } = await site.wgts("up", "wg0");
  // The command that was killed may have been done.
  if (code !== 0) assert.match(stderr, /^wgts: `wg0' already exists\n$/);
  const isCleaned = /^wgts: wg0: .*: cleaning up first$/m.test(stderr);
  await site.waitForTunnel();
  await site.wgtsOk("down", "wg0");
  await site.waitForNoProcess();
  await assertRestored(site.host, before);
  return isCleaned || code !== 0;
}

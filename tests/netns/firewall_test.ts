/** The firewall rules that go with a default route: whether they are wg-quick's, and what they do. */
import assert from "node:assert/strict";
import { FAR_ENDPOINT, INNER, INTERNET, Site } from "./harness/site.ts";
import { assertRestored, snapshot } from "./harness/snapshot.ts";
import { waitFor } from "./harness/wait.ts";

async function createSite(): Promise<Site> {
  const site = await Site.create();
  await site.writeConfig({ endpoint: FAR_ENDPOINT, allowedIps: "0.0.0.0/0, ::/0" });
  return site;
}

/** The host's rules. A TUN's link-local address is a random one, and others' interfaces may have it. */
async function rules(site: Site): Promise<string> {
  const text = await site.host.sh("nft list ruleset");
  return text.replaceAll(/^.* ip6 daddr fe80::.*\n/gm, "");
}

Deno.test("the firewall rules are byte for byte those of wg-quick", async () => {
  await using site = await createSite();
  const before = await snapshot(site.host);
  await site.host.sh("WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go wg-quick up wg0");
  const expected = await rules(site);
  assert.match(expected, /table ip6 wg-quick-wg0 [^]*table ip wg-quick-wg0 /);
  await site.host.sh("wg-quick down wg0");
  await site.waitForNoProcess();
  await site.host.sh("sysctl -q net.ipv4.conf.all.src_valid_mark=0");
  await assertRestored(site.host, before);

  await site.wgtsOk("up", "wg0");
  assert.equal(await rules(site), expected);
  await site.wgtsOk("down", "wg0");
  await site.waitForNoProcess();
  await assertRestored(site.host, before);
});

Deno.test("nobody reaches the tunnel's addresses from outside of it", async () => {
  await using site = await createSite();
  const before = await snapshot(site.host);
  // What the remote host sends by eth0 goes there, whatever its routes say.
  await site.remote.sh(`
    ip rule add oif eth0 table 77
    ip route add ${INNER.host[4]} via 10.77.0.1 table 77
    ip -6 rule add oif eth0 table 77
    ip -6 route add ${INNER.host[6]} via fd77::1 table 77`);
  const isReached = async (address: string, timeout: string) => {
    const ping = ["ping", "-n", "-q", "-c", "1", "-W", timeout, "-I", "eth0", address];
    return (await site.remote.try(ping)).code === 0;
  };
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  for (const [address, table] of [[INNER.host[4], "ip"], [INNER.host[6], "ip6"]] as const) {
    assert.equal(await isReached(address, "1"), false, address);
    await site.host.sh(`nft delete table ${table} wg-quick-wg0`);
    assert.equal(await isReached(address, "60"), true, `${address} without the rules`);
  }
  // That the rules are gone is fine.
  await site.wgtsOk("down", "wg0");
  await site.waitForNoProcess();
  await assertRestored(site.host, before);
});

Deno.test("the tunnel works where reverse-path filtering is strict", async () => {
  await using site = await createSite();
  await site.host.sh("sysctl -q net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.eth0.rp_filter=1");
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  assert.ok(await site.answers(INTERNET[4]));
  await site.host.sh("nft delete table ip wg-quick-wg0");
  assert.equal(await site.answers(INTERNET[4], 1), false, "without the rules");
  await site.wgtsOk("down", "wg0");
  await waitFor("the internet to answer", () => site.answers(INTERNET[4], 1));
});

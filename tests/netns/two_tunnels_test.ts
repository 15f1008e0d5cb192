/** Two tunnels that share settings: whoever goes first, and whoever is killed, the host is restored. */
import assert from "node:assert/strict";
import { createSiteToKill } from "./harness/kill.ts";
import { generateKey, type Site } from "./harness/site.ts";
import { assertRestored, snapshot } from "./harness/snapshot.ts";
import { waitFor } from "./harness/wait.ts";

/** A tunnel for everything beside wg0, with DNS and a command. */
async function addSecond(site: Site, postUp: string): Promise<void> {
  const config = `[Interface]
PrivateKey = ${await generateKey()}
Address = 10.99.0.1/24, fd99::1/64
DNS = 10.99.0.53
PostUp = ${postUp}
[Peer]
PublicKey = ${site.keys.remotePublic}
AllowedIPs = 0.0.0.0/0, ::/0
Endpoint = 198.51.100.1:51820
`;
  await site.host.writeFile("/etc/wireguard/wg1.conf", config);
}

/** Kills the engine of an interface. */
async function killEngine(site: Site, name: string): Promise<void> {
  await site.host.sh(`kill -9 $(pgrep -f -- ' engine ${name}( |$)')`);
  await waitFor(`the end of ${name}`, async () => {
    return (await site.host.try(["ip", "link", "show", name])).code !== 0;
  });
}

for (const [first, second] of [["wg0", "wg1"], ["wg1", "wg0"]] as const) {
  Deno.test(`two tunnels for everything, down of ${first} first, with one, both or no engine killed`, async () => {
    await using site = await createSiteToKill();
    await addSecond(site, "true");
    const before = await snapshot(site.host);
    for (const killed of [[], [first], [second], [first, second]]) {
      await site.wgtsOk("up", "wg0");
      await site.wgtsOk("up", "wg1");
      for (const name of killed) await killEngine(site, name);
      await site.wgtsOk("down", first);
      const between = await snapshot(site.host);
      assert.notEqual(between, before, "the other one's rules are left");
      assert.match(between, /ipv4\/conf\/all\/src_valid_mark:1/);
      await site.wgtsOk("down", second);
      await site.waitForNoProcess();
      await assertRestored(site.host, before);
    }
  });
}

Deno.test("two tunnels for everything, the up of one killed", async () => {
  await using site = await createSiteToKill();
  // The command's parent is the `up` that runs it.
  await addSecond(site, "kill -9 $PPID");
  const before = await snapshot(site.host);
  for (const order of [["wg0", "wg1"], ["wg1", "wg0"]]) {
    await site.wgtsOk("up", "wg0");
    assert.equal((await site.wgts("up", "wg1")).code, 128 + 9);
    for (const name of order) await site.wgtsOk("down", name);
    await site.waitForNoProcess();
    await assertRestored(site.host, before);
  }
});

for (const hook of ["PreUp", "PostUp", "PreDown", "PostDown"]) {
  Deno.test(`a ${hook} that kills its wgts: down cleans up`, async () => {
    await using site = await createSiteToKill();
    const file = "/etc/wireguard/wg0.conf";
    await site.host.sh(`sed -i 's/^${hook} = .*/${hook} = kill -9 $PPID/' ${file}`);
    const kills = await snapshot(site.host);
    const up = await site.wgts("up", "wg0");
    if (hook.endsWith("Up")) assert.equal(up.code, 128 + 9, up.stderr);
    else assert.equal((await site.wgts("down", "wg0")).code, 128 + 9);
    await site.host.sh(`sed -i 's/= kill -9 .*/= true/' ${file}`);
    await site.wgtsOk("down", "wg0");
    await site.waitForNoProcess();
    await site.host.sh(`sed -i 's/^${hook} = .*/${hook} = kill -9 $PPID/' ${file}`);
    await assertRestored(site.host, kills);
  });
}

Deno.test("after a reboot, up and down of what was up before it leave nothing", async () => {
  await using site = await createSiteToKill();
  const before = await snapshot(site.host);
  for (const next of ["up", "down"]) {
    await site.wgtsOk("up", "wg0");
    for (const pid of await site.host.processes()) Deno.kill(pid, "SIGKILL");
    await site.waitForNoProcess();
    // No interface, rule, route, firewall or /run of before; another boot
    await site.host.sh(`rm -rf /run/wgts /run/wireguard
      for family in -4 -6; do
        while ip $family rule delete priority 32764 2>/dev/null; do :; done
        while ip $family rule delete priority 32765 2>/dev/null; do :; done
        ip $family route delete unreachable default table 51820 metric 4294967295
      done
      nft flush ruleset
      echo 0 >/proc/sys/net/ipv4/conf/all/src_valid_mark
      cat /proc/sys/kernel/random/uuid >/run/boot_id
      mount --bind /run/boot_id /proc/sys/kernel/random/boot_id`);
    const { code, stderr } = await site.wgts(next, "wg0");
    assert.match(stderr, /^wgts: \/etc\/resolv\.conf: took back what is left of wg0/m);
    if (next === "up") {
      assert.equal(code, 0, stderr);
      await site.waitForTunnel();
      await site.wgtsOk("down", "wg0");
    }
    await site.waitForNoProcess();
    await site.host.sh("umount /proc/sys/kernel/random/boot_id; rm /run/boot_id");
    await assertRestored(site.host, before);
  }
});

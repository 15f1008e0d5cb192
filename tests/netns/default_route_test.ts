/** A tunnel for everything: 0.0.0.0/0 and ::/0 with a mark, rules and a table of its own. */
import assert from "node:assert/strict";
import { leaked, watchForLeaks } from "./harness/leaks.ts";
import { FAR_ENDPOINT, INTERNET, NEAR_ENDPOINT, Site } from "./harness/site.ts";
import { assertRestored, snapshot } from "./harness/snapshot.ts";
import { waitFor } from "./harness/wait.ts";

for (const [where, endpoint] of Object.entries({ near: NEAR_ENDPOINT, far: FAR_ENDPOINT })) {
  Deno.test(`everything goes through the tunnel, its own packets do not (${where} endpoint)`, async () => {
    await using site = await Site.create();
    await site.writeConfig({ endpoint, allowedIps: "0.0.0.0/0, ::/0" });
    const before = await snapshot(site.host);
    assert.ok(await site.answers(INTERNET[4]), "the internet answers without tunnel");
    await watchForLeaks(site);

    await site.wgtsOk("up", "wg0");
    await site.waitForTunnel();
    for (const address of Object.values(INTERNET)) {
      assert.ok(await site.answers(address), address);
      assert.match(await site.host.sh(`ip route get ${address}`), / dev wg0 /);
    }
    assert.equal(await leaked(site), 0);
    // The network at hand is still reached directly.
    assert.ok(await site.answers("10.77.0.2"));
    assert.match(await site.host.sh("ip route get 10.77.0.2"), / dev eth0 /);

    await site.wgtsOk("down", "wg0");
    await site.waitForNoProcess();
    await assertRestored(site.host, before);
    for (const address of Object.values(INTERNET)) assert.ok(await site.answers(address), address);
    assert.ok(await leaked(site) >= 2, "the counter counts");
  });
}

Deno.test("nothing leaks when the engine is killed", async () => {
  await using site = await Site.create();
  await site.writeConfig({ endpoint: FAR_ENDPOINT, allowedIps: "0.0.0.0/0, ::/0" });
  const before = await snapshot(site.host);
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  await watchForLeaks(site);
  // Traffic that goes on while the engine dies
  const pings = await Promise.all(
    Object.values(INTERNET).map((address) => {
      return site.host.start(["ping", "-n", "-i", "0.01", "-W", "1", address]);
    }),
  );
  Deno.kill(await site.engine(), "SIGKILL");
  await waitFor("the interface to be gone", async () => {
    return (await site.host.try(["ip", "link", "show", "wg0"])).code !== 0;
  });
  for (const address of Object.values(INTERNET)) {
    const route = await site.host.try(["ip", "route", "get", address]);
    assert.match(route.stdout + route.stderr, /No route to host|unreachable/);
    assert.equal(await site.answers(address, 1), false);
  }
  for (const ping of pings) ping.kill("SIGINT");
  await Promise.all(pings.map((ping) => ping.result));
  assert.equal(await leaked(site), 0);

  await site.wgtsOk("down", "wg0");
  await assertRestored(site.host, before);
  assert.ok(await site.answers(INTERNET[4]));
});

Deno.test("what is excluded from a tunnel for everything goes by it, also without an engine, and nothing else", async () => {
  await using site = await Site.create();
  // A second one beside "the internet", far away too.
  await site.remote.sh("ip address add 192.0.3.1/32 dev lo; ip address add 2001:db9::1/128 dev lo");
  const config = site.config({ endpoint: FAR_ENDPOINT, allowedIps: "0.0.0.0/0, ::/0" });
  await site.host.writeFile(
    "/etc/wireguard/wg0.conf",
    config.replace("[Peer]", "DisallowedIPs = 192.0.3.0/24, 2001:db9::/32\n[Peer]"),
  );
  const before = await snapshot(site.host);
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  await watchForLeaks(site);
  const goBy = async () => {
    for (const address of ["192.0.3.1", "2001:db9::1"]) {
      assert.match(await site.host.sh(`ip route get ${address}`), / dev eth0 /);
      assert.ok(await site.answers(address), address);
    }
  };
  await goBy();
  for (const address of Object.values(INTERNET)) {
    assert.match(await site.host.sh(`ip route get ${address}`), / dev wg0 /);
    assert.ok(await site.answers(address), address);
  }
  const allowed = await site.host.sh("wg show wg0 allowed-ips");
  assert.ok(allowed.includes(" 192.0.2.0/24 ") && !allowed.includes("/0"), allowed);
  Deno.kill(await site.engine(), "SIGKILL");
  await waitFor("the interface to be gone", async () => {
    return (await site.host.try(["ip", "link", "show", "wg0"])).code !== 0;
  });
  await goBy();
  for (const address of Object.values(INTERNET)) {
    assert.equal(await site.answers(address, 1), false);
  }
  assert.equal(await leaked(site), 0);
  await site.wgtsOk("down", "wg0");
  await assertRestored(site.host, before);
});

Deno.test("two tunnels for everything, one per family, leave nothing", async () => {
  await using site = await Site.create();
  const before = await snapshot(site.host);
  const config = site.config({ allowedIps: "0.0.0.0/0" });
  await site.host.writeFile("/etc/wireguard/wg0.conf", config);
  const second = site.config({ allowedIps: "::/0" }).replace(/Address.*/, "Address = fd99::1/64");
  await site.host.writeFile("/etc/wireguard/wg1.conf", second);
  const configured = await snapshot(site.host);
  await site.wgtsOk("up", "wg0");
  await site.wgtsOk("up", "wg1");
  assert.match(await site.host.sh(`ip route get ${INTERNET[4]}`), / dev wg0 /);
  assert.match(await site.host.sh(`ip route get ${INTERNET[6]}`), / dev wg1 /);
  await site.wgtsOk("down", "wg0");
  assert.match(await site.host.sh(`ip route get ${INTERNET[4]}`), / dev eth0 /);
  assert.match(await site.host.sh(`ip route get ${INTERNET[6]}`), / dev wg1 /);
  await site.wgtsOk("down", "wg1");
  await assertRestored(site.host, configured);
  await site.host.sh("rm /etc/wireguard/wg1.conf");
  await site.writeConfig();
  await assertRestored(site.host, before);
});

/** UDP sockets that are bound to an address or an interface. */
import assert from "node:assert/strict";
import { connect } from "./harness/host.ts";
import { INNER, Site } from "./harness/site.ts";
import { assertRestored, snapshot } from "./harness/snapshot.ts";
import { waitFor } from "./harness/wait.ts";

Deno.test("the tunnel's datagrams come from the address it is bound to, by its interface", async () => {
  await using site = await Site.create();
  await site.host.sh("ip address add 10.77.0.9/24 dev eth0");
  await site.writeConfig({ interface: ["BindAddress = 10.77.0.9", "BindInterface = eth0"] });
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  assert.match(await site.remote.sh("wg show wg0 endpoints"), /10\.77\.0\.9:/);
  const sockets = await site.host.sh("ss -Huan");
  assert.match(sockets, /10\.77\.0\.9%eth0:/);
  assert.doesNotMatch(sockets, /\[::\]/, "nothing listens on the family that isn't named");

  // Another port has the same binding, and so has an interface that was down in between.
  await site.host.sh("wg set wg0 listen-port 40001; ip link set wg0 down; ip link set wg0 up");
  await waitFor(
    "the port",
    async () => (await site.host.sh("ss -Huan")).includes("10.77.0.9%eth0:40001"),
  );
  await waitFor(INNER.remote[4], () => site.answers(INNER.remote[4], 1));
  await site.wgtsOk("down", "wg0");
});

Deno.test("an interface that is made anew is bound to again, and sessions go on", async () => {
  await using site = await Site.create();
  const addresses = { left: ["10.66.0.1/24"], right: ["10.66.0.2/24"] };
  await connect(site.host, site.remote, addresses, "uplink");
  await site.writeConfig({
    interface: ["BindAddress = 10.66.0.1", "BindInterface = uplink"],
    endpoint: "10.66.0.2:51820",
  });
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  const handshake = await site.host.sh("wg show wg0 latest-handshakes");
  const start = performance.now();
  await site.host.sh("ip link delete uplink");
  assert.ok(!await site.answers(INNER.remote[4], 1));
  const { left: [address = ""] } = addresses;
  await connect(site.host, site.remote, { ...addresses, left: [] }, "uplink");
  // Only now can the sockets have their address.
  await site.host.sh(`ip address add ${address} dev uplink`);
  await waitFor(INNER.remote[4], () => site.answers(INNER.remote[4], 1));
  // After fifteen seconds without an answer there is another handshake anyway.
  if (performance.now() - start < 12_000) {
    assert.equal(
      await site.host.sh("wg show wg0 latest-handshakes"),
      handshake,
      "the session stays",
    );
  }

  // One that isn't there when the tunnel's link goes up again.
  await site.host.sh("ip link delete uplink; ip link set wg0 down; ip link set wg0 up");
  await connect(site.host, site.remote, addresses, "uplink");
  await waitFor(INNER.remote[4], () => site.answers(INNER.remote[4], 1));
  await site.wgtsOk("down", "wg0");
});

Deno.test("the command line comes before the config", async () => {
  await using site = await Site.create();
  await site.host.sh("ip address add 10.77.0.9/24 dev eth0");
  await site.writeConfig({ interface: ["BindAddress = 10.77.0.1"] });
  await site.wgtsOk("up", "--bind-address=10.77.0.9", "wg0");
  await site.waitForTunnel();
  assert.match(await site.remote.sh("wg show wg0 endpoints"), /10\.77\.0\.9:/);
});

Deno.test("what can't be bound to is told at once, and nothing is changed", async () => {
  await using site = await Site.create();
  const cases: [line: string, message: RegExp][] = [
    ["BindAddress = 10.99.0.9", /listen on a UDP port of 10\.99\.0\.9.*no interface has this/],
    ["BindInterface = eth9", /bind to the interface eth9.*there is none of this name/],
    ["BindAddress = 10.77.0.1, 10.77.0.9", /wg0\.conf:4: .*one IPv4 and one IPv6/],
    ["BindInterface = a/b", /wg0\.conf:4: .*expected the name of a network interface/],
  ];
  for (const [line, message] of cases) {
    await site.writeConfig({ interface: [line] });
    const before = await snapshot(site.host);
    const { code, stderr } = await site.wgts("up", "wg0");
    assert.equal(code, 1, stderr);
    assert.match(stderr, message);
    await assertRestored(site.host, before);
  }
  await site.writeConfig({ interface: ["BindAddress = 10.77.0.1"] });
  const { code, stderr } = await site.wgts("up", "--backend=kernel", "wg0");
  assert.equal(code, 1);
  assert.match(stderr, /kernel's WireGuard can't be bound .*--backend=userspace/);
});

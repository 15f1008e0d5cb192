/** Tunnels whose interface is in one network namespace and whose UDP sockets are in another. */
import assert from "node:assert/strict";
import { wgts } from "./harness/program.ts";
import { FAR_ENDPOINT, INNER, INTERNET, Site } from "./harness/site.ts";
import { assertRestored, snapshot } from "./harness/snapshot.ts";
import { waitFor } from "./harness/wait.ts";

/** Addresses, routes of all tables and rules of the namespace that `exec` enters. */
const STATE = "ip -o address; for f in -4 -6; do ip $f route show table all; ip $f rule; done";

async function pings(site: Site, netns: string, address: string): Promise<boolean> {
  const command = ["ip", "netns", "exec", netns, "ping", "-n", "-q", "-c", "1", "-W", "1", address];
  return (await site.host.try(command)).code === 0;
}

async function waitForPing(site: Site, netns: string, address: string): Promise<void> {
  await waitFor(`${address} to answer in ${netns}`, () => pings(site, netns, address));
}

Deno.test("a namespace with no interface but the tunnel's", async () => {
  await using site = await Site.create();
  await site.host.writeFile("/etc/hosts.test", "198.51.100.1 peer.test\n");
  await site.host.sh("cat /etc/hosts >>/etc/hosts.test; mount --bind /etc/hosts.test /etc/hosts");
  await site.writeConfig({ endpoint: "peer.test:51820", allowedIps: "0.0.0.0/0, ::/0" });
  await site.host.sh(`ip netns add blue; ip -n blue link set lo up
    ip netns exec blue sysctl -qw net.ipv6.conf.default.accept_dad=0`);
  const [outside, inside] = [
    await snapshot(site.host),
    await site.host.sh(
      `ip netns exec blue bash -c '${STATE}'`,
    ),
  ];

  const trace = (await site.host.try([...wgts(), "up", "--netns", "blue", "wg0"])).stderr;
  assert.doesNotMatch(trace, /fwmark 51820$/m, "what isn't sent here needs no mark");
  for (const address of [INNER.remote[4], INNER.remote[6], INTERNET[4], INTERNET[6]]) {
    await waitForPing(site, "blue", address);
  }
  assert.equal((await site.host.try(["ip", "link", "show", "wg0"])).code, 1);
  const status = await site.wgtsOk("status", "wg0");
  assert.match(status, /network namespace:? +blue/);
  assert.match(status, /network namespace of its sockets:? +this one/);
  // MTU of the route to the endpoint, which only the other namespace has.
  assert.match(await site.host.sh("ip -n blue link show wg0"), / mtu 1420 /);

  // The namespace of the sockets is no detail: names and the MTU are looked up there.
  await site.host.sh("ip netns add red");
  const wrong = await site.wgts("reload", "--netns=blue", "--birth-netns=red", "wg0");
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /can't be reloaded so: give --netns or --birth-netns as/);
  await site.wgtsOk("reload", "--netns=blue", "wg0");
  await waitForPing(site, "blue", INNER.remote[4]);
  await site.host.sh("ip netns delete red");

  const elsewhere = await site.wgts("down", "wg0");
  assert.equal(elsewhere.code, 1);
  assert.match(elsewhere.stderr, /another network namespace/);
  await site.wgtsOk("down", "--netns=blue", "wg0");
  await site.waitForNoProcess();
  await assertRestored(site.host, outside);
  assert.equal(await site.host.sh(`ip netns exec blue bash -c '${STATE}'`), inside);
});

Deno.test("a namespace that has the uplink, and only the tunnel is here", async () => {
  await using site = await Site.create();
  await site.writeConfig({ endpoint: FAR_ENDPOINT });
  await site.host.sh(`ip netns add physical; ip link set eth0 netns physical
    ip netns exec physical sysctl -qw net.ipv6.conf.all.accept_dad=0
    ip -n physical address add 10.77.0.1/24 dev eth0
    ip -n physical link set eth0 up; ip -n physical route add default via 10.77.0.2`);
  const before = await snapshot(site.host);
  await site.wgtsOk("up", "--birth-netns", "physical", "wg0");
  await site.waitForTunnel();
  assert.match(await site.host.sh("ip netns exec physical ss -Huan"), /\*|0\.0\.0\.0/);
  assert.doesNotMatch(await site.host.sh("ss -Huan"), /0\.0\.0\.0:/);
  await site.wgtsOk("down", "wg0");
  await site.waitForNoProcess();
  await assertRestored(site.host, before);
});

Deno.test("an interface that is moved is followed: state, MTU, end", async () => {
  await using site = await Site.create();
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  await site.host.sh(`ip netns add blue
    ip netns exec blue sysctl -qw net.ipv6.conf.all.accept_dad=0
    ip link set wg0 netns blue
    ip -n blue address add ${INNER.host[4]}/24 dev wg0`);
  const status = () => site.wgtsOk("status", "wg0");
  await waitFor("the interface to be down", async () => /state:? +down/.test(await status()));
  await site.host.sh("ip -n blue link set wg0 up mtu 1300");
  await waitFor("the MTU", async () => /state:? +up, MTU 1300/.test(await status()));
  await waitForPing(site, "blue", INNER.remote[4]);
  await site.host.sh("ip -n blue link delete wg0");
  await site.waitForNoProcess();
});

Deno.test("namespaces that aren't there are named, and nothing is changed", async () => {
  await using site = await Site.create();
  const before = await snapshot(site.host);
  for (const option of ["--netns", "--birth-netns"]) {
    const { code, stderr } = await site.wgts("up", `${option}=nowhere`, "wg0");
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`^wgts: Cannot use ${option}: .*/run/netns/nowhere: expected`));
    const file = await site.wgts("up", option, "/etc/hostname", "wg0");
    assert.equal(file.code, 1);
    assert.match(file.stderr, /Cannot enter the network namespace .*: Invalid argument/);
  }
  await assertRestored(site.host, before);
});

/** `wgts up` and `wgts down` of a usual tunnel, once, twice, twice at once. */
import assert from "node:assert/strict";
import type { Result } from "./harness/command.ts";
import { wgts } from "./harness/program.ts";
import { generateKey, INNER, Site } from "./harness/site.ts";
import { assertRestored, snapshot } from "./harness/snapshot.ts";
import { waitFor } from "./harness/wait.ts";

/** One line that says what is wrong, and nothing else. */
function assertComplaint(result: Result, pattern: RegExp): void {
  assert.equal(result.code, 1, result.stderr);
  assert.match(result.stderr, /^[^\n]+\n$/);
  assert.match(result.stderr, pattern);
  assert.equal(result.stdout, "");
}

Deno.test("up brings the tunnel up and down restores the host", async () => {
  await using site = await Site.create();
  const before = await snapshot(site.host);
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  const links = await site.host.sh("ip -brief address show wg0");
  for (const address of [`${INNER.host[4]}/24`, `${INNER.host[6]}/64`]) {
    assert.ok(links.includes(address), links);
  }
  await site.wgtsOk("down", "wg0");
  await site.waitForNoProcess();
  await assertRestored(site.host, before);
});

Deno.test("a full disk with the log keeps up and down from nothing", async () => {
  await using site = await Site.create();
  const before = await snapshot(site.host);
  await site.host.sh(`${wgts().join(" ")} up wg0 2>/dev/full`);
  await site.waitForTunnel();
  await site.host.sh(`${wgts().join(" ")} down wg0 2>/dev/full`);
  await site.waitForNoProcess();
  await assertRestored(site.host, before);
});

Deno.test("the interface has its port when up returns", async () => {
  await using site = await Site.create();
  for (let i = 0; i < 10; i++) {
    await site.wgtsOk("up", "wg0");
    // Not by asking the engine: that would wait for it.
    const sockets = await Deno.readTextFile(`/proc/${site.host.pid}/net/udp`);
    assert.match(sockets, /^ *\d+: 00000000:[0-9A-F]{4} /m);
    await site.wgtsOk("down", "wg0");
  }
});

Deno.test("up takes a path to a file", async () => {
  await using site = await Site.create();
  await site.host.sh("mkdir /run/elsewhere; mv /etc/wireguard/wg0.conf /run/elsewhere/tun7.conf");
  const before = await snapshot(site.host);
  await site.wgtsOk("up", "/run/elsewhere/tun7.conf");
  await site.waitForTunnel();
  assert.equal(await site.host.sh("wg show interfaces"), "tun7\n");
  await site.wgtsOk("down", "/run/elsewhere/tun7.conf");
  await assertRestored(site.host, before);
});

Deno.test("$(wgts up wg0) returns", async () => {
  await using site = await Site.create();
  // The shell reads until all writers of the pipe are closed, the engine's copies too.
  await site.host.sh(`printed=$(${wgts().join(" ")} up wg0 2>&1); ip link show wg0`, {
    timeout: 120_000,
  });
  await site.waitForTunnel();
});

Deno.test("up --dry-run changes nothing", async () => {
  await using site = await Site.create();
  const before = await snapshot(site.host);
  const result = await site.wgts("up", "--dry-run", "wg0");
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stdout + result.stderr, /10\.88\.0\.1\/24/);
  assert.ok(!(result.stdout + result.stderr).includes(site.keys.host), "prints the private key");
  assert.equal(await snapshot(site.host), before);

  await site.wgtsOk("up", "wg0");
  const up = await snapshot(site.host);
  assert.equal((await site.wgts("down", "--dry-run", "wg0")).code, 0);
  assert.equal(await snapshot(site.host), up);
  await site.waitForTunnel();
});

Deno.test("up of a tunnel that is up changes nothing and says so", async () => {
  await using site = await Site.create();
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  const before = await snapshot(site.host);
  assertComplaint(await site.wgts("up", "wg0"), /wg0.* already /);
  assert.equal(await snapshot(site.host), before);
  await site.waitForTunnel();
});

Deno.test("of two ups at once, one succeeds", async () => {
  await using site = await Site.create();
  const before = await snapshot(site.host);
  const results = await Promise.all([site.wgts("up", "wg0"), site.wgts("up", "wg0")]);
  assert.deepEqual(results.map(({ code }) => code).sort(), [0, 1]);
  for (const result of results) {
    if (result.code !== 1) continue;
    // Who waits for the other one for long says so first.
    const stderr = result.stderr.replace(/^.*waiting: another wgts works on wg0\n/m, "");
    assertComplaint({ ...result, stderr }, /wg0/);
  }
  await site.waitForTunnel();
  assert.equal((await site.engines()).length, 1);
  await site.wgtsOk("down", "wg0");
  await site.waitForNoProcess();
  await assertRestored(site.host, before);
});

Deno.test("down of a tunnel that is down changes nothing and says so", async () => {
  await using site = await Site.create();
  const before = await snapshot(site.host);
  assertComplaint(await site.wgts("down", "wg0"), /wg0.* is not /);
  await site.wgtsOk("up", "wg0");
  await site.wgtsOk("down", "wg0");
  assertComplaint(await site.wgts("down", "wg0"), /wg0.* is not /);
  await assertRestored(site.host, before);
});

Deno.test("two tunnels at once do not disturb each other", async () => {
  await using site = await Site.create();
  const before = await snapshot(site.host);
  const other = `[Interface]
PrivateKey = ${await generateKey()}
Address = 10.99.0.1/24
[Peer]
PublicKey = ${site.keys.remotePublic}
AllowedIPs = 10.99.0.0/24
Endpoint = 10.77.0.2:51820
`;
  await site.host.writeFile("/etc/wireguard/wg1.conf", other);
  const withConfig = await snapshot(site.host);
  await Promise.all([site.wgtsOk("up", "wg0"), site.wgtsOk("up", "wg1")]);
  await site.waitForTunnel();
  const interfaces = await site.host.sh("wg show interfaces");
  assert.deepEqual(interfaces.trim().split(" ").sort(), ["wg0", "wg1"]);
  await site.wgtsOk("down", "wg1");
  await site.waitForTunnel();
  await site.wgtsOk("up", "wg1");
  await Promise.all([site.wgtsOk("down", "wg0"), site.wgtsOk("down", "wg1")]);
  await assertRestored(site.host, withConfig);
  await site.host.sh("rm /etc/wireguard/wg1.conf");
  assert.equal(await snapshot(site.host), before);
});

Deno.test("a tunnel of the same name in another network namespace is named in the error", async () => {
  await using site = await Site.create();
  // Both namespaces share /run, as those of `ip netns` do.
  await site.host.sh("ip netns add other");
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  const before = await snapshot(site.host);
  const result = await site.host.try(["ip", "netns", "exec", "other", ...wgts(), "up", "wg0"]);
  assertComplaint(result, /wg0.* another network namespace/);
  assert.equal(await snapshot(site.host), before);
  assert.equal(await site.host.sh("ip netns exec other ip -brief link | wc -l"), "1\n");
  await site.waitForTunnel();
  await site.wgtsOk("down", "wg0");
});

Deno.test("hooks run in order, with the interface for %i", async () => {
  await using site = await Site.create();
  const hook = (key: string) =>
    `${key} = echo ${key} %i $(ip -brief link show %i | wc -l) >>/run/hooks`;
  await site.writeConfig({
    interface: ["PreUp", "PostUp", "PreDown", "PostDown"].map(hook)
      .concat('PostUp = echo second "a # b" >>/run/hooks'),
  });
  await site.wgtsOk("up", "wg0");
  await site.wgtsOk("down", "wg0");
  assert.equal(
    await site.host.sh("cat /run/hooks"),
    "PreUp wg0 1\nPostUp wg0 1\nsecond a # b\nPreDown wg0 1\nPostDown wg0 0\n",
  );
});

Deno.test("a failing PostUp undoes everything", async () => {
  await using site = await Site.create();
  await site.writeConfig({ interface: ["PostUp = exit 7"] });
  const before = await snapshot(site.host);
  const result = await site.wgts("up", "wg0");
  assert.notEqual(result.code, 0);
  assert.match(result.stderr, /PostUp/);
  await site.waitForNoProcess();
  await assertRestored(site.host, before);
});

Deno.test("the engine follows the link's state and MTU", async () => {
  await using site = await Site.create();
  await site.writeConfig({ interface: ["MTU = 1420"] });
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();

  await site.host.sh("ip link set wg0 down");
  // A link that is down ends the sessions and does not answer.
  await waitFor("the tunnel to be silent", async () => {
    const echo = `ping -n -q -c 1 -W 1 ${INNER.host[4]}`;
    return (await site.remote.attempt(echo)).code !== 0;
  });
  // The kernel has removed the IPv6 address and its route.
  await site.host.sh(`ip link set wg0 up
    ip address replace ${INNER.host[6]}/64 dev wg0 nodad
    ip route replace ${INNER.remote[6]}/128 dev wg0`);
  await site.waitForTunnel();

  for (const mtu of [9000, 1280, 1420]) {
    await site.host.sh(`ip link set wg0 mtu ${mtu}`);
    await site.remote.sh(`ip link set wg0 mtu ${mtu}`);
    // 28 bytes of headers: the largest packet that is not fragmented inside of the tunnel
    const echo = `ping -n -q -c 1 -W 5 -M do -s ${mtu - 28} ${INNER.remote[4]}`;
    await waitFor(`packets of ${mtu} bytes`, async () => {
      return (await site.host.attempt(echo)).code === 0;
    });
  }
});

for (const state of ["up", "down"]) {
  Deno.test(`an interface that is ${state} and moves to another namespace serves that`, async () => {
    await using site = await Site.create();
    await site.wgtsOk("up", "wg0");
    await site.waitForTunnel();
    await site.host.sh(`ip netns add other
      ip link set wg0 ${state}
      ip link set wg0 netns other
      ip -n other address add ${INNER.host[4]}/24 dev wg0
      ip -n other link set wg0 up`);
    await waitFor("the tunnel to work", async () => {
      const echo = `ip netns exec other ping -n -q -c 1 -W 1 ${INNER.remote[4]}`;
      return (await site.host.attempt(echo)).code === 0;
    });
    // The last trace of the interface: its engine ends with it.
    await site.host.sh("ip -n other link delete wg0");
    await site.waitForNoProcess();
  });
}

Deno.test("a port that was taken when the link went up can be changed", async () => {
  await using site = await Site.create();
  await site.writeConfig({ interface: ["ListenPort = 51820"] });
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  await site.host.sh(`ip link set wg0 down
    until test -z "$(ss -Hlun sport = :51820)"; do sleep 0.02; done`);
  await site.host.writeFile("/run/wg1.conf", "[Interface]\nListenPort = 51820\n");
  await site.wgtsOk("up", "/run/wg1.conf");
  await site.host.sh(`ip link set wg0 up
    ip address replace ${INNER.host[6]}/64 dev wg0 nodad
    ip route replace ${INNER.remote[6]}/128 dev wg0`);
  assert.equal(await site.answers(INNER.remote[4], 1), false);
  await site.host.sh("wg set wg0 listen-port 51821");
  await site.waitForTunnel();
});

Deno.test("a listen port that is taken is named, and nothing is left", async () => {
  await using site = await Site.create();
  await site.wgtsOk("up", "wg0");
  const port = (await site.host.sh("wg show wg0 listen-port")).trim();
  const before = await snapshot(site.host);
  await site.host.writeFile("/run/wg1.conf", `[Interface]\nListenPort = ${port}\n`);
  const { code, stderr } = await site.wgts("up", "/run/wg1.conf");
  assert.equal(code, 1);
  assert.match(
    stderr,
    new RegExp(`^wgts: Cannot let wg1 listen on port ${port}: Address .*$`, "m"),
  );
  await site.host.sh("rm /run/wg1.conf");
  await assertRestored(site.host, before);
});

Deno.test("commands of up and down are told of the same config, whatever link leads to it", async () => {
  await using site = await Site.create();
  const hook = (key: string) => `${key} = echo "${key} $CONFIG_FILE" >>/run/hooks`;
  await site.writeConfig({ interface: [hook("PostUp"), hook("PostDown")] });
  await site.host.sh("ln -s /etc/wireguard/wg0.conf /run/wg0.conf");
  await site.wgtsOk("up", "/run/wg0.conf");
  await site.wgtsOk("down", "/run/wg0.conf");
  assert.equal(
    await site.host.sh("cat /run/hooks"),
    "PostUp /etc/wireguard/wg0.conf\nPostDown /etc/wireguard/wg0.conf\n",
  );
});

Deno.test("a file that is no socket, at the control socket's path, is named and left alone", async () => {
  await using site = await Site.create();
  await site.host.sh("mkdir -p /run/wireguard; echo precious >/run/wireguard/wg0.sock");
  const { code, stderr } = await site.wgts("up", "wg0");
  assert.equal(code, 1, stderr);
  assert.match(stderr, /wg0\.sock: .*: a file that is no socket is there: remove it\n$/);
  assertComplaint(await site.wgts("down", "wg0"), /is not a WireGuard interface/);
  assert.equal(await site.host.sh("cat /run/wireguard/wg0.sock"), "precious\n");
});

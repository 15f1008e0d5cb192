/** DNS by those who manage a system's resolver: systemd-resolved and two programs called resolvconf. */
import assert from "node:assert/strict";
import { DnsHost, ORIGINAL } from "./harness/dns_host.ts";
import {
  dnsManagerTest as test,
  installResolvconf,
  originalNameservers,
  Resolved,
} from "./harness/dns_managers.ts";
import { wgts } from "./harness/program.ts";
import { connect, Host } from "./harness/host.ts";
import { waitFor } from "./harness/wait.ts";

const UPSTREAM = "192.0.2.53";

test("systemd-resolved", "all names are the tunnel's, and down gives them back", async () => {
  await using dns = await DnsHost.create();
  const resolved = await Resolved.start(dns, UPSTREAM);
  await dns.configure("10.0.0.53, fd00::53, corp.example", { lines: ["Address = 10.0.0.1/24"] });
  const before = await dns.read();
  assert.match(
    await dns.up(),
    /^\[#\] resolvectl dns wg0 10\.0\.0\.53 fd00::53 && resolvectl domain wg0 corp\.example '~\.' && resolvectl default-route wg0 true # \/etc\/resolv\.conf leads to systemd-resolved$/m,
  );
  assert.match(await resolved.ctl("dns", "wg0"), /^Link \d+ \(wg0\): 10\.0\.0\.53 fd00::53$/);
  assert.match(await resolved.ctl("domain", "wg0"), /^Link \d+ \(wg0\): corp\.example ~\.$/);
  assert.match(await resolved.ctl("default-route", "wg0"), /: yes$/);
  assert.deepEqual(await originalNameservers(dns), [UPSTREAM]);
  assert.match(await dns.read(), /^nameserver 127\.0\.0\.53$/m);
  assert.match(await dns.down(), /^\[#\] resolvectl revert wg0$/m);
  assert.equal(await dns.read(), before);
  assert.doesNotMatch(await resolved.ctl("dns"), /wg0|10\.0\.0\.53/);
  assert.equal(await dns.leftovers(), "");
  await resolved.stop();
});

test(
  "systemd-resolved",
  "only names in domains marked with ~ are asked of the tunnel",
  async () => {
    await using dns = await DnsHost.create();
    await using uplink = await Host.create("uplink");
    await connect(dns.host, uplink, { left: ["192.0.2.1/24"], right: [`${UPSTREAM}/24`] });
    const resolved = await Resolved.start(dns, UPSTREAM);
    await dns.configure("10.0.0.53, ~corp.example", { lines: ["Address = 10.0.0.1/24"] });
    await dns.up();
    assert.match(await resolved.ctl("domain", "wg0"), /: ~corp\.example$/);
    assert.match(await resolved.ctl("default-route", "wg0"), /: no$/);
    const options = ["-l", "-n", "--immediate-mode", "udp port 53"];
    const captures = [];
    for (const device of ["wg0", "eth0"]) {
      const log = `/run/${device}.log`;
      const command = `exec tcpdump -i ${device} ${options.map((o) => `'${o}'`).join(" ")} >${log}`;
      const tcpdump = await dns.host.start(["bash", "-c", `${command} 2>${log}.err`]);
      await waitFor("tcpdump", async () => (await dns.read(`${log}.err`)).includes("listening on"));
      captures.push({ device, tcpdump, log: () => dns.read(log) });
    }
    const queries = ["host.corp.example", "host.other.example"].map((name) =>
      dns.host.start(["getent", "ahostsv4", name])
    );
    const [tunnel, outside] = captures;
    assert.ok(tunnel && outside);
    await waitFor("both queries", async () => {
      return (await tunnel.log()).includes("host.corp") &&
        (await outside.log()).includes("host.oth");
    });
    assert.doesNotMatch(await tunnel.log(), /host\.other/);
    assert.doesNotMatch(await outside.log(), /host\.corp/);
    for (
      const process of [...captures.map(({ tcpdump }) => tcpdump), ...await Promise.all(queries)]
    ) {
      process.kill("SIGKILL");
      await process.result;
    }
    await dns.down();
    await resolved.stop();
  },
);

test(
  "systemd-resolved",
  "one of another network namespace isn't told of this one's links",
  async () => {
    await using dns = await DnsHost.create();
    const resolved = await Resolved.start(dns, UPSTREAM);
    await dns.host.sh(`ip netns add other
    ip link add bystander type bridge
    ip netns exec other ip link set lo up`);
    await dns.configure("10.0.0.53");
    const inside = (...args: string[]) =>
      dns.host.try(["ip", "netns", "exec", "other", ...wgts(), ...args]);
    const { code, stderr } = await inside("up", "wg0");
    assert.equal(code, 0, stderr);
    assert.match(stderr, /belongs to another network namespace/);
    const index = async (device: string, ...where: string[]) =>
      (await dns.host.run([...where, "ip", "-o", "link", "show", device])).split(":")[0];
    const indexInside = await index("wg0", "ip", "netns", "exec", "other");
    const bystander = await index("bystander");
    assert.equal(indexInside, bystander, "the same index there and here, or nothing is tested");
    assert.doesNotMatch(await resolved.ctl("dns"), /10\.0\.0\.53/);
    await inside("down", "wg0");
    await resolved.stop();
  },
);

test("systemd-resolved", "where resolvconf is resolvectl, as in Debian 12", async () => {
  await using dns = await DnsHost.create();
  const resolved = await Resolved.start(dns, UPSTREAM);
  await dns.host.sh("rm /etc/resolv.conf; mkdir /run/bin");
  await dns.write("/etc/resolv.conf", ORIGINAL);
  await dns.host.sh("ln -s /bin/true /run/bin/resolvectl; ln -s resolvectl /run/bin/resolvconf");
  await dns.configure("10.0.0.53");
  const env = { PATH: `/run/bin:${Deno.env.get("PATH")}` };
  // A link to true(1) isn't resolvectl in the end.
  assert.match(await dns.wgtsOk(["up", "--dry-run", "wg0"], { env }), /^\[#\] resolvconf -a wg0/m);
  await dns.host.sh("rm /run/bin/resolvectl; cp /bin/true /run/bin/resolvectl");
  assert.match(await dns.wgtsOk(["up", "wg0"], { env }), /# systemd-resolved: resolvconf is res/);
  assert.match(await resolved.ctl("dns", "wg0"), /: 10\.0\.0\.53$/);
  await dns.wgtsOk(["down", "wg0"], { env });
  assert.equal(await dns.read(), ORIGINAL);
  await resolved.stop();
});

test("systemd-resolved", "when it ended, or never runs, resolv.conf is written", async () => {
  await using dns = await DnsHost.create();
  const resolved = await Resolved.start(dns, UPSTREAM);
  await dns.configure("10.0.0.53");
  await dns.up();
  await resolved.stop();
  assert.match(await dns.down(), /^wgts: warning: DNS: Cannot connect to /m);
  await dns.up();
  assert.deepEqual(await dns.servers(), ["10.0.0.53"]);
  await dns.down();
  const target = await dns.host.run(["readlink", "/etc/resolv.conf"]);
  assert.equal(target, "../run/systemd/resolve/stub-resolv.conf\n");
  assert.equal(await dns.leftovers(), "");
});

for (const manager of ["openresolv", "resolvconf"] as const) {
  test(manager, "has the tunnel's servers until down, two tunnels in either order", async () => {
    await using dns = await DnsHost.create();
    const env = await installResolvconf(dns, manager);
    const prefix = manager === "resolvconf" ? "tun." : "";
    if (manager === "resolvconf") {
      await dns.host.sh("rm /etc/resolv.conf; mkdir -p /run/resolvconf/interface");
      await dns.host.sh("ln -s ../run/resolvconf/resolv.conf /etc/resolv.conf");
      await dns.host.sh("resolvconf --enable-updates", { env });
    }
    const eth0 = { env, stdin: ORIGINAL };
    await dns.host.sh("resolvconf -a eth0.inet", eth0);
    const before = await dns.read();
    assert.match(before, /nameserver 192\.0\.2\.53/);
    await dns.configure("10.0.0.53, corp.example");
    await dns.configure("10.1.0.53", { name: "wg1" });
    for (const [first, second] of [["wg0", "wg1"], ["wg1", "wg0"]] as const) {
      assert.match(
        await dns.wgtsOk(["up", "wg0"], { env }),
        new RegExp(`^\\[#\\] resolvconf -a ${prefix}wg0 -m 0 -x$`, "m"),
      );
      assert.equal((await dns.servers())[0], "10.0.0.53");
      assert.match(await dns.read(), /^search corp\.example/m);
      await dns.wgtsOk(["up", "wg1"], { env });
      assert.ok((await dns.servers()).includes("10.1.0.53"));
      assert.deepEqual(await originalNameservers(dns), [UPSTREAM]);
      assert.match(
        await dns.wgtsOk(["down", first], { env }),
        new RegExp(`^\\[#\\] resolvconf -d ${prefix}${first} -f$`, "m"),
      );
      await dns.wgtsOk(["down", second], { env });
      assert.equal(await dns.read(), before);
    }
    assert.equal(await dns.leftovers(), "");
  });
}

Deno.test("resolvconf gets exactly what wg-quick gives it", async () => {
  await using dns = await DnsHost.create();
  await dns.host.sh("mkdir /run/bin /etc/resolvconf");
  await dns.write(
    "/run/bin/resolvconf",
    `#!/bin/sh\n{ echo "$# $*"; cat; } >>/run/calls\nexit $(cat /run/code 2>/dev/null || echo 0)\n`,
  );
  await dns.host.sh("chmod 755 /run/bin/resolvconf");
  await dns.write("/etc/resolvconf/interface-order", "lo\ntun*\n");
  const env = { PATH: `/run/bin:${Deno.env.get("PATH")}` };
  const texts = ["10.0.0.53", "10.0.0.53, fd00::53, corp.example,b.example", "corp.example"];
  for (const text of texts) {
    await dns.configure(text);
    const calls = [];
    for (const program of [["wg-quick"], wgts()]) {
      await dns.host.sh("rm -f /run/calls; touch /run/calls");
      for (const command of ["up", "down"]) {
        await dns.host.run([...program, command, "wg0"], {
          env: { ...env, WG_QUICK_USERSPACE_IMPLEMENTATION: "wireguard-go" },
        });
      }
      calls.push(await dns.read("/run/calls"));
    }
    assert.equal(calls[1], calls[0], text);
    assert.equal(calls[0] === "", text === "corp.example");
  }
  await dns.configure("10.0.0.53");
  await dns.write("/run/code", "3");
  assert.match(
    await dns.wgtsOk(["up", "wg0"], { env }),
    /^wgts: warning: resolvconf -a tun\.wg0 -m 0 -x failed with exit code 3: names are looked up/m,
  );
  await dns.wgtsOk(["down", "wg0"], { env });
  assert.equal((await dns.host.try([...wgts(), "up", "--strict", "wg0"], { env })).code, 1);
  assert.equal(await dns.leftovers(), "");
});

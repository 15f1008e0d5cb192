/** DNS by those who manage a system's resolver, when `reload` adds, changes and removes it. */
import assert from "node:assert/strict";
import { DnsHost, ORIGINAL } from "./harness/dns_host.ts";
import {
  dnsManagerTest as test,
  installResolvconf,
  originalNameservers,
  Resolved,
} from "./harness/dns_managers.ts";
import { waitFor } from "./harness/wait.ts";

const UPSTREAM = "192.0.2.53";
const NOTHING_TO_DO = "wgts: wg0 is as its config says\n";

test(
  "systemd-resolved",
  "reload adds, changes and removes the tunnel's servers and domains",
  async () => {
    await using dns = await DnsHost.create();
    const resolved = await Resolved.start(dns, UPSTREAM);
    const lines = ["Address = 10.0.0.1/24"];
    const before = await dns.read();
    const reload = async (value: string | null) => {
      await dns.configure(value, { lines });
      return await dns.wgtsOk(["reload", "wg0"]);
    };
    /** What it says of the interface: servers, domains, and whether it is asked for all names. */
    const settings = async () =>
      (await Promise.all(
        ["dns", "domain", "default-route"].map((what) => resolved.ctl(what, "wg0")),
      ))
        .map((line) => line.replace(/^Link \d+ \(wg0\):\s*/, ""));
    await dns.configure(null, { lines });
    await dns.up();
    const none = await settings();
    assert.deepEqual(none.slice(0, 2), ["", ""]);

    assert.match(
      await reload("10.0.0.53, corp.example"),
      /^\[#\] resolvectl dns wg0 10\.0\.0\.53 &&/m,
    );
    assert.deepEqual(await settings(), ["10.0.0.53", "corp.example ~.", "yes"]);
    assert.equal(await dns.wgtsOk(["reload", "wg0"]), NOTHING_TO_DO);
    await reload("10.0.0.54, fd00::53, corp.example");
    assert.deepEqual(await settings(), ["10.0.0.54 fd00::53", "corp.example ~.", "yes"]);
    await reload("10.0.0.54, fd00::53, b.example, lab.example");
    assert.deepEqual(await settings(), ["10.0.0.54 fd00::53", "b.example lab.example ~.", "yes"]);
    await reload("10.0.0.54, ~corp.example");
    assert.deepEqual(await settings(), ["10.0.0.54", "~corp.example", "no"]);
    assert.deepEqual(await originalNameservers(dns), [UPSTREAM]);
    assert.match(await reload(null), /^\[#\] resolvectl revert wg0$/m);
    assert.deepEqual(await settings(), none);
    assert.equal(await dns.wgtsOk(["reload", "wg0"]), NOTHING_TO_DO);

    await reload("10.0.0.53");
    assert.deepEqual(await settings(), ["10.0.0.53", "~.", "yes"]);
    assert.match(await dns.down(), /^\[#\] resolvectl revert wg0$/m);
    assert.doesNotMatch(await resolved.ctl("dns"), /wg0|10\.0\.0\.53/);
    assert.equal(await dns.read(), before);
    assert.equal(await dns.leftovers(), "");
    await resolved.stop();
  },
);

test(
  "systemd-resolved",
  "a reload that fails leaves the tunnel's servers and domains as they were",
  async () => {
    await using dns = await DnsHost.create();
    const resolved = await Resolved.start(dns, UPSTREAM);
    await dns.configure("10.0.0.53, corp.example");
    await dns.up();
    await dns.host.sh(`ip link add bystander type bridge
      ip link set bystander up
      ip route add 10.9.0.0/16 dev bystander`);
    await waitFor("systemd-resolved to see it", async () => {
      return (await resolved.ctl("dns")).includes("bystander");
    });
    const settings = async () => [await resolved.ctl("dns"), await resolved.ctl("domain")];
    const before = await settings();
    const peer =
      "[Peer]\nPublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\nAllowedIPs = 10.9.0.0/16";
    for (const value of ["10.0.0.54", null]) {
      await dns.configure(value, { lines: [peer] });
      const { code, stderr } = await dns.wgts("reload", "wg0");
      assert.equal(code, 1, stderr);
      assert.match(stderr, /10\.9\.0\.0\/16/);
      assert.deepEqual(await settings(), before);
    }
    await dns.down();
    await resolved.stop();
  },
);

for (const manager of ["openresolv", "resolvconf"] as const) {
  test(manager, "reload adds, changes and removes the tunnel's servers and domains", async () => {
    await using dns = await DnsHost.create();
    const env = await installResolvconf(dns, manager);
    const wgtsOk = (...args: string[]) => dns.wgtsOk(args, { env });
    const prefix = manager === "resolvconf" ? "tun." : "";
    if (manager === "resolvconf") {
      await dns.host.sh("rm /etc/resolv.conf; mkdir -p /run/resolvconf/interface");
      await dns.host.sh("ln -s ../run/resolvconf/resolv.conf /etc/resolv.conf");
      await dns.host.sh("resolvconf --enable-updates", { env });
    }
    await dns.host.sh("resolvconf -a eth0.inet", { env, stdin: ORIGINAL });
    const before = await dns.read();
    const reload = async (value: string | null) => {
      await dns.configure(value);
      return await wgtsOk("reload", "wg0");
    };
    const isAdded = new RegExp(`^\\[#\\] resolvconf -a ${prefix}wg0 -m 0 -x$`, "m");
    const search = async () => /^search (.*)$/m.exec(await dns.read())?.[1] ?? "";
    await dns.configure(null);
    await wgtsOk("up", "wg0");
    assert.equal(await dns.read(), before);

    assert.match(await reload("10.0.0.53, corp.example"), isAdded);
    assert.equal((await dns.servers())[0], "10.0.0.53");
    assert.match(await search(), /^corp\.example/);
    assert.equal(await wgtsOk("reload", "wg0"), NOTHING_TO_DO);
    assert.match(await reload("10.0.0.54, fd00::53, corp.example"), isAdded);
    assert.deepEqual((await dns.servers()).slice(0, 2), ["10.0.0.54", "fd00::53"]);
    assert.doesNotMatch(await dns.read(), /10\.0\.0\.53/);
    await reload("10.0.0.54, fd00::53, b.example, lab.example");
    assert.match(await search(), /^b\.example lab\.example/);
    assert.doesNotMatch(await search(), /corp/);
    assert.deepEqual(await originalNameservers(dns), [UPSTREAM]);
    const isDeleted = new RegExp(`^\\[#\\] resolvconf -d ${prefix}wg0 -f$`, "m");
    assert.match(await reload(null), isDeleted);
    assert.equal(await dns.read(), before);
    assert.equal(await wgtsOk("reload", "wg0"), NOTHING_TO_DO);

    await reload("10.0.0.55");
    // Another tunnel's stay, whichever changes.
    await dns.configure("10.1.0.53", { name: "wg1" });
    await wgtsOk("up", "wg1");
    await reload("10.0.0.56");
    const servers = await dns.servers();
    assert.equal(servers[0], "10.0.0.56");
    // openresolv gives those of one only: who asked last for its own to be the only ones.
    assert.equal(servers.includes("10.1.0.53"), manager === "resolvconf");
    assert.ok(!servers.includes("10.0.0.55"));
    assert.deepEqual(await originalNameservers(dns), [UPSTREAM]);
    assert.match(await wgtsOk("down", "wg0"), isDeleted);
    assert.ok((await dns.servers()).includes("10.1.0.53"));
    await wgtsOk("down", "wg1");
    assert.equal(await dns.read(), before);
    assert.equal(await dns.leftovers(), "");
  });
}

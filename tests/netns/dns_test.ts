/** DNS where nobody but wgts manages /etc/resolv.conf, whatever that is. */
import assert from "node:assert/strict";
import { DnsHost, ORIGINAL } from "./harness/dns_host.ts";
import { wgts } from "./harness/program.ts";
import { waitFor } from "./harness/wait.ts";

const MADE = "# Made by wgts for wg0; `wgts down' restores the former one\n" +
  "nameserver 10.0.0.53\nsearch corp.example\noptions edns0\n";

/** The host is as before any tunnel. */
async function assertRestored(dns: DnsHost, original = ORIGINAL): Promise<void> {
  assert.equal(await dns.read(), original);
  assert.equal(await dns.leftovers(), "");
}

Deno.test("resolv.conf is written and restored, whether a file or a link", async () => {
  await using dns = await DnsHost.create();
  await dns.configure("10.0.0.53, corp.example");
  const trace = await dns.up();
  assert.match(
    trace,
    /^\[#\] printf 'nameserver 10\.0\.0\.53\\nsearch corp\.example\\n' >\/etc\/resolv\.conf # neither systemd-resolved nor resolvconf manages it$/m,
  );
  assert.equal(await dns.read(), MADE);
  assert.match(await dns.down(), /^\[#\] restore \/etc\/resolv\.conf/m);
  await assertRestored(dns);

  await dns.host.sh("mkdir /run/manager; mv /etc/resolv.conf /run/manager/");
  await dns.host.sh("ln -s ../run/manager/resolv.conf /etc/resolv.conf");
  await dns.up();
  assert.deepEqual(await dns.servers(), ["10.0.0.53"]);
  assert.equal(await dns.read("/run/manager/resolv.conf"), ORIGINAL);
  await dns.down();
  assert.equal(
    await dns.host.run(["readlink", "/etc/resolv.conf"]),
    "../run/manager/resolv.conf\n",
  );
  await assertRestored(dns);
});

Deno.test("hooks see resolv.conf as in wg-quick: PostUp with the tunnel's servers, PostDown without", async () => {
  await using dns = await DnsHost.create();
  const hook = (moment: string) => `${moment} = cat /etc/resolv.conf >/run/${moment}`;
  const lines = ["PreUp", "PostUp", "PreDown", "PostDown"].map(hook);
  await dns.configure("10.0.0.53, corp.example", { lines });
  await dns.up();
  await dns.down();
  assert.equal(await dns.read("/run/PreUp"), ORIGINAL);
  assert.equal(await dns.read("/run/PostUp"), MADE);
  assert.equal(await dns.read("/run/PreDown"), MADE);
  assert.equal(await dns.read("/run/PostDown"), ORIGINAL);
});

Deno.test("two tunnels share resolv.conf, whoever goes first, and whoever is killed", async () => {
  await using dns = await DnsHost.create();
  await dns.configure("10.0.0.53");
  await dns.configure("10.1.0.53", { name: "wg1" });
  for (const [first, second] of [["wg0", "wg1"], ["wg1", "wg0"]] as const) {
    for (const killed of [null, first, second]) {
      await dns.up("wg0");
      await dns.up("wg1");
      assert.deepEqual(await dns.servers(), ["10.1.0.53", "10.0.0.53"]);
      if (killed !== null) {
        await dns.host.sh(`kill -9 $(pgrep -f -- '${killed}( |$)')`);
        await waitFor(`the end of ${killed}`, async () => {
          return (await dns.host.try(["ip", "link", "show", killed])).code !== 0;
        });
        // Nothing leaks to the former servers until somebody says `down`.
        assert.deepEqual(await dns.servers(), ["10.1.0.53", "10.0.0.53"]);
      }
      await dns.down(first);
      assert.deepEqual(await dns.servers(), [second === "wg0" ? "10.0.0.53" : "10.1.0.53"]);
      await dns.down(second);
      await assertRestored(dns);
    }
  }
});

Deno.test("what somebody else writes meanwhile stays, and that is said", async () => {
  await using dns = await DnsHost.create();
  await dns.configure("10.0.0.53");
  await dns.up();
  await dns.write("/etc/resolv.conf", "nameserver 192.0.2.99\n");
  assert.match(await dns.down(), /warning: somebody else changed \/etc\/resolv\.conf meanwhile/);
  await assertRestored(dns, "nameserver 192.0.2.99\n");
});

Deno.test("a file that is mounted, as in containers, is written in place", async () => {
  await using dns = await DnsHost.create();
  await dns.write("/run/mounted", ORIGINAL);
  await dns.host.sh("mount --bind /run/mounted /etc/resolv.conf");
  await dns.configure("10.0.0.53, corp.example");
  const inode = await dns.host.run(["stat", "-c", "%i", "/etc/resolv.conf"]);
  await dns.up();
  assert.equal(await dns.read("/run/mounted"), MADE);
  await dns.down();
  assert.equal(await dns.read("/run/mounted"), ORIGINAL);
  assert.equal(await dns.host.run(["stat", "-c", "%i", "/etc/resolv.conf"]), inode);
  await assertRestored(dns);
});

Deno.test("ip netns exec has a resolv.conf of its own, though each has a mount namespace of its own", async () => {
  await using dns = await DnsHost.create();
  await dns.host.sh("ip netns add other; mkdir -p /etc/netns/other");
  const file = "/etc/netns/other/resolv.conf";
  await dns.write(file, "nameserver 198.51.100.53\n");
  await dns.configure("10.0.0.53");
  await dns.configure("10.1.0.53", { name: "wg1" });
  const inside = async (...args: string[]) =>
    await dns.host.run(["ip", "netns", "exec", "other", ...wgts(), ...args]);
  await dns.up();
  await inside("up", "wg1");
  assert.deepEqual(await dns.servers(), ["10.0.0.53"]);
  assert.deepEqual(await dns.servers(file), ["10.1.0.53"]);
  await dns.down();
  assert.equal(await dns.read(), ORIGINAL);
  await inside("down", "wg1");
  assert.equal(await dns.read(file), "nameserver 198.51.100.53\n");
  await assertRestored(dns);
});

Deno.test("--netns sets what ip netns exec shows, and each takes back what the other did", async () => {
  await using dns = await DnsHost.create();
  await dns.host.sh("ip netns add other; mkdir -p /etc/netns/other");
  const file = "/etc/netns/other/resolv.conf", original = "nameserver 198.51.100.53\n";
  await dns.write(file, original);
  await dns.configure("10.0.0.53");
  const exec = ["ip", "netns", "exec", "other"];
  // A process that was there before sees what changes.
  const loop =
    "while sleep 0.05; do cat /etc/resolv.conf >/run/seen.new; mv /run/seen.new /run/seen; done";
  const watcher = await dns.host.start([...exec, "sh", "-c", loop]);
  const ways = [
    { up: [...wgts(), "up", "--netns=other", "wg0"], down: [...exec, ...wgts(), "down", "wg0"] },
    { up: [...exec, ...wgts(), "up", "wg0"], down: [...wgts(), "down", "--netns=other", "wg0"] },
  ];
  for (const { up, down } of ways) {
    const { stderr } = await dns.host.try(up);
    assert.match(
      stderr,
      /^\[#\] printf 'nameserver 10\.0\.0\.53\\n' >\/etc\/(netns\/other\/)?resolv\.conf # /m,
    );
    assert.deepEqual(await dns.servers(file), ["10.0.0.53"]);
    await waitFor(
      "the change in there",
      async () => (await dns.read("/run/seen")).includes("10.0."),
    );
    assert.equal(await dns.read(), ORIGINAL);
    await dns.host.run(down);
    assert.equal(await dns.read(file), original);
    await assertRestored(dns);
  }
  watcher.kill("SIGKILL");
});

Deno.test("the resolv.conf of another network namespace is left alone", async () => {
  await using dns = await DnsHost.create();
  await dns.host.sh("ip netns add other");
  await dns.configure("10.0.0.53");
  const up = ["ip", "netns", "exec", "other", ...wgts(), "up"];
  const { code, stderr } = await dns.host.try([...up, "wg0"]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /warning: .*belongs to another network namespace.*\/etc\/netns\/NAME/);
  assert.equal(await dns.read(), ORIGINAL);
  await dns.host.run(["ip", "netns", "exec", "other", ...wgts(), "down", "wg0"]);
  await assertRestored(dns);
  const strict = await dns.host.try([...up, "--strict", "wg0"]);
  assert.equal(strict.code, 1);
  await assertRestored(dns);
});

Deno.test("a read-only resolv.conf is a warning, or with --strict a failure", async () => {
  await using dns = await DnsHost.create();
  await dns.write("/run/mounted", ORIGINAL);
  await dns.host.sh(`mount --bind /run/mounted /etc/resolv.conf
    mount -o remount,ro,bind /etc/resolv.conf`);
  await dns.configure("10.0.0.53");
  assert.match(
    await dns.up(),
    /^wgts: warning: Cannot change \/etc\/resolv\.conf: Read-only file system \(EROFS\).*: names are looked up as before, not by the tunnel's DNS servers$/m,
  );
  await dns.host.run(["ip", "link", "show", "wg0"]);
  await dns.down();
  await assertRestored(dns);
  const { code, stderr } = await dns.wgts("up", "--strict", "wg0");
  assert.equal(code, 1);
  assert.match(stderr, /^wgts: Cannot change \/etc\/resolv\.conf: Read-only/m);
  await assertRestored(dns);
});

Deno.test("where /etc is read-only, the target of the link is written", async () => {
  await using dns = await DnsHost.create();
  await dns.host.sh("mv /etc/resolv.conf /run/; ln -s /run/resolv.conf /etc/resolv.conf");
  await dns.configure("10.0.0.53, corp.example");
  await dns.host.sh("mount -o remount,ro,bind /etc");
  await dns.up();
  assert.equal(await dns.read("/run/resolv.conf"), MADE);
  await dns.down();
  assert.equal(await dns.host.run(["readlink", "/etc/resolv.conf"]), "/run/resolv.conf\n");
  await assertRestored(dns);
});

Deno.test("where /var/lib is read-only too, as in containers, the original is kept in /run", async () => {
  await using dns = await DnsHost.create();
  await dns.host.sh("mount -o remount,ro /var/lib/wgts");
  await dns.configure("10.0.0.53");
  await dns.up();
  assert.match(await dns.leftovers(), /^\/run\/wgts\/resolv\.conf@/m);
  await dns.down();
  await assertRestored(dns);
});

for (const kind of ["a file", "a link", "a mount"]) {
  Deno.test(`after a reboot, the next command restores what was ${kind}`, async () => {
    await using dns = await DnsHost.create();
    await dns.configure("10.0.0.53");
    await dns.configure("10.1.0.53", { name: "wg1" });
    if (kind === "a link") {
      await dns.host.sh(
        "mv /etc/resolv.conf /etc/other.conf; ln -s other.conf /etc/resolv.conf",
      );
    } else if (kind === "a mount") {
      await dns.host.sh("mv /etc/resolv.conf /etc/other.conf; touch /etc/resolv.conf");
      await dns.host.sh("mount --bind /etc/other.conf /etc/resolv.conf");
    }
    for (const command of [["down", "wg0"], ["down", "wg1"], ["up", "wg1"], ["repair"]]) {
      await dns.up("wg0");
      await dns.up("wg1");
      await reboot(dns);
      assert.deepEqual(await dns.servers(), ["10.1.0.53", "10.0.0.53"]);
      const { stderr } = await dns.wgts(...command);
      assert.match(stderr, /^wgts: \/etc\/resolv\.conf: took back what is left of wg0, wg1/m);
      if (command[0] === "up") {
        assert.deepEqual(await dns.servers(), ["10.1.0.53"]);
        await dns.down("wg1");
      }
      await assertRestored(dns);
      if (kind === "a link") await dns.host.run(["readlink", "/etc/resolv.conf"]);
    }
  });
}

/** What is left after a loss of power: no process, no interface, no /run, another boot. */
async function reboot(dns: DnsHost): Promise<void> {
  for (const pid of await dns.host.processes()) Deno.kill(pid, "SIGKILL");
  await waitFor("the end of the interfaces", async () => {
    return !(await dns.host.sh("ip -brief link")).includes("wg");
  });
  await dns.host.sh(`rm -rf /run/wgts /run/wireguard
    umount /proc/sys/kernel/random/boot_id 2>/dev/null || true
    cat /proc/sys/kernel/random/uuid >/run/boot_id
    mount --bind /run/boot_id /proc/sys/kernel/random/boot_id`);
}

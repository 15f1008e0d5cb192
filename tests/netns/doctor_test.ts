/** `wgts doctor` in hosts that lack something: each check is seen to find what it is there for. */
import assert from "node:assert/strict";
import type { DoctorFinding } from "../../core/doctor/finding.ts";
import type { CommandOptions } from "./harness/command.ts";
import { wgts } from "./harness/program.ts";
import { FAR_ENDPOINT, Site } from "./harness/site.ts";
import { snapshot } from "./harness/snapshot.ts";
import { waitFor } from "./harness/wait.ts";
import { withoutNfTables } from "./harness/without_nf_tables.ts";

/** What doctor finds in a site's host. */
async function examine(
  site: Site,
  { prefix = [], name }: { prefix?: readonly string[]; name?: string } = {},
  options?: CommandOptions,
): Promise<DoctorFinding[]> {
  const operands = name === undefined ? [] : [name];
  const command = [...prefix, ...wgts(), "doctor", "--json", ...operands];
  const { code, stdout, stderr } = await site.host.try(command, options);
  assert.equal(stderr, "");
  const { problems, findings } = JSON.parse(stdout);
  assert.equal(code, problems > 0 ? 1 : 0);
  return findings;
}

/** All that isn't ok: `STATUS CHECK INTERFACES: SEEN`. */
function complaints(findings: readonly DoctorFinding[]): string[] {
  return findings.filter(({ status }) => status !== "ok").map((
    { status, check, interfaces, seen },
  ) => `${status} ${check} ${interfaces.join(",")}: ${seen}`);
}

/** That `pattern` is complained about, and nothing else is. */
function assertOnly(findings: readonly DoctorFinding[], pattern: RegExp): void {
  const found = complaints(findings);
  assert.equal(found.length, 1, found.join("\n"));
  assert.match(found[0] ?? "", pattern);
}

Deno.test("doctor finds nothing on a sound host, runs nothing and changes nothing, whatever is up", async () => {
  await using site = await Site.create();
  await site.writeConfig({ endpoint: FAR_ENDPOINT, allowedIps: "0.0.0.0/0, ::/0" });
  for (const isUp of [false, true]) {
    if (isUp) await site.wgtsOk("up", "wg0");
    const before = await snapshot(site.host);
    const strace = ["strace", "-f", "-qq", "-e", "trace=execve", "-o", "/tmp/doctor-execve"];
    const findings = await examine(site, { prefix: strace });
    assert.deepEqual(complaints(findings), []);
    const trace = await site.host.sh("cat /tmp/doctor-execve; rm /tmp/doctor-execve");
    assert.equal(trace.match(/execve\(/g)?.length, 1, trace);
    assert.equal(await snapshot(site.host), before);
    const mtu = findings.find(({ check }) => check === "mtu")?.seen ?? "";
    assert.match(mtu, isUp ? /the MTU of wg0, 1420, fits/ : /will give wg0 an MTU of 1420/);
  }
  await site.wgtsOk("down", "wg0");
});

Deno.test("doctor sees what the kernel or a container withholds", async () => {
  await using site = await Site.create();
  await site.writeConfig({ endpoint: FAR_ENDPOINT, allowedIps: "0.0.0.0/0, ::/0" });
  const setpriv = ["setpriv", "--inh-caps=-net_admin", "--bounding-set=-net_admin", "--"];
  const withheld = complaints(await examine(site, { prefix: setpriv }));
  assert.match(withheld.join("\n"), /^problem capabilities : root lacks CAP_NET_ADMIN here$/m);
  await site.host.sh("mount -t tmpfs -o mode=755 tmpfs /dev/net");
  const user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"];
  for (const mode of ["666", "600"]) {
    await site.host.sh(`mknod -m ${mode} /dev/net/tun c 10 200`);
    const hidden = await examine(site, { prefix: user });
    assert.deepEqual(new Set(hidden.map(({ status }) => status)), new Set(["ok", "unknown"]));
    const told = complaints(hidden).join("\n");
    assert.match(told, /^unknown configs : .* is for root to see$/m);
    assert.equal(/^unknown tun : only root may open/m.test(told), mode === "600", told);
    await site.host.sh("rm /dev/net/tun");
  }

  assertOnly(await examine(site), /^problem tun : Cannot open \/dev\/net\/tun: .*ENOENT/);
  await site.host.sh("umount /dev/net");

  await site.host.sh("sysctl -q net.ipv6.conf.default.disable_ipv6=1");
  assertOnly(await examine(site), /^warning ipv6 wg0: IPv6 is switched off/);
  await site.host.sh("sysctl -q net.ipv6.conf.default.disable_ipv6=0");

  const run = await withoutNfTables(site.host);
  assert.deepEqual(complaints(await examine(site, { prefix: run })), []);
  await site.host.sh("rm /run/without-nf-tables/*tables*; mount -t tmpfs tmpfs /usr/sbin");
  const lacking = complaints(await examine(site, { prefix: run }));
  assert.equal(lacking.length, 2, lacking.join("\n"));
  assert.match(lacking[0] ?? "", /^warning firewall : .*this kernel lacks nf_tables$/);
  await site.host.sh("umount /usr/sbin");

  await site.host.sh(`cp /etc/resolv.conf /run/resolv.conf
    mount --bind /run/resolv.conf /etc/resolv.conf
    mount -o remount,ro,bind /etc/resolv.conf`);
  assertOnly(await examine(site), /^warning dns : \/etc\/resolv\.conf can't be written$/);
  await site.host.sh("umount /etc/resolv.conf");

  await site.host.sh("touch -d 'now + 3 days' /etc/wireguard");
  assertOnly(await examine(site), /^warning clock : the clock says .* \/etc\/wireguard is of /);
  await site.host.sh("touch /etc/wireguard");

  await site.host.sh(`sysctl -q net.ipv4.conf.eth0.rp_filter=1
    mount --bind /proc/sys /proc/sys; mount -o remount,ro,bind /proc/sys`);
  assertOnly(await examine(site), /^warning rp-filter wg0: .* strict at eth0, .* can't be set/);
});

Deno.test("doctor sees a kernel without offloads, small buffers, and tunnels of other namespaces", async () => {
  await using site = await Site.create();
  const old = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=getsockopt"];
  const refusing = [...old, "-e", "inject=getsockopt:error=ENOPROTOOPT"];
  const lacking = complaints(await examine(site, { prefix: refusing })).join("\n");
  assert.match(lacking, /^warning offloads : the kernel lacks UDP segmentation/m);
  assert.match(lacking, /^unknown buffers : the kernel doesn't tell/m);

  // Root of a user namespace may not exceed the limits of the host.
  const userNamespace = ["unshare", "--map-root-user", "--net", "--"];
  const small = complaints(await examine(site, { prefix: userNamespace })).join("\n");
  const limit = Number(await Deno.readTextFile("/proc/sys/net/core/rmem_max"));
  const isTold = /^warning buffers : UDP sockets get buffers of \d+\.\d MiB to receive/m.test(
    small,
  );
  assert.equal(isTold, limit < 7 << 20, `with ${limit} bytes: ${small}`);

  await site.wgtsOk("up", "wg0");
  const elsewhere = complaints(await examine(site, { prefix: ["unshare", "--net", "--"] }));
  assert.match(
    elsewhere.join("\n"),
    /^warning tunnels wg0: wg0 runs in another network namespace/m,
  );
  await site.wgtsOk("down", "wg0");

  await site.host.sh(`mkdir -p -m 700 /run/wgts
    inode=$(stat -Lc %i /proc/self/ns/net)
    echo '{"version":99,"interface":"wg0"}' >/run/wgts/wg0@$inode.journal`);
  assertOnly(await examine(site), /^unknown journals : .*written by another version/);
  await site.host.sh("rm -r /run/wgts");
});

Deno.test("doctor sees what is wrong with configs, and what they collide with", async () => {
  await using site = await Site.create();
  await site.writeConfig({ interface: ["ListenPort = 4242"] });
  await site.host.sh("chmod 755 /etc/wireguard; chmod 644 /etc/wireguard/wg0.conf");
  assertOnly(await examine(site), /^warning configs wg0: .*wg0.conf is accessible to everybody$/);
  await site.host.sh("chmod 700 /etc/wireguard; chmod 600 /etc/wireguard/wg0.conf");

  await site.host.writeFile("/etc/wireguard/wg1.conf", "[Interface]\nFoo = 1\n");
  assertOnly(await examine(site), /^problem configs wg1: .*wg1\.conf:2: .*Foo/);
  assert.deepEqual(complaints(await examine(site, { name: "wg0" })), []);
  await site.host.sh("rm /etc/wireguard/wg1.conf");

  await site.writeConfig({ interface: ["ListenPort = 4242", "PrivateKeyFile = ./key"] });
  await site.host.sh("sed -i '/^PrivateKey =/d' /etc/wireguard/wg0.conf");
  assertOnly(await examine(site), /^problem configs wg0: .*key.*No such file/);
  await site.host.sh(`wg genkey >/etc/wireguard/key
    chmod 755 /etc/wireguard; chmod 644 /etc/wireguard/key; chmod 600 /etc/wireguard/*.conf`);
  assertOnly(await examine(site), /^warning configs wg0: .*key.* is accessible to everybody$/);
  await site.host.sh("chmod 700 /etc/wireguard; rm /etc/wireguard/key");
  await site.writeConfig({ interface: ["ListenPort = 4242"] });

  const socat = await site.host.start(["socat", "-u", "UDP4-RECV:4242", "STDOUT"]);
  await waitFor("the port", async () => (await site.host.sh("ss -lun")).includes(":4242"));
  assertOnly(await examine(site), /^problem ports wg0: UDP port 4242 of wg0 is in use$/);
  socat.kill("SIGTERM");
  await socat.result;

  await site.host.sh("ip route add 10.88.0.2/32 dev eth0");
  assertOnly(await examine(site), /^problem routes wg0: wg0 wants 10\.88\.0\.2\/32, .* eth0 has/);
  await site.host.sh("ip route del 10.88.0.2/32 dev eth0; ip address add 10.88.0.9/16 dev eth0");
  const inLan = complaints(await examine(site));
  assert.match(inLan[0] ?? "", /^warning routes wg0: .*, which is in 10\.88\.0\.0\/16 of eth0$/);
  await site.host.sh("ip address del 10.88.0.9/16 dev eth0");

  const other = site.config().replaceAll("10.88.0.1/24, fd88::1/64", "10.99.0.1/24");
  await site.host.writeFile("/etc/wireguard/wg1.conf", other);
  assertOnly(await examine(site), /^warning routes wg0,wg1: wg0 and wg1 want 10\.88\.0\.2\/32, /);
  await site.host.sh("rm /etc/wireguard/wg1.conf");

  await site.writeConfig({ interface: ["MTU = 1420"] });
  await site.host.sh("ip route add 10.77.0.2/32 dev eth0 mtu lock 1300");
  assertOnly(
    await examine(site),
    /^warning mtu wg0: .* 10\.77\.0\.2 takes packets of 1300 bytes, but/,
  );
  await site.host.sh("ip route replace unreachable 10.77.0.2/32");
  assertOnly(await examine(site), /^warning mtu wg0: there is no way to 10\.77\.0\.2, /);
});

Deno.test("doctor sees tunnels that died, were cut off, or don't get their answers", async () => {
  await using site = await Site.create();
  await site.writeConfig({ endpoint: FAR_ENDPOINT, allowedIps: "0.0.0.0/0" });
  await site.host.sh("ip tuntap add dev tun9 mode tun; ip link set tun9 up");
  assert.deepEqual(complaints(await examine(site)), []);
  await site.host.sh("ip route add 128.0.0.0/1 dev tun9");
  assertOnly(await examine(site), /^warning vpns wg0: tun9 is another VPN's/);
  await site.host.sh("ip tuntap del dev tun9 mode tun");

  await site.wgtsOk("up", "wg0");
  await site.host.sh(`sysctl -q net.ipv4.conf.all.src_valid_mark=0 net.ipv4.conf.eth0.rp_filter=1`);
  assertOnly(await examine(site), /^problem rp-filter wg0: .*src_valid_mark is 0$/);
  await site.host.sh(`sysctl -q net.ipv4.conf.all.src_valid_mark=1 net.ipv4.conf.eth0.rp_filter=0`);
  Deno.kill(await site.engine(), "SIGKILL");
  await waitFor("the end of the engine", async () => (await site.engines()).length === 0);
  assertOnly(await examine(site), /^problem engines wg0: the engine of wg0 \(process \d+\) died$/);
  await site.wgtsOk("down", "wg0");
  assert.deepEqual(complaints(await examine(site)), []);

  await site.writeConfig({
    interface: ["PostUp = touch /run/hooked; while [[ -e /run/hooked ]]; do sleep 0.1; done"],
  });
  const up = await site.start("up", "wg0");
  await waitFor(
    "the hook",
    async () => (await site.host.attempt("[[ -e /run/hooked ]]")).code === 0,
  );
  assert.deepEqual(complaints(await examine(site)), [], "while `up' is at work");
  await site.host.sh("rm /run/hooked");
  assert.equal((await up.result).code, 0);
  await site.wgtsOk("down", "wg0");
  await site.writeConfig({ endpoint: FAR_ENDPOINT, allowedIps: "0.0.0.0/0" });

  // In the middle, when rules and routes are there: which write that is differs a little.
  let cut = "";
  for (let when = 24; !/^problem journals wg0: an `up' of wg0 was cut off$/m.test(cut); when += 4) {
    assert.ok(when < 64, cut);
    const inject = ["-e", "trace=write", "-e", `inject=write:signal=KILL:when=${when}`];
    await site.host.try(["strace", "-qq", "-o", "/dev/null", ...inject, ...wgts(), "up", "wg0"]);
    cut = complaints(await examine(site)).join("\n");
    await site.wgts("down", "wg0");
  }
  assert.deepEqual(complaints(await examine(site)), []);
});

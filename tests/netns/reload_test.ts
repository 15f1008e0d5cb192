/**
 * `wgts reload`: what stays isn't touched, all else becomes what a fresh `up' would make, or nothing
 * does.
 */
import assert from "node:assert/strict";
import type { Result } from "./harness/command.ts";
import { wgts } from "./harness/program.ts";
import { drops } from "./harness/drops.ts";
import { leaked, watchForLeaks } from "./harness/leaks.ts";
import { FAR_ENDPOINT, generateKey, INNER, INTERNET, publicKey, Site } from "./harness/site.ts";
import { assertRestored, snapshot } from "./harness/snapshot.ts";
import { waitFor } from "./harness/wait.ts";

/** Seconds between packets by which a tunnel is watched. */
const PING_INTERVAL = "0.002";
/** Fewer are no stream. */
const MIN_PINGS = 100;
/** Enough for minutes. */
const MAX_PINGS = 100_000;

/** A tunnel whose peer is the remote host, and lines of a config that may be anything else. */
interface Variant {
  /** More lines of the section [Interface]. */
  readonly interface: readonly string[];
  /** Besides the addresses of the remote host. */
  readonly allowedIps?: string;
  /** Further sections. */
  readonly peers?: string;
}

function configOf(site: Site, { interface: lines, allowedIps, peers = "" }: Variant): string {
  const own = `${INNER.remote[4]}/32, ${INNER.remote[6]}/128`;
  return site.config({
    interface: lines,
    endpoint: FAR_ENDPOINT,
    allowedIps: allowedIps === undefined ? own : `${own}, ${allowedIps}`,
  }) + peers;
}

async function write(site: Site, variant: Variant): Promise<void> {
  await site.host.writeFile("/etc/wireguard/wg0.conf", configOf(site, variant));
}

/** The state of the system as text that another run may have too. */
async function state(site: Site): Promise<string> {
  const text = await site.host.sh(`
    # The kernel takes a moment to make use of an IPv6 address.
    until [ -z "$(ip -6 address show dev wg0 tentative)" ]; do sleep 0.02; done
    ip -brief link show wg0 | sed 's/ <.*//'
    ip -o link show wg0 | grep -o 'mtu [0-9]*'
    ip -o address show dev wg0 scope global | sed -E 's/^[0-9]+: //' | sort
    for family in -4 -6; do
      # Priorities depend on what was there before; the order counts.
      ip $family rule | sed -E 's/^[0-9]+:/rule/'
      ip $family route show table all | grep -v 'fe80\\|ff00' | sort
    done
    nft list tables | sort | while read -r table; do nft list $table; done
    wg showconf wg0 | sort
    cat /etc/resolv.conf
    grep . /proc/sys/net/ipv4/conf/{all,wg0}/{src_valid_mark,rp_filter,promote_secondaries}
  `);
  // Link-local addresses are the kernel's own.
  return text.replace(/^.*fe80:.*\n/gm, "");
}

/** All that there is, keys and peers too. */
async function everything(site: Site): Promise<string> {
  const text = await snapshot(site.host) + await site.host.sh("wg show wg0 dump | cut -f 1-4,8");
  // It says the same with other numbers.
  return text.replace(/(\.journal f 600 root) \d+/, "$1");
}

async function downAndClean(site: Site, before: string): Promise<void> {
  await site.wgtsOk("down", "wg0");
  await site.waitForNoProcess();
  await site.writeConfig();
  await assertRestored(site.host, before);
}

function assertComplaint(result: Result, pattern: RegExp): void {
  assert.equal(result.code, 1, result.stderr);
  assert.match(result.stderr.trimEnd().split("\n").at(-1) ?? "", pattern);
  assert.equal(result.stdout, "");
}

async function peerSection(lines: string): Promise<string> {
  return `[Peer]\nPublicKey = ${await publicKey(await generateKey())}\n${lines}\n`;
}

/**
 * Pings that go on until what is returned is called, which wants an answer to each: only as many may be
 * missing as queues and sockets have dropped, but for the tunnel's own queue, which is long enough.
 */
async function startPings(site: Site, addresses: readonly string[]): Promise<() => Promise<void>> {
  await site.host.sh(`ip link set wg0 txqueuelen ${MAX_PINGS}`);
  await site.remote.sh(`ip link set wg0 txqueuelen ${MAX_PINGS}`);
  const hosts = [site.host, site.remote];
  const before = await drops(hosts);
  const stops = await Promise.all(addresses.map((address) => startPing(site, address)));
  return async () => {
    const lost = (await Promise.all(stops.map((stop) => stop()))).flat();
    const dropped = await drops(hosts) - before;
    assert.ok(lost.length <= dropped, `lost: ${lost.join(", ")}; ${dropped} were dropped`);
  };
}

/** Pings that go on until what is returned is called, which tells those that were lost. */
async function startPing(site: Site, address: string): Promise<() => Promise<string[]>> {
  const command = ["ping", "-n", "-i", PING_INTERVAL, "-c", String(MAX_PINGS), address];
  const process = await site.host.start(command);
  await waitFor("pings", async () => (await transferred(site)) > 20_000);
  return async () => {
    process.kill("SIGINT");
    const { stdout } = await process.result;
    const answered = new Set(
      [...stdout.matchAll(/icmp_seq=(\d+) /g)].map(([, seq]) => Number(seq)),
    );
    const last = Math.max(...answered);
    assert.ok(last > MIN_PINGS, stdout.slice(-500));
    // The very last ones may have been on their way.
    const lost = Array.from({ length: last }, (_, i) => i + 1).filter((seq) => !answered.has(seq));
    return lost.map((seq) => `${seq} of ${last} to ${address}`);
  };
}

async function transferred(site: Site): Promise<number> {
  return Number((await site.host.sh("wg show wg0 transfer")).trim().split("\t")[1] ?? 0);
}

/** When the last handshake with the remote host was, in seconds. */
async function handshakeOf(site: Site): Promise<number> {
  const all = await site.host.sh("wg show wg0 latest-handshakes");
  const line = all.split("\n").find((line) => line.startsWith(site.keys.remotePublic));
  return Number(line?.split("\t")[1] ?? 0);
}

Deno.test("20 reloads that change all else lose no packet of a peer that stays, and start no handshake", async () => {
  await using site = await Site.create();
  const before = await snapshot(site.host);
  const one: Variant = {
    interface: ["MTU = 1400", "Address = 10.90.0.1/24, 10.90.0.2/24", "PostUp = true"],
    allowedIps: "10.91.0.0/16",
    peers: await peerSection("AllowedIPs = 10.92.0.0/16, fd92::/64\nEndpoint = 10.77.0.2:1000"),
  };
  const two: Variant = {
    interface: ["MTU = 1380", "Address = 10.90.0.2/24, fd90::1/64", "ListenPort = 40404"],
    peers:
      await peerSection("AllowedIPs = 10.91.0.0/16, 0.0.0.0/0, ::/0\nPersistentKeepalive = 5") +
      await peerSection("AllowedIPs = fd92::/48"),
  };
  await write(site, { ...one, interface: [...one.interface, "ListenPort = 40404"] });
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  const handshake = await handshakeOf(site);
  assert.ok(handshake > 0);
  const stop = await startPings(site, Object.values(INNER.remote));
  for (let i = 0; i < 20; i++) {
    await write(site, i % 2 === 0 ? two : one);
    await site.wgtsOk("reload", "wg0");
  }
  await stop();
  // None but the one that is due (REKEY_AFTER_TIME).
  const age = await handshakeOf(site) - handshake;
  assert.ok(age === 0 || age >= 120, `a handshake after ${age} s`);
  await downAndClean(site, before);
});

Deno.test("a default route that stays loses nothing and leaks nothing, whatever happens to its mark", async () => {
  await using site = await Site.create();
  const before = await snapshot(site.host);
  await watchForLeaks(site);
  const all = "0.0.0.0/0, ::/0";
  const extra = await peerSection("AllowedIPs = 10.92.0.0/16");
  const variants: Variant[] = [
    { interface: ["FwMark = 1234"], allowedIps: all, peers: extra },
    { interface: ["FwMark = 4321", "Address = 10.90.0.1/24"], allowedIps: `${all}, 10.91.0.0/16` },
    { interface: ["FwMark = off", "MTU = 1380"], allowedIps: all },
    { interface: [], allowedIps: `${all}, 10.91.0.0/16`, peers: extra },
  ];
  await write(site, { interface: [], allowedIps: all });
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  const stop = await startPings(site, Object.values(INTERNET));
  for (const variant of [...variants, ...variants, ...variants]) {
    await write(site, variant);
    await site.wgtsOk("reload", "wg0");
  }
  await stop();
  assert.equal(await leaked(site), 0);
  await downAndClean(site, before);
});

Deno.test("after a reload the system is as after a fresh up", async (t) => {
  await using site = await Site.create();
  const before = await snapshot(site.host);
  const psk = await generateKey();
  const fixed = ["ListenPort = 40404"];
  const variants: Record<string, Variant> = {
    plain: { interface: fixed },
    "default routes": { interface: fixed, allowedIps: "0.0.0.0/0, ::/0, 10.91.0.0/16" },
    "an IPv4 default route and a mark": {
      interface: [...fixed, "FwMark = 0x1234", "MTU = 1300", "DNS = 10.88.0.2, example.org"],
      allowedIps: "0.0.0.0/0",
    },
    "a table of its own": {
      interface: [...fixed, "FwMark = 7", "Table = 1234", "Address = 10.90.0.2/24, 10.90.0.1/24"],
      allowedIps: "::/0, 10.90.0.0/16",
    },
    "no table": {
      interface: [...fixed, "FwMark = 7", "Table = off", "Address = 10.95.0.1/24, fd90::1/128"],
      allowedIps: "0.0.0.0/0",
      peers: await peerSection(`AllowedIPs = 10.92.0.0/16\nPresharedKey = ${psk}`),
    },
    "other networks": {
      interface: [...fixed, "FwMark = 7", "Address = 10.90.0.1/32, fd90::1/64", "DNS = 10.88.0.3"],
      allowedIps: "10.90.0.0/24, fd90::/56",
      peers: await peerSection("AllowedIPs = 0.0.0.0/1, 128.0.0.0/1\nPersistentKeepalive = 9"),
    },
  };
  const fresh: Record<string, string> = {};
  for (const [name, variant] of Object.entries(variants)) {
    await write(site, variant);
    await site.wgtsOk("up", "wg0");
    fresh[name] = await state(site);
    await site.wgtsOk("down", "wg0");
  }
  const names = Object.keys(variants);
  for (const from of names) {
    await t.step(`from ${from}`, async () => {
      for (const to of names.filter((name) => name !== from)) {
        await write(site, variants[from] ?? { interface: [] });
        await site.wgtsOk("up", "wg0");
        await write(site, variants[to] ?? { interface: [] });
        await site.wgtsOk("reload", "wg0");
        // A mark that the config doesn't name stays.
        const isMarked = (name: string) => variants[name]?.interface.join().includes("FwMark");
        if (isMarked(to) || !isMarked(from)) assert.equal(await state(site), fresh[to], to);
        const { stderr } = await site.wgts("reload", "wg0");
        assert.equal(stderr, "wgts: wg0 is as its config says\n", `${from} to ${to}`);
        await site.wgtsOk("down", "wg0");
      }
      await site.waitForNoProcess();
    });
  }
  await site.writeConfig();
  await assertRestored(site.host, before);
});

const DEFAULT: Variant = { interface: ["MTU = 1400"], allowedIps: "0.0.0.0/0, ::/0" };

Deno.test("a config that can't be applied changes nothing", async () => {
  await using site = await Site.create();
  const before = await snapshot(site.host);
  await write(site, DEFAULT);
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  // Somebody else has a port and a route.
  const other = await site.host.start(["socat", "-u", "UDP4-RECV:4242", "OPEN:/dev/null"]);
  await waitFor("the port", async () => (await site.host.sh("ss -lun")).includes(":4242 "));
  await site.host.sh("ip route add 10.93.0.0/16 dev eth0");
  const running = await everything(site);
  const peers = await peerSection("AllowedIPs = 10.92.0.0/16");
  const others = { interface: ["Address = 10.90.0.1/24", "FwMark = 7", "DNS = 10.88.0.2"], peers };
  const bad: [Variant, RegExp][] = [
    [{ interface: ["MTU = many"] }, /wg0\.conf:\d+: .*MTU/],
    [{ interface: ["Table = nowhere"], allowedIps: "0.0.0.0/0" }, /wg0\.conf:\d+: .*nowhere/],
    [{ interface: [...others.interface, "ListenPort = 4242"], peers }, /port 4242.*in use/i],
    [{ ...others, allowedIps: "10.91.0.0/16, 10.93.0.0/16" }, /10\.93\.0\.0\/16.*eth0/],
    [
      { interface: [...others.interface, "Table = 51820"], allowedIps: "10.93.0.0/16, ::/0" },
      /10\.93\.0\.0\/16/,
    ],
  ];
  await site.host.sh("ip route add 10.93.0.0/16 dev eth0 table 51820");
  const withRoute = await everything(site);
  assert.notEqual(withRoute, running);
  for (const [variant, complaint] of bad) {
    await write(site, variant);
    const text = await everything(site);
    const command = ["env", "WG_ENDPOINT_RESOLUTION_RETRIES=0", ...wgts(), "reload", "wg0"];
    assertComplaint(await site.host.try(command), complaint);
    assert.equal(await everything(site), text, String(complaint));
  }
  await site.waitForTunnel();
  await site.host.sh("ip route del 10.93.0.0/16 table 51820; ip route del 10.93.0.0/16");
  other.kill("SIGTERM");
  await other.result;
  await downAndClean(site, before);
});

Deno.test("what can't be reloaded is said in one line", async () => {
  await using site = await Site.create();
  const before = await snapshot(site.host);
  assertComplaint(await site.wgts("reload", "wg0"), /^wgts: `wg0' is not up: `wgts up wg0' /);
  await site.wgtsOk("up", "wg0");
  await site.host.sh("mv /etc/wireguard/wg0.conf /etc/wireguard/elsewhere");
  assertComplaint(await site.wgts("reload", "wg0"), /^wgts: `\S+wg0\.conf' does not exist$/);
  await site.host.sh("mv /etc/wireguard/elsewhere /etc/wireguard/wg0.conf");
  await site.host.sh("ip link add dummy0 type veth peer name dummy1");
  await site.host.sh("cp /etc/wireguard/wg0.conf /etc/wireguard/dummy0.conf");
  assertComplaint(await site.wgts("reload", "dummy0"), /`dummy0' can't be reloaded: no `wgts up'/);
  await site.host.sh("rm /etc/wireguard/dummy0.conf; ip link del dummy0");
  Deno.kill(await site.engine(), "SIGKILL");
  await site.waitForNoProcess();
  assertComplaint(
    await site.wgts("reload", "wg0"),
    /^wgts: `wg0' can't be reloaded: its engine .*died.*; `wgts down wg0' cleans up, `wgts up wg0'/,
  );
  await downAndClean(site, before);
});

Deno.test("reload --dry-run tells what reload does, and changes nothing", async () => {
  await using site = await Site.create();
  const before = await snapshot(site.host);
  const psk = await generateKey();
  await write(site, DEFAULT);
  await site.wgtsOk("up", "wg0");
  const peers = await peerSection(`AllowedIPs = 10.92.0.0/16\nPresharedKey = ${psk}`);
  await write(site, {
    interface: ["MTU = 1390", "FwMark = 7", "Address = 10.90.0.1/24", "PostUp = false"],
    allowedIps: "0.0.0.0/0",
    peers,
  });
  const running = await everything(site);
  const dry = await site.wgts("reload", "--dry-run", "wg0");
  assert.equal(dry.code, 0, dry.stderr);
  assert.equal(await everything(site), running);
  assert.ok(!dry.stderr.includes(psk) && !dry.stderr.includes(site.keys.host), "prints a key");
  const { code, stderr } = await site.wgts("reload", "wg0");
  assert.equal(code, 0, stderr);
  assert.equal(stderr, dry.stderr);
  assert.match(stderr, /^wgts: warning: PostUp has changed: it takes effect with the next `up'/m);
  assert.match(stderr, /^\[#\] wg set wg0 peer \S+ preshared-key \(hidden\) allowed-ips \+10.92/m);
  await downAndClean(site, before);
});

Deno.test("the commands and SaveConfig of the config as it was reloaded are those that count", async () => {
  await using site = await Site.create();
  const before = await snapshot(site.host);
  await site.writeConfig({ interface: ["PostDown = echo old >>/run/hooks"] });
  const process = await site.start("up", "--foreground", "wg0");
  await site.waitForTunnel();
  await site.writeConfig({
    interface: ["PreDown = echo new >>/run/hooks", "PostUp = echo up >>/run/hooks"]
      .concat(["SaveConfig = true"]),
  });
  await site.wgtsOk("reload", "wg0");
  await site.host.sh("wg set wg0 peer $(wg genkey | wg pubkey) allowed-ips 10.92.0.0/16");
  process.kill("SIGTERM");
  assert.equal((await process.result).code, 0);
  assert.equal(await site.host.sh("cat /run/hooks; rm /run/hooks"), "new\n");
  assert.match(await site.host.sh("cat /etc/wireguard/wg0.conf"), /AllowedIPs = 10\.92\.0\.0\/16/);
  await site.waitForNoProcess();
  await site.writeConfig();
  await assertRestored(site.host, before);
});

Deno.test("a peer that roamed stays where it is, unless the config sends it elsewhere", async () => {
  await using site = await Site.create();
  await site.writeConfig();
  await site.wgtsOk("up", "wg0");
  const endpoint = async () => (await site.host.sh("wg show wg0 endpoints")).trim().split("\t")[1];
  await site.host.sh(`wg set wg0 peer ${site.keys.remotePublic} endpoint 10.77.0.2:7`);
  await site.writeConfig({ interface: ["MTU = 1300"] });
  await site.wgtsOk("reload", "wg0");
  assert.equal(await endpoint(), "10.77.0.2:7");
  await site.writeConfig({ endpoint: "[fd77::2]:51820" });
  await site.wgtsOk("reload", "wg0");
  assert.equal(await endpoint(), "[fd77::2]:51820");
  await site.waitForTunnel();
});

Deno.test("reload killed at each call that changes something: down cleans up, or reload goes on", async () => {
  await using site = await Site.create();
  const before = await snapshot(site.host);
  const one: Variant = {
    interface: ["ListenPort = 40404", "Address = 10.90.0.1/24"],
    allowedIps: "0.0.0.0/0, ::/0",
  };
  const two: Variant = {
    interface: ["ListenPort = 40404", "FwMark = 7", "MTU = 1300", "Address = 10.90.0.2/24"],
    allowedIps: "0.0.0.0/0, 10.91.0.0/16",
    peers: await peerSection("AllowedIPs = 10.92.0.0/16"),
  };
  await write(site, two);
  await site.wgtsOk("up", "wg0");
  const wanted = await state(site);
  await site.wgtsOk("down", "wg0");
  await write(site, one);
  let killed = 0;
  for (const call of ["sendto", "write", "rename"]) {
    for (let count = 1;; count += 2) {
      await write(site, one);
      await site.wgtsOk("up", "wg0");
      await write(site, two);
      const inject = ["-e", `trace=${call}`, "-e", `inject=${call}:signal=KILL:when=${count}`];
      const strace = ["strace", "-qq", "-o", "/dev/null", ...inject];
      const { code } = await site.host.try([...strace, ...wgts(), "reload", "wg0"]);
      if (code !== 0) killed++;
      if (count % 4 === 1) {
        await site.wgtsOk("reload", "wg0");
        assert.equal(await state(site), wanted, `${call} ${count}`);
      }
      await downAndClean(site, before);
      if (code === 0) break; // it makes fewer calls than that
    }
  }
  assert.ok(killed >= 20, `only ${killed} kills`);
});

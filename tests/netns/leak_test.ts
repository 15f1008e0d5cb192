/**
 * While a tunnel for everything is up, nothing but its own datagrams leaves the host, whatever becomes
 * of its engine: a flood of new connections runs, and the remote host watches the wire.
 */
import assert from "node:assert/strict";
import type { Process } from "./harness/host.ts";
import { NAME, NAME_SERVER, NamedSite, OLD } from "./harness/named_site.ts";
import { FAR_ENDPOINT, INTERNET, Site } from "./harness/site.ts";
import { assertRestored, snapshot } from "./harness/snapshot.ts";
import { waitFor } from "./harness/wait.ts";

/** How long each state of the tunnel is watched, in packets that the flood sends meanwhile. */
const PACKETS = 300;

/**
 * Sends packets to the internet, some hundred per second, each from a socket of its own, and some from
 * sockets that were there before the tunnel. It counts in /run/sent.
 */
const FLOOD = `
exec 7<> <(:)
exec 4>/dev/udp/192.0.2.1/9 6>/dev/udp/2001:db8::1/9
for ((sent = 0;; sent++)); do
  # What has no route, or answers, is no reason to stop.
  {
    echo new >/dev/udp/192.0.2.$((sent % 250 + 1))/9
    echo new >/dev/udp/2001:db8::$((sent % 250 + 1))/9
    echo old >&4
    echo old >&6
  } 2>/dev/null
  echo $sent >/run/sent
  read -r -t 0.005 -u 7
done`;

/** The flood, and the watch on the wire. */
class Leaks implements AsyncDisposable {
  private constructor(readonly site: Site, readonly flood: Process) {}

  static async watch(site: Site): Promise<Leaks> {
    // What is no datagram of the tunnel and not for the network at hand comes from outside of the tunnel.
    await site.remote.sh(`nft -f - <<'RULES'
table inet leaks {
  counter leaked4 {}
  counter leaked6 {}
  chain arriving {
    type filter hook prerouting priority -310;
    iifname != eth0 accept
    ip daddr 198.51.100.1 udp dport 51820 accept
    ip daddr ${NAME_SERVER} accept comment "which of these have the mark, the host can tell"
    ip daddr 10.77.0.0/24 accept
    ip6 daddr { fd77::/64, fe80::/10, ff00::/8 } accept
    ip version 4 counter name leaked4
    ip6 version 6 counter name leaked6
  }
}
RULES`);
    return new Leaks(site, await site.host.start(["bash", "-c", FLOOD]));
  }

  async sent(): Promise<number> {
    return Number(await this.site.host.sh("cat /run/sent || echo 0"));
  }

  /** Waits until the flood has sent some more. */
  async flow(): Promise<void> {
    const start = await this.sent();
    await waitFor("the flood", async () => await this.sent() >= start + PACKETS, {
      deadline: 120_000,
    });
  }

  /** Packets that were seen outside of the tunnel since the last time, by family. */
  async take(): Promise<{ 4: number; 6: number }> {
    const count = async (family: 4 | 6) => {
      const text = await this.site.remote.sh(`nft reset counter inet leaks leaked${family}`);
      return Number(/packets (\d+)/.exec(text)?.[1]);
    };
    return { 4: await count(4), 6: await count(6) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.flood.kill("SIGKILL");
    await this.flood.result;
    await this.site.host.sh("rm -f /run/sent");
  }
}

/** No packets, of either family. */
const NOTHING = { 4: 0, 6: 0 };

/** What the config is changed to: lines of [Interface] and allowed IPs. */
const RELOADS: readonly (readonly [readonly string[], string])[] = [
  [["MTU = 1350"], "0.0.0.0/0, ::/0, 10.55.0.0/16, fd55::/32"],
  [["Address = 10.88.7.1/32", "DNS = 10.88.0.53"], "::/0, 0.0.0.0/0"],
  [["FwMark = 0x7777"], "0.0.0.0/0, ::/0"],
  [[], "0.0.0.0/0, ::/0"],
];

async function killEngine(site: Site): Promise<void> {
  Deno.kill(await site.engine(), "SIGKILL");
  await waitFor("the interface to be gone", async () => {
    return (await site.host.try(["ip", "link", "show", "wg0"])).code !== 0;
  });
}

Deno.test("nothing leaves beside the tunnel, while it lives, changes, dies and comes back", async () => {
  await using site = await Site.create();
  await site.writeConfig({
    endpoint: FAR_ENDPOINT,
    allowedIps: "0.0.0.0/0, ::/0",
  });
  const before = await snapshot(site.host);
  {
    await using leaks = await Leaks.watch(site);
    await leaks.flow();
    const without = await leaks.take();
    assert.ok(without[4] >= PACKETS && without[6] >= PACKETS, JSON.stringify(without));

    await site.wgtsOk("up", "wg0");
    await leaks.take();
    await site.waitForTunnel();
    await leaks.flow();
    assert.deepEqual(await leaks.take(), NOTHING, "while the tunnel is up");

    await site.host.sh("wg set wg0 fwmark 0xca6c listen-port 40001; ip link set wg0 mtu 1300");
    await leaks.flow();
    await site.host.sh("ip link set wg0 down");
    await leaks.flow();
    await site.host.sh("ip link set wg0 up");
    await leaks.flow();
    assert.deepEqual(await leaks.take(), NOTHING, "while the interface changes");

    for (const [lines, allowedIps] of RELOADS) {
      await site.writeConfig({ endpoint: FAR_ENDPOINT, allowedIps, interface: lines });
      await site.wgtsOk("reload", "wg0");
      await leaks.flow();
      assert.deepEqual(await leaks.take(), NOTHING, `when reloaded with ${lines} ${allowedIps}`);
    }
    await site.waitForTunnel();

    await killEngine(site);
    await leaks.flow();
    assert.deepEqual(await leaks.take(), NOTHING, "while the engine is dead");

    await site.wgtsOk("up", "wg0");
    await site.waitForTunnel();
    await leaks.flow();
    assert.deepEqual(await leaks.take(), NOTHING, "while another `up` takes the dead one's place");

    // That the test can fail: without what stands in for the engine, its death is seen outside.
    await site.host.sh(`ip route delete unreachable default table 51820 metric 4294967295
      ip -6 route delete unreachable default table 51820 metric 4294967295`);
    await killEngine(site);
    await leaks.flow();
    const unguarded = await leaks.take();
    assert.ok(unguarded[4] > 0 && unguarded[6] > 0, JSON.stringify(unguarded));

    await site.wgtsOk("down", "wg0");
    await leaks.flow();
    const after = await leaks.take();
    assert.ok(after[4] >= PACKETS && after[6] >= PACKETS, JSON.stringify(after));
  }
  await site.waitForNoProcess();
  await assertRestored(site.host, before);
});

Deno.test("nothing leaves while an `up' in the place of a dead tunnel looks up names", async () => {
  await using named = await NamedSite.create({ [NAME]: [OLD] });
  const { site } = named;
  const settings = { endpoint: `${NAME}:51820`, allowedIps: "0.0.0.0/0, ::/0" };
  await site.writeConfig({ ...settings, interface: ["DNS = 10.88.0.2"] });
  {
    await using leaks = await Leaks.watch(site);
    await site.wgtsOk("up", "wg0");
    await site.waitForTunnel();
    await killEngine(site);
    // The name server takes its time, and the first query is lost.
    await named.setZone({ silent: true });
    await leaks.take();
    const unmarked = await named.packets("unmarked");
    const marked = await named.packets("marked");

    const up = await site.start("up", "wg0");
    await waitFor("a query", async () => await named.packets("marked") > marked);
    await leaks.flow();
    assert.deepEqual(await leaks.take(), NOTHING, "while the name is looked up");
    await named.setZone({ [NAME]: [OLD] });
    const { code, stderr } = await up.result;
    assert.equal(code, 0, stderr);
    await site.waitForTunnel();
    await leaks.flow();
    assert.ok(await site.answers(INTERNET[4]));
    assert.deepEqual(await leaks.take(), NOTHING, "when the tunnel is up again");

    // A name that there isn't is a warning as it always is, and keeps the guard.
    await killEngine(site);
    await named.setZone({});
    const without = await site.wgts("up", "wg0");
    assert.equal(without.code, 0, without.stderr);
    assert.match(without.stderr, /^wgts: warning: .*`vpn\.example\.com:51820': its peer can't be/m);
    await leaks.flow();
    assert.deepEqual(await leaks.take(), NOTHING, "while the name has no address");
    await named.setZone({ [NAME]: [OLD] });
    await waitFor("the tunnel", () => site.answers(INTERNET[4], 1), { deadline: 90_000 });
    await leaks.flow();
    assert.deepEqual(await leaks.take(), NOTHING, "when the name has one again");
    assert.equal(await named.packets("unmarked"), unmarked, "no query goes without the mark");
    await site.wgtsOk("down", "wg0");
  }
  await site.waitForNoProcess();
});

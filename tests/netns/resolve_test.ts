/** Endpoints by name: servers that move while the tunnel runs, and names that have no address yet. */
import assert from "node:assert/strict";
import { addressCommands } from "./harness/host.ts";
import { WIREGUARD_GO } from "./harness/implementation.ts";
import { pathOf } from "./harness/paths.ts";
import { INNER, INTERNET, Site } from "./harness/site.ts";
import { waitFor } from "./harness/wait.ts";

const NAME = "vpn.example.com";
const NAME_SERVER = "203.0.113.53";
/** Where the server is at first, where it moves to, and where nobody is. */
const [OLD, NEW, NOWHERE] = ["198.51.100.1", "198.51.100.2", "198.51.100.99"];
const MARK = 51820;
/** Seconds between two retries of a handshake, and until an endpoint is looked up again, are what they are. */
const RECOVERY = { deadline: 90_000, interval: 200 };

interface Zone {
  readonly [name: string]: readonly string[] | boolean;
}

/** A site whose server has a name, and a name server that tells it. */
class NamedSite implements AsyncDisposable {
  private constructor(readonly site: Site, readonly stack: AsyncDisposableStack) {}

  static async create(zone: Zone): Promise<NamedSite> {
    await using stack = new AsyncDisposableStack();
    const site = stack.use(await Site.create());
    const named = new NamedSite(site, stack.move());
    await named.setZone(zone);
    await site.remote.sh(`ip address add ${NAME_SERVER}/32 dev lo; touch /run/queries`);
    const program = pathOf("dns_server.ts");
    const server = await site.remote.start(
      [Deno.execPath(), "run", "-A", "--quiet", program, NAME_SERVER]
        .concat(["/run/zone.json", "/run/queries"]),
    );
    named.stack.defer(async () => {
      server.kill("SIGTERM");
      await server.result;
    });
    await waitFor("the name server", () =>
      site.remote.try(["ss", "-Hltn", "sport = 53"])
        .then(({ stdout }) => stdout.includes(NAME_SERVER)));
    await site.host.sh(`cp /etc/hosts /run/hosts; mount --bind /run/hosts /etc/hosts
      echo nameserver ${NAME_SERVER} >/run/resolv.conf
      touch /etc/resolv.conf; mount --bind /run/resolv.conf /etc/resolv.conf
      nft -f - <<'RULES'
table inet queries {
  counter marked {}
  counter unmarked {}
  chain leaving {
    type filter hook output priority 0;
    oifname eth0 ip daddr ${NAME_SERVER} meta mark ${MARK} counter name marked
    oifname eth0 ip daddr ${NAME_SERVER} meta mark 0 counter name unmarked
  }
}
RULES`);
    return named;
  }

  async setZone(zone: Zone): Promise<void> {
    await this.site.remote.writeFile("/run/zone.json", JSON.stringify(zone));
  }

  /** What was asked of the name server. */
  async queries(): Promise<string> {
    return await this.site.remote.sh("cat /run/queries");
  }

  async packets(counter: "marked" | "unmarked"): Promise<number> {
    const text = await this.site.host.sh(`nft list counter inet queries ${counter}`);
    return Number(/packets (\d+)/.exec(text)?.[1]);
  }

  /** Another machine is the server now: it has the same key, another address, and knows no endpoint. */
  async moveServer(): Promise<void> {
    const { remote } = this.site;
    await remote.sh("ip link delete dev wg0");
    await waitFor("the end of the old server", async () => {
      return (await remote.try(["wg", "show", "wg0"])).code !== 0;
    });
    await remote.sh(`ip address delete ${OLD}/32 dev lo`);
    await WIREGUARD_GO.start(remote, "wg0");
    await remote.sh(`wg setconf wg0 /etc/wireguard/remote.setconf
      ${addressCommands("lo", [`${NEW}/32`])}
      ${addressCommands("wg0", [`${INNER.remote[4]}/24`, `${INNER.remote[6]}/64`])}`);
  }

  async status(): Promise<{ endpoint: string; endpointName: string; endpointLookedUp: number }> {
    const report = JSON.parse(await this.site.wgtsOk("status", "--json", "wg0"));
    return report.interfaces[0].peers[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack.disposeAsync();
  }
}

Deno.test("a tunnel for everything finds its server again, which has moved", async () => {
  await using named = await NamedSite.create({ [NAME]: [OLD] });
  const { site } = named;
  await site.writeConfig({
    interface: [`DNS = ${INNER.remote[4]}`],
    endpoint: `${NAME}:51820`,
    allowedIps: "0.0.0.0/0, ::/0",
  });
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  assert.ok(await site.answers(INTERNET[4]));
  assert.equal((await named.status()).endpoint, `${OLD}:51820`);
  const unmarked = await named.packets("unmarked");

  await named.moveServer();
  await named.setZone({ [NAME]: [NEW] });
  await waitFor("the tunnel to work again", () => site.answers(INTERNET[4], 1), RECOVERY);
  const { endpoint, endpointName, endpointLookedUp } = await named.status();
  assert.equal(endpoint, `${NEW}:51820`);
  assert.equal(endpointName, `${NAME}:51820`);
  assert.ok(Math.abs(Date.now() / 1000 - endpointLookedUp) < 120);
  assert.ok(await named.packets("marked") >= 2, "queries carry the mark of the tunnel's packets");
  assert.equal(await named.packets("unmarked"), unmarked, "and none goes without");
  await site.wgtsOk("down", "wg0");
});

Deno.test("an answer that is too large for a datagram is fetched by TCP", async () => {
  await using named = await NamedSite.create({ [NAME]: [NOWHERE] });
  const { site } = named;
  await site.writeConfig({ endpoint: `${NAME}:51820`, allowedIps: "0.0.0.0/0" });
  await site.wgtsOk("up", "wg0");
  await named.setZone({ [NAME]: [OLD], truncates: true });
  await waitFor("the tunnel", () => site.answers(INTERNET[4], 1), RECOVERY);
  assert.match(await named.queries(), /udp A vpn\.example\.com\n[^]*tcp A vpn\.example\.com\n/);
  assert.equal((await named.status()).endpoint, `${OLD}:51820`);
  await site.wgtsOk("down", "wg0");
});

Deno.test("of the two families, the one that works is found at once", async () => {
  await using named = await NamedSite.create({ [NAME]: ["2001:db8::99", OLD] });
  const { site } = named;
  // There is a route for IPv6, but nobody at its end.
  await site.remote.sh("ip6tables -V >/dev/null; ip -6 route add blackhole 2001:db8::99");
  await site.writeConfig({ endpoint: `${NAME}:51820` });
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  assert.equal((await named.status()).endpoint, `${OLD}:51820`);
  await site.wgtsOk("down", "wg0");
});

Deno.test("a fallback endpoint is used when the endpoint doesn't answer", async () => {
  await using named = await NamedSite.create({ [NAME]: [NOWHERE], "b.example.com": [OLD] });
  const { site } = named;
  const config = site.config({ endpoint: `${NAME}:51820` });
  await site.host.writeFile(
    "/etc/wireguard/wg0.conf",
    `${config}FallbackEndpoints = 198.51.100.98:51820, b.example.com:51820\n`,
  );
  await site.wgtsOk("up", "wg0");
  await waitFor("the tunnel", () => site.answers(INNER.remote[4], 1), RECOVERY);
  assert.equal((await named.status()).endpoint, `${OLD}:51820`);
  await site.wgtsOk("down", "wg0");
});

Deno.test("with an interval, a name's new address is followed while the old one still answers", async () => {
  await using named = await NamedSite.create({ [NAME]: [OLD] });
  const { site } = named;
  await site.remote.sh(`ip address add ${NEW}/32 dev lo`);
  await site.writeConfig({
    interface: ["ReresolveInterval = 3"],
    endpoint: `${NAME}:51820`,
  });
  await site.wgtsOk("up", "wg0");
  await site.waitForTunnel();
  await named.setZone({ [NAME]: [NEW] });
  await waitFor("the new address", async () => {
    return (await named.status()).endpoint === `${NEW}:51820`;
  }, RECOVERY);
  assert.ok(await site.answers(INNER.remote[4]));
  await site.wgtsOk("down", "wg0");
});

Deno.test("a name without an address doesn't stop `up', unless it is to be strict", async () => {
  await using named = await NamedSite.create({});
  const { site } = named;
  await site.writeConfig({ endpoint: `${NAME}:51820` });
  const strict = await site.wgts("up", "--strict", "wg0");
  assert.notEqual(strict.code, 0);
  assert.match(strict.stderr, /vpn\.example\.com:51820/);
  const { code, stderr } = await site.wgts("up", "wg0");
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^wgts: warning: .*`vpn\.example\.com:51820': its peer can't be reached/m);
  await named.setZone({ [NAME]: [OLD] });
  await waitFor("the tunnel", () => site.answers(INNER.remote[4], 1), RECOVERY);
  await site.wgtsOk("down", "wg0");
});

Deno.test("/etc/hosts is looked into, and name servers need not answer then", async () => {
  await using named = await NamedSite.create({ silent: true });
  const { site } = named;
  await site.host.sh(`echo ${NOWHERE} ${NAME} >>/run/hosts`);
  await site.writeConfig({ endpoint: `${NAME}:51820` });
  await site.wgtsOk("up", "wg0");
  // In place: what is mounted over /etc/hosts is this very file.
  await site.host.sh(`hosts=$(sed s/${NOWHERE}/${OLD}/ /run/hosts); echo "$hosts" >/run/hosts`);
  await waitFor("the tunnel", () => site.answers(INNER.remote[4], 1), RECOVERY);
  await site.wgtsOk("down", "wg0");
});

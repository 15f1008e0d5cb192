/** A {@linkcode Site} whose server has a name, which may come to mean another address. */
import { addressCommands } from "./host.ts";
import { WIREGUARD_GO } from "./implementation.ts";
import { pathOf } from "./paths.ts";
import { INNER, Site } from "./site.ts";
import { waitFor } from "./wait.ts";

export const NAME = "vpn.example.com";
export const NAME_SERVER = "203.0.113.53";
/** Where the server is at first, where it moves to, and where nobody is. */
export const [OLD, NEW, NOWHERE] = ["198.51.100.1", "198.51.100.2", "198.51.100.99"];
const MARK = 51820;
/**
 * Seconds between two retries of a handshake, and until an endpoint is looked up again, are what they
 * are.
 */
export const RECOVERY = { deadline: 300_000, interval: 200 };

interface Zone {
  readonly [name: string]: readonly string[] | boolean;
}

/** A site whose server has a name, and a name server that tells it. */
export class NamedSite implements AsyncDisposable {
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

  async packets(counter: "marked" | "unmarked" | "others"): Promise<number> {
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

/**
 * The usual scene of tests of the command line: a host with /etc/wireguard/wg0.conf, and a remote
 * host that runs another implementation and waits to be called.
 *
 *   host  eth0 10.77.0.1, fd77::1  ────  eth0 10.77.0.2, fd77::2  remote
 *   wg0 10.88.0.1, fd88::1               wg0 10.88.0.2, fd88::2   remote
 *                                        lo 192.0.2.1, 2001:db8::1 "the internet"
 *                                        lo 198.51.100.1 a WireGuard server out there
 */
import { run } from "./command.ts";
import { addressCommands, connect, Host, type Process } from "./host.ts";
import { type Implementation, WIREGUARD_GO } from "./implementation.ts";
import { wgts } from "./program.ts";
import { waitFor } from "./wait.ts";
import type { Result } from "./command.ts";

export const INTERNET = { 4: "192.0.2.1", 6: "2001:db8::1" } as const;
/** Reached by the host's default route only. */
export const FAR_ENDPOINT = "198.51.100.1:51820";
export const NEAR_ENDPOINT = "10.77.0.2:51820";
export const INNER = {
  host: { 4: "10.88.0.1", 6: "fd88::1" },
  remote: { 4: "10.88.0.2", 6: "fd88::2" },
} as const;

export interface Settings {
  /** More lines of the section [Interface]. */
  interface?: readonly string[];
  endpoint?: string;
  allowedIps?: string;
}

export class Site implements AsyncDisposable {
  #stack: AsyncDisposableStack;

  private constructor(
    readonly host: Host,
    readonly remote: Host,
    readonly keys: { host: string; remote: string; remotePublic: string },
    stack: AsyncDisposableStack,
  ) {
    this.#stack = stack;
  }

  static async create(implementation: Implementation = WIREGUARD_GO): Promise<Site> {
    await using stack = new AsyncDisposableStack();
    const host = stack.use(await Host.create("host"));
    const remote = stack.use(await Host.create("remote"));
    await connect(host, remote, {
      left: ["10.77.0.1/24", "fd77::1/64"],
      right: ["10.77.0.2/24", "fd77::2/64"],
    });
    await host.sh(`ip route add default via 10.77.0.2
      ip -6 route add default via fd77::2`);
    const keys = { host: await generateKey(), remote: await generateKey(), remotePublic: "" };
    keys.remotePublic = await publicKey(keys.remote);

    await implementation.start(remote, "wg0");
    await remote.writeFile(
      "/etc/wireguard/remote.setconf",
      `[Interface]
PrivateKey = ${keys.remote}
ListenPort = 51820
[Peer]
PublicKey = ${await publicKey(keys.host)}
AllowedIPs = ${INNER.host[4]}/32, ${INNER.host[6]}/128
`,
    );
    await remote.sh(`wg setconf wg0 /etc/wireguard/remote.setconf
      ${addressCommands("lo", [`${INTERNET[4]}/32`, `${INTERNET[6]}/128`, "198.51.100.1/32"])}
      ${addressCommands("wg0", [`${INNER.remote[4]}/24`, `${INNER.remote[6]}/64`])}
      nft -f - <<'RULES'
table inet inner {
  chain arriving {
    type filter hook prerouting priority -300;
    iifname eth0 ip daddr ${INNER.remote[4]} drop comment "only through the tunnel"
    iifname eth0 ip6 daddr ${INNER.remote[6]} drop comment "only through the tunnel"
  }
}
RULES`);
    const site = new Site(host, remote, keys, stack.move());
    await site.writeConfig();
    return site;
  }

  /** Writes /etc/wireguard/wg0.conf. */
  async writeConfig(settings?: Settings): Promise<void> {
    await this.host.writeFile("/etc/wireguard/wg0.conf", this.config(settings));
  }

  config({ interface: lines = [], endpoint, allowedIps }: Settings = {}): string {
    return `[Interface]
PrivateKey = ${this.keys.host}
Address = ${INNER.host[4]}/24, ${INNER.host[6]}/64
${lines.join("\n")}
[Peer]
PublicKey = ${this.keys.remotePublic}
AllowedIPs = ${allowedIps ?? `${INNER.remote[4]}/32, ${INNER.remote[6]}/128`}
Endpoint = ${endpoint ?? NEAR_ENDPOINT}
`;
  }

  /** Runs `wgts` with arguments in the host, whatever its exit code. */
  wgts(...args: string[]): Promise<Result> {
    return this.host.try([...wgts(), ...args]);
  }

  /** Runs `wgts` with arguments in the host and throws unless it succeeds. */
  async wgtsOk(...args: string[]): Promise<string> {
    return await this.host.run([...wgts(), ...args]);
  }

  /** Starts `wgts` with arguments in the host, in the background of the test. */
  async start(...args: string[]): Promise<Process> {
    return await this.host.start([...wgts(), ...args]);
  }

  /** Whether an address answers one echo request. */
  async answers(address: string, timeoutSeconds = 60): Promise<boolean> {
    const command = ["ping", "-n", "-q", "-c", "1", "-W", String(timeoutSeconds), address];
    return (await this.host.try(command)).code === 0;
  }

  /** Waits until the remote host answers through the tunnel. */
  async waitForTunnel(): Promise<void> {
    for (const address of [INNER.remote[4], INNER.remote[6]]) {
      await waitFor(`${address} to answer`, () => this.answers(address, 1));
    }
  }

  /** The engines that run in the host, as process ids seen from outside. */
  async engines(): Promise<number[]> {
    const engines: number[] = [];
    for (const pid of await this.host.processes()) {
      const commandLine = await readCommandLine(pid);
      if (/ engine |^wireguard-go/.test(commandLine)) engines.push(pid);
    }
    return engines;
  }

  /** The only engine. */
  async engine(): Promise<number> {
    const [engine, ...others] = await this.engines();
    if (engine === undefined || others.length > 0) throw new Error("not exactly one engine");
    return engine;
  }

  /** Waits until nothing runs in the host any more, except for what the harness started. */
  async waitForNoProcess(): Promise<void> {
    await waitFor("no process in the host", async () => {
      return (await this.host.processes()).length === 0;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

export async function generateKey(): Promise<string> {
  return (await run(["wg", "genkey"])).trim();
}

export async function publicKey(privateKey: string): Promise<string> {
  return (await run(["wg", "pubkey"], { stdin: privateKey })).trim();
}

async function readCommandLine(pid: number): Promise<string> {
  try {
    return (await Deno.readTextFile(`/proc/${pid}/cmdline`)).replaceAll("\0", " ");
  } catch {
    return ""; // it ended meanwhile
  }
}

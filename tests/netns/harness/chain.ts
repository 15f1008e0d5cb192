/**
 * Three hosts and two tunnels, one behind the other:
 *
 *   left  wg0 10.88.0.1 ──── wg0 10.88.0.2  middle  wg1 10.88.1.1 ──── wg1 10.88.1.2  right
 */
import { addressCommands, connect, Host } from "./host.ts";
import type { Implementation } from "./implementation.ts";
import { End } from "./lab.ts";

/** The implementations at the ends of both tunnels. */
export interface ChainImplementations {
  readonly left: Implementation;
  readonly middle: readonly [towardsLeft: Implementation, towardsRight: Implementation];
  readonly right: Implementation;
}

/** The middle host forwards between the tunnels. */
export class Chain implements AsyncDisposable {
  readonly #hosts: AsyncDisposableStack;

  private constructor(
    readonly left: End,
    /** The middle host's end of the tunnel to the left. */
    readonly middle: End,
    readonly right: End,
    hosts: AsyncDisposableStack,
  ) {
    this.#hosts = hosts;
  }

  static async create(implementations: ChainImplementations): Promise<Chain> {
    await using hosts = new AsyncDisposableStack();
    const left = hosts.use(await Host.create("left"));
    const middle = hosts.use(await Host.create("middle"));
    const right = hosts.use(await Host.create("right"));
    await connect(left, middle, wire(0), "eth0");
    await connect(middle, right, wire(1), "eth1");
    const first = [end(left, 0, 1), end(middle, 0, 2)] as const;
    const second = [end(middle, 1, 1), end(right, 1, 2)] as const;
    const [towardsLeft, towardsRight] = implementations.middle;
    await join(first, [implementations.left, towardsLeft]);
    await join(second, [towardsRight, implementations.right]);
    await middle.sh(`echo 1 >/proc/sys/net/ipv4/ip_forward
      echo 1 >/proc/sys/net/ipv6/conf/all/forwarding`);
    for (const [host, device, other] of [[left, "wg0", 1], [right, "wg1", 0]] as const) {
      await host.sh(`ip route add 10.88.${other}.0/24 dev ${device}
        ip route add fd88:${other}::/64 dev ${device}`);
    }
    return new Chain(first[0], first[1], second[1], hosts.move());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hosts.disposeAsync();
  }
}

function wire(number: number) {
  const addresses = (host: number) => [`10.77.${number}.${host}/24`, `fd77:${number}::${host}/64`];
  return { left: addresses(1), right: addresses(2) };
}

function end(host: Host, tunnel: number, number: number): End {
  const inner = { 4: `10.88.${tunnel}.${number}`, 6: `fd88:${tunnel}::${number}` };
  const underlay = [`10.77.${tunnel}.${number}`, `fd77:${tunnel}::${number}`] as const;
  return new End(host, `wg${tunnel}`, ...underlay, inner, 51820 + tunnel);
}

async function join(
  ends: readonly [End, End],
  implementations: readonly [Implementation, Implementation],
): Promise<void> {
  for (const [i, own] of ends.entries()) {
    await implementations[i === 0 ? 0 : 1].start(own.machine, own.device);
    await own.newKey();
  }
  for (const [i, own] of ends.entries()) {
    const peer = ends[i === 0 ? 1 : 0];
    await own.machine.sh(`umask 077
      echo '${own.privateKey}' >/run/key
      wg set ${own.device} private-key /run/key listen-port ${own.port} \\
        peer '${peer.publicKey}' endpoint ${peer.endpoint(4)} allowed-ips 0.0.0.0/0,::/0
      rm /run/key
      ip link set ${own.device} mtu 1420
      ${addressCommands(own.device, [`${own.inner[4]}/24`, `${own.inner[6]}/64`])}`);
  }
}

/** Two machines on a wire, and tunnels between them. */
import { run } from "./command.ts";
import { addressCommands, connect, Host } from "./host.ts";
import { type Implementation, KERNEL } from "./implementation.ts";
import { KernelGuest } from "./kernel_guest.ts";
import type { Machine } from "./machine.ts";

export type Family = 4 | 6;
export type Side = "left" | "right";

const UNDERLAY = {
  left: ["10.77.0.1/24", "fd77::1/64"],
  right: ["10.77.0.2/24", "fd77::2/64"],
} as const;

/** Two machines on a wire, each with an implementation of WireGuard. */
export class Lab implements AsyncDisposable {
  #machines: AsyncDisposableStack;
  #tunnels = 0;

  private constructor(
    readonly left: Host,
    readonly right: Machine,
    readonly implementations: Record<Side, Implementation>,
    machines: AsyncDisposableStack,
  ) {
    this.#machines = machines;
  }

  static async create(left: Implementation, right: Implementation): Promise<Lab> {
    await using machines = new AsyncDisposableStack();
    const leftHost = machines.use(await Host.create("left"));
    let rightMachine: Machine;
    if (right === KERNEL) {
      rightMachine = machines.use(await KernelGuest.boot("kernel", leftHost, "eth0"));
      await leftHost.sh(addressCommands("eth0", UNDERLAY.left));
      await rightMachine.sh(addressCommands("eth0", UNDERLAY.right));
    } else {
      const rightHost = machines.use(await Host.create("right"));
      await connect(leftHost, rightHost, UNDERLAY);
      rightMachine = rightHost;
    }
    return new Lab(leftHost, rightMachine, { left, right }, machines.move());
  }

  /** Creates the interfaces of one more tunnel, with addresses but without keys. */
  async tunnel(): Promise<Tunnel> {
    const number = this.#tunnels++;
    const device = `wg${number}`;
    const [left, right] = await Promise.all((["left", "right"] as const).map(async (side) => {
      const machine = this[side];
      const host = side === "left" ? 1 : 2;
      const inner = { 4: `10.88.${number}.${host}`, 6: `fd88:${number}::${host}` };
      await this.implementations[side].start(machine, device);
      await machine.sh(`ip link set ${device} mtu 1420
        ${addressCommands(device, [`${inner[4]}/24`, `${inner[6]}/64`])}`);
      return new End(machine, device, `10.77.0.${host}`, `fd77::${host}`, inner, 51820 + number);
    }));
    if (!left || !right) throw new Error("unreachable");
    return new Tunnel(left, right);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#machines.disposeAsync();
  }
}

/** One end of a tunnel. */
export class End {
  privateKey = "";
  publicKey = "";

  constructor(
    readonly machine: Machine,
    readonly device: string,
    readonly underlay4: string,
    readonly underlay6: string,
    /** The addresses inside of the tunnel. */
    readonly inner: Record<Family, string>,
    readonly port: number,
  ) {}

  /** Where the other end finds this one. */
  endpoint(family: Family, port = this.port): string {
    return family === 4 ? `${this.underlay4}:${port}` : `[${this.underlay6}]:${port}`;
  }

  async newKey(): Promise<void> {
    this.privateKey = (await run(["wg", "genkey"])).trim();
    this.publicKey = (await run(["wg", "pubkey"], { stdin: this.privateKey })).trim();
  }

  /** A field of the only peer, as `wg show` prints it. */
  async show(field: "latest-handshakes" | "endpoints" | "transfer"): Promise<string> {
    const line = await this.machine.sh(`wg show ${this.device} ${field}`);
    return line.trim().split("\t").slice(1).join("\t");
  }

  /** When the last handshake was completed, in seconds; 0 when there was none. */
  async latestHandshake(): Promise<number> {
    return Number(await this.show("latest-handshakes"));
  }
}

export interface TunnelSettings {
  /** The side that knows the other's endpoint, and so the only one that can begin. */
  initiator: Side;
  underlay: Family;
  presharedKeys?: Record<Side, string>;
}

export class Tunnel {
  constructor(readonly left: End, readonly right: End) {}

  /** Gives both ends new keys, and with them a life without any session. */
  async configure({ initiator, underlay, presharedKeys }: TunnelSettings): Promise<void> {
    await Promise.all([this.left.newKey(), this.right.newKey()]);
    await Promise.all((["left", "right"] as const).map(async (side) => {
      const [own, peer] = this.from(side);
      await own.machine.sh(`
umask 077
cat >/run/${own.device}.setconf <<'CONFIG'
[Interface]
PrivateKey = ${own.privateKey}
ListenPort = ${own.port}
[Peer]
PublicKey = ${peer.publicKey}
AllowedIPs = ${peer.inner[4]}/32, ${peer.inner[6]}/128
${presharedKeys ? `PresharedKey = ${presharedKeys[side]}` : ""}
${side === initiator ? `Endpoint = ${peer.endpoint(underlay)}` : ""}
CONFIG
wg setconf ${own.device} /run/${own.device}.setconf
rm /run/${own.device}.setconf`);
    }));
  }

  /** The two ends, the given one first. */
  from(side: Side): [End, End] {
    return side === "left" ? [this.left, this.right] : [this.right, this.left];
  }
}

/** What `wgts doctor` sees of a host: plain data, which checks judge. */

import type { IpAddress, IpFamily, IpPrefix } from "../ip.ts";
import type { EndedInterface } from "../status/report.ts";

/** Something that was seen, or why it couldn't be. */
export type Seen<T> = { readonly value: T } | { readonly hidden: string };

/** A network interface. */
export interface SeenLink {
  readonly index: number;
  readonly name: string;
  /** "tun", "wireguard", "veth"…; "" for a plain device. */
  readonly kind: string;
  /** Bytes. */
  readonly mtu: number;
  readonly up: boolean;
  /** Reverse-path filtering as conf/NAME says: 0 off, 1 strict, 2 loose; null when not known. */
  readonly rpFilter: number | null;
}

/** A route to hosts or networks; not those of the local table. */
export interface SeenRoute {
  readonly destination: IpPrefix;
  readonly table: number;
  /** The interface; null for one that refuses, and for several next hops. */
  readonly interfaceIndex: number | null;
  /** Whether a router is behind it: without, its network is at hand. */
  readonly hasGateway: boolean;
  /** Its metric; 0 is the best. */
  readonly metric: number;
}

/** Where a peer is reached, and the way there. */
export interface SeenEndpoint {
  readonly address: IpAddress;
  /** The interface of the way there; null when there is no way. */
  readonly interfaceName: string | null;
  /** The largest packet in bytes: the route's, with what path MTU discovery learnt, or the interface's. */
  readonly mtu: number | null;
}

/** A WireGuard interface that is there, or a config of one, or both. */
export interface SeenTunnel {
  readonly name: string;
  /** Null where there is no config that could be read. */
  readonly config: SeenConfig | null;
  /** Null when it isn't running. */
  readonly running: SeenRunning | null;
  /** Those of its peers whose addresses are known without asking a name server. */
  readonly endpoints: readonly SeenEndpoint[];
  /** The allowed IPs of all peers, as it runs, or else as its config says; without host bits. */
  readonly allowedIps: readonly IpPrefix[];
}

/** What a config asks for. */
export interface SeenConfig {
  readonly addresses: readonly IpPrefix[];
  /** 0: the system chooses. */
  readonly listenPort: number;
  /** Bytes; null: to be discovered. */
  readonly mtu: number | null;
  /** Whether routes are added to the main table, and default routes by rules. */
  readonly automaticRoutes: boolean;
  /** How many name servers it has. */
  readonly nameservers: number;
}

/** What a running interface tells. */
export interface SeenRunning {
  /** What serves it: "wgts", "kernel" or "userspace". */
  readonly backend: string;
  /** Whether it is in this network namespace. All share the directory of control sockets. */
  readonly isHere: boolean;
  /** 0 is none. */
  readonly listenPort: number;
  /** 0 is off. */
  readonly fwmark: number;
}

/** A file of /etc/wireguard. */
export interface SeenFile {
  readonly name: string;
  readonly path: string;
  /** Paths of those that everybody may access: itself, and files of keys that it names. */
  readonly worldAccessible: readonly string[];
  /** Why `up` would refuse it; null when it wouldn't. */
  readonly error: string | null;
}

/** A journal of `up`. */
export interface SeenJournal {
  readonly name: string;
  /** How far its commands got. */
  readonly phase: "starting" | "up" | "down";
  /** Whether a command works on it now. */
  readonly isInUse: boolean;
  /** Whether its interface is there and served. */
  readonly isAlive: boolean;
}

/** How names are resolved. */
export interface SeenDns {
  /** Who makes /etc/resolv.conf: "systemd-resolved", "resolvconf", or "" for nobody known. */
  readonly manager: string;
  /** Whether the manager answers, or else the file could be replaced. */
  readonly isUsable: boolean;
  /** What stands against it, or how it is done; one line. */
  readonly detail: string;
}

/** All that is seen. */
export interface HostView {
  /** Milliseconds since 1970-01-01 UTC. */
  readonly wall: number;
  /** A file that was written lately, and when, in milliseconds; null when there is none. */
  readonly newestFile: { readonly path: string; readonly time: number } | null;
  readonly isRoot: boolean;
  readonly netAdmin: boolean;
  readonly netBindService: boolean;
  /** net.ipv4.ip_unprivileged_port_start */
  readonly unprivilegedPortStart: number;
  readonly tun: {
    /** Whether the kernel has the driver now; null when not known. */
    readonly isLoaded: boolean | null;
    /** Why the device can't be opened; null when it can, or when that wasn't tried. */
    readonly error: { readonly code: string; readonly message: string } | null;
  };
  readonly ipv6: "on" | "off" | "absent";
  /** For each family, why nf_tables won't make the rules; null when it will. */
  readonly nfTables: Seen<Readonly<Record<IpFamily, string | null>>>;
  /** Whether iptables-restore(8) is installed for a family. */
  readonly iptables: Readonly<Record<IpFamily, boolean>>;
  readonly dns: Seen<SeenDns>;
  /** The buffers of a socket as the engine makes it, in bytes as the kernel counts. */
  readonly buffers: Seen<{ readonly receive: number; readonly send: number }>;
  /** What of the offloads the kernel lacks. */
  readonly missingOffloads: Seen<readonly string[]>;
  readonly crypto: Seen<{ readonly description: string; readonly isFast: boolean }>;
  readonly files: Seen<readonly SeenFile[]>;
  readonly ended: readonly EndedInterface[];
  readonly journals: Seen<readonly SeenJournal[]>;
  /** Those that couldn't be asked, and why. */
  readonly unreadable: readonly { readonly name: string; readonly reason: string }[];
  readonly tunnels: readonly SeenTunnel[];
  readonly links: readonly SeenLink[];
  readonly routes: readonly SeenRoute[];
  /** UDP ports in use. */
  readonly udpPorts: ReadonlySet<number>;
  /** conf/all/rp_filter; null when not known. */
  readonly rpFilter: number | null;
  readonly srcValidMark: { readonly isSet: boolean; readonly isWritable: boolean } | null;
}

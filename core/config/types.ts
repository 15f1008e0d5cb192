import type { IpAddress, IpPrefix } from "../ip.ts";
import type { ConfigWarning } from "./error.ts";
import type { EventHookKey } from "./keys.ts";

/** An endpoint as written: resolving the host is the caller's. */
export interface ConfigEndpoint {
  /** Host name or address without brackets; an IPv6 address may carry a `%zone`. Never empty. */
  readonly host: string;
  /** UDP port, 1 to 65535. */
  readonly port: number;
  /** The whole text, whitespace removed, as in the file. */
  readonly text: string;
}

/** A file that holds a key, as a config names it: finding and reading it is the caller's. */
export interface KeyFileName {
  /** As written. */
  readonly name: string;
  /** Line of the config that names it, from 1. */
  readonly line: number;
}

/** What `[Interface]` of the wg(8) dialect sets. Absent: not in the file. */
export interface WgInterfaceConfig {
  /** 32 bytes in a backing store of their own; all zero clears the key. */
  privateKey?: Uint8Array;
  /** 0 to 65535; 0 lets the system choose. */
  listenPort?: number;
  /** 32 bits; 0 is off. */
  fwmark?: number;
}

/** One peer of the wg(8) dialect; repeated `[Peer]` sections of one public key are one peer. */
export interface WgPeerConfig {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 32 bytes in a backing store of their own; all zero is none. */
  presharedKey?: Uint8Array;
  /** What holds it, in a tunnel's config; `presharedKey` is absent until `readKeyFiles`. */
  presharedKeyFile?: KeyFileName;
  /** Where the peer is reached at first. */
  endpoint?: ConfigEndpoint;
  /** Where it is looked for, in turn, when it doesn't answer there. */
  fallbackEndpoints?: ConfigEndpoint[];
  /** In the order of the file, host bits cleared, no duplicates. */
  allowedIps: IpPrefix[];
  /** `DisallowedIPs` of a tunnel's config: taken out of `allowedIps` already. */
  disallowedIps?: IpPrefix[];
  /** What `allowedIps` were before exclusions were taken out of them; absent when that changed nothing. */
  claimedIps?: IpPrefix[];
  /** Seconds, 0 to 65535; 0 is off. */
  persistentKeepalive?: number;
  /** Line of the (first) `[Peer]`, from 1. */
  readonly line: number;
  /** What a comment calls it, fit to be shown; `readPeerNames` has the rules. */
  name?: string;
}

/** What a file of the wg(8) dialect means: that of `wg setconf`, `addconf` and `syncconf`. */
export interface WgConfig {
  /** What `[Interface]` says. */
  readonly interface: WgInterfaceConfig;
  /** In the order of the file. */
  readonly peers: WgPeerConfig[];
  /** What its author will want to know about. */
  readonly warnings: ConfigWarning[];
}

/** Which routing table routes go to: by policy, none, or a table by number or by name. */
export type RoutingTable = "auto" | "off" | number | NamedTable;

/** A routing table by its name in rt_tables, which is for the system to look up. */
export interface NamedTable {
  /** As written. */
  readonly name: string;
  /** Line of the config that names it, from 1. */
  readonly line: number;
}

/** Commands for what happens to peers, as `preUp`, by their keys. */
export type EventHooks = Readonly<Partial<Record<EventHookKey, readonly string[]>>>;

/** `[Interface]` with the keys that wg-quick(8) adds. */
export interface QuickInterfaceConfig extends WgInterfaceConfig {
  /** In the order of the file, host bits kept. */
  addresses: IpPrefix[];
  /** What holds the private key; `privateKey` is absent until `readKeyFiles`. */
  privateKeyFile?: KeyFileName;
  /** `DisallowedIPs`: taken out of the `allowedIps` of all peers already. */
  disallowedIps?: IpPrefix[];
  /** Local addresses of the UDP sockets; absent: any. */
  bindAddresses?: readonly IpAddress[];
  /** The interface of the UDP sockets; absent: any. */
  bindInterface?: string;
  /** Name servers and search domains. */
  dns: { servers: IpAddress[]; search: string[] };
  /** Bytes; absent: to be discovered. */
  mtu?: number;
  /** Where the routes to allowed IPs go. */
  table: RoutingTable;
  /** Commands for bash, as written; see {@linkcode expandHook}. */
  preUp: string[];
  /** As `preUp`. */
  postUp: string[];
  /** As `preUp`. */
  preDown: string[];
  /** As `preUp`. */
  postDown: string[];
  /** Absent: none. */
  eventHooks?: EventHooks;
  /** Seconds between lookups of endpoints by name; 0 or absent: only when handshakes aren't answered. */
  reresolveInterval?: number;
  /** Whether the interface's state is to be saved to the file when it goes down. */
  saveConfig: boolean;
}

/** What a wg-quick(8) file means. */
export interface QuickConfig extends WgConfig {
  /** What `[Interface]` says. */
  readonly interface: QuickInterfaceConfig;
}

/**
 * What `up` and `down` need of the operating system: Linux has it, and a model of it in tests.
 *
 * @module
 */
import type { ConfigEndpoint, QuickConfig } from "../../core/config/types.ts";
import type { IpFamily } from "../../core/ip.ts";
import type { InterfaceChange } from "../../core/interface_change.ts";
import type { InterfaceState } from "../../core/interface_state.ts";
import type {
  ActiveDnsManager,
  Backend,
  DnsManager,
  DnsSettings,
  RoutingRule,
  TunnelRoute,
} from "../../core/plan.ts";
import type { EndedInterface } from "../../core/status/report.ts";
import type { UapiEndpoint } from "../../core/uapi/command.ts";
import type { AttendantIdentity } from "../journal.ts";
import type { Attended } from "./attend.ts";
import type { DnsTunnel } from "./dns/system_dns.ts";

/** A network interface. */
export interface LinkState {
  readonly index: number;
  /** "tun", "wireguard", "veth"…; "" for a plain device. */
  readonly kind: string;
}

/** What tells the datagrams of a running tunnel, and where they don't go. */
export interface RunningLink {
  readonly index: number;
  /** The mark of what it sends; 0 is off. */
  readonly fwmark: number;
}

/** What of a running tunnel counts where names are looked up. */
export interface RunningResolver {
  /** The mark of what it sends; 0 is off. */
  readonly fwmark: number;
  /** Whether it gave the system DNS servers, which may be behind it. */
  readonly hasDns: boolean;
  /** Whether only its rules are left, which keep in all that hasn't its mark. */
  readonly isDead?: boolean;
}

/** What an interface has of what `up` gives one. */
export interface LinkDetails {
  /** Bytes. */
  readonly mtu: number;
  readonly isUp: boolean;
  /** With the lengths of their prefixes. */
  readonly addresses: readonly string[];
  /** Through it. */
  readonly routes: readonly (TunnelRoute & { readonly isKernels: boolean })[];
}

/** A running process, and not any later one of the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat. */
  readonly startTime: string;
}

/** What is behind the path of a control socket: no socket, one that nobody serves, or a server. */
export type SocketState = "absent" | "dead" | "live";

/** The endpoints of a config with their addresses, the best first; none for one that wasn't found. */
export type ResolvedEndpoints = ReadonlyMap<ConfigEndpoint, readonly UapiEndpoint[]>;

/** The operating system. Failing calls throw `SysError`, or an error with a `code` like its. */
export interface System {
  // Interfaces
  link(name: string): LinkState | null;
  /** Deletes an interface; none being there is fine. */
  deleteLink(index: number): void;
  addAddress(index: number, prefix: string): void;
  /** Deletes an address; none being there is fine. The interface's other ones stay. */
  deleteAddress(index: number, prefix: string): void;
  /** What an interface is set to and has. */
  inspectLink(index: number): LinkDetails;
  /** Sets the MTU (bytes) and the link up. */
  linkUp(index: number, mtu: number): void;
  /** Returns when the engine of `name` has followed the link's state: its UDP port is open then. */
  awaitEngine(name: string): void;

  // The kernel's WireGuard
  /** Creates an interface that the kernel serves, and returns its index. */
  createKernelInterface(name: string): number;
  /** Whether nobody has done anything with the kernel's interface `name`: it is down and has no key. */
  isPristine(name: string): boolean;

  // Engines
  /** Starts an engine that serves a new interface; resolves to its pid when it answers. */
  startEngine(name: string): Promise<number>;
  /** The engine that holds the TUN `name`; null when nobody does, or something else. */
  engineOf(name: string): ProcessIdentity | null;
  /** Identifies process `pid`; null when it is gone, or only waits to be reaped. */
  identify(pid: number): ProcessIdentity | null;
  /** Sends a signal to a process, unless it is gone. */
  signalProcess(process: ProcessIdentity, signal: "SIGTERM" | "SIGKILL"): void;
  controlSocket(name: string): SocketState;
  removeControlSocket(name: string): void;
  /** Removes what an engine of `name` that has ended left behind beside its control socket. */
  removeEngineFiles(name: string): void;
  /** How the engine of `name` ended, as far as it could tell; null when nothing is known. */
  ended(name: string): EndedInterface | null;
  /** Gives the interface `name` its keys and peers. */
  configure(
    name: string,
    backend: Backend,
    config: QuickConfig,
    endpoints: ResolvedEndpoints,
  ): void;
  /** The state of the interface `name`. Holds secrets. */
  readInterface(name: string, backend: Backend): Promise<InterfaceState>;
  /**
   * Changes the interface `name`, at once for its traffic. What stands before a refused part may be
   * applied.
   */
  changeInterface(name: string, backend: Backend, change: InterfaceChange): void;
  /**
   * Tells the engine of `name` how the config calls its peers and their endpoints; of the endpoints
   * only those that `former`, by the peers' public keys in base64, doesn't say already. `endpoints` are
   * addresses that are known.
   */
  namePeers(
    name: string,
    config: QuickConfig,
    endpoints: ResolvedEndpoints,
    former?: Readonly<Record<string, string>>,
  ): void;

  // Events
  /** Starts what runs the config's commands for events. */
  startAttendant(attended: Attended): Promise<AttendantIdentity>;
  /** Has that begin nothing new, and end; being gone is fine. */
  retireAttendant(attendant: AttendantIdentity): void;

  // Routing
  /** Adds a route; the same one through the same interface being there is fine. */
  addRoute(index: number, prefix: string, table: number | null): void;
  /** Adds a route, also beside one of the same destination that the kernel made. */
  appendRoute(index: number, prefix: string, table: number | null): void;
  /** Deletes a route that `addRoute` or `appendRoute` made; none being there is fine. */
  deleteRoute(index: number, prefix: string, table: number | null): void;
  addUnreachable(family: IpFamily, table: number): void;
  hasUnreachable(family: IpFamily, table: number): boolean;
  /** None being there is fine. */
  deleteUnreachable(family: IpFamily, table: number): void;
  /** Adds a route that has what goes to `prefix` look further than `table`. */
  addThrow(prefix: string, table: number): void;
  /** None being there is fine. */
  deleteThrow(prefix: string, table: number): void;
  /** The priority that a new rule needs to come right behind the local table's. */
  nextRulePriority(family: IpFamily): number;
  hasRule(family: IpFamily, rule: RoutingRule, priority: number): boolean;
  addRule(family: IpFamily, rule: RoutingRule, priority: number): void;
  /** None being there is fine. */
  deleteRule(family: IpFamily, rule: RoutingRule, priority: number): void;
  /**
   * Makes the firewall rules of interface `name`, which has `index`, for its addresses of `family`, in
   * place of those there may be.
   */
  addFirewall(index: number, name: string, family: IpFamily, fwmark: number): void;
  /** None being there is fine. */
  deleteFirewall(name: string, family: IpFamily): void;
  /** Makes the same rules by iptables; rejects when it can't, and a part of them may be there then. */
  addIptablesRules(index: number, name: string, family: IpFamily, fwmark: number): Promise<void>;
  /** None being there is fine. */
  deleteIptablesRules(name: string, family: IpFamily): Promise<void>;
  readSrcValidMark(): string;
  writeSrcValidMark(value: string): void;
  /** Whether a table holds a route of either family. */
  isTableUsed(table: number): boolean;
  /** The names of rt_tables. */
  tableNames(): Map<string, number>;

  // DNS
  /** Who manages the system's resolver. */
  dnsManager(): DnsManager;
  /** The name servers that the system has without our tunnels. */
  originalNameservers(): UapiEndpoint[];
  /** Gives the tunnel's settings to the manager, in place of any that it has; resolves to warnings. */
  setDns(tunnel: DnsTunnel, manager: DnsManager, settings: DnsSettings): Promise<string[]>;
  /** Takes them back; none being there is fine. Resolves to warnings. */
  unsetDns(tunnel: DnsTunnel, manager: ActiveDnsManager): Promise<string[]>;
  /** Takes back those of tunnels that ended without `down`; returns what to say of it. */
  repairDns(tunnel: DnsTunnel): string[];

  // Addresses of peers
  /**
   * Looks up an endpoint: all of its addresses, at least one. Rejects with `signal`'s reason when that is
   * aborted. Needs nothing that may be behind the tunnel `running`.
   */
  resolve(
    endpoint: ConfigEndpoint,
    signal: AbortSignal,
    running?: RunningResolver,
  ): Promise<readonly UapiEndpoint[]>;
  /**
   * The MTU, in bytes, that fits the routes to `endpoints`; of the tunnel `own`, if it is up, what it sends
   * counts, and not where its own routes lead.
   */
  discoverMtu(endpoints: Iterable<UapiEndpoint>, own?: RunningLink): number;

  // Processes and time
  /**
   * Runs a command of the config of interface `name` in a shell. Resolves to its exit code, 128 + N
   * when signal N ended it.
   */
  runHook(name: string, command: string, signal: AbortSignal): Promise<number>;
  sleep(milliseconds: number): Promise<void>;
  /** Milliseconds since 1970-01-01 UTC. */
  wallClock(): number;
}

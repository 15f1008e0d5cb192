/**
 * What `up` does to the system and how each of it is undone: plain data, so that a journal can keep it
 * and a test can compare it.
 *
 * @module
 */
import type { ActiveDnsManager, DnsManager } from "../dns/manager.ts";
import type { DnsSettings } from "../dns/settings.ts";
import type { IpFamily } from "../ip.ts";

/** The four moments at which a config may run commands. */
export type HookMoment = "PreUp" | "PostUp" | "PreDown" | "PostDown";

/** A policy rule that steers traffic into the tunnel of a default route. */
export type RoutingRule =
  /** Whatever the tunnel itself didn't send (it marks its datagrams with `fwmark`) looks up `table`. */
  | { readonly match: "not-fwmark"; readonly fwmark: number; readonly table: number }
  /** Routes of the main table win, but its default route doesn't count. */
  | { readonly match: "suppress-default" }
  /** What is marked with `fwmark` goes by the main table: keeps the tunnel's datagrams out of it. */
  | { readonly match: "fwmark"; readonly fwmark: number };

/** Who serves an interface: the kernel's WireGuard, or an engine of wgts on a TUN. */
export type Backend = "kernel" | "userspace";

/** One change of the system. No action holds a secret: `configure` names the file that does. */
export type Action =
  /** Creates the interface, and starts the engine that serves it, if it is to be one. */
  | { readonly kind: "create-interface"; readonly backend: Backend }
  | { readonly kind: "hook"; readonly moment: HookMoment; readonly command: string }
  /** Looks up the peers' endpoints; changes nothing. */
  | { readonly kind: "resolve-endpoints" }
  /** Gives the interface keys and peers, from the config file at path `config`. */
  | { readonly kind: "configure"; readonly config: string }
  | { readonly kind: "add-address"; readonly family: IpFamily; readonly prefix: string }
  /** Sets the MTU, in bytes (null: found from the routes to the endpoints), and the link up. */
  | { readonly kind: "link-up"; readonly mtu: number | null }
  /** Has names be asked of the tunnel's servers. */
  | { readonly kind: "set-dns"; readonly manager: DnsManager; readonly settings: DnsSettings }
  /** Adds a route through the interface. `table` is null for the main table. */
  | {
    readonly kind: "add-route";
    readonly family: IpFamily;
    readonly prefix: string;
    readonly table: number | null;
  }
  /** As `add-route`, also beside another one of the same destination, which the kernel made. */
  | {
    readonly kind: "append-route";
    readonly family: IpFamily;
    readonly prefix: string;
    readonly table: number | null;
  }
  | {
    readonly kind: "delete-route";
    readonly family: IpFamily;
    readonly prefix: string;
    readonly table: number | null;
  }
  /** Leaves the interface's other addresses. */
  | { readonly kind: "delete-address"; readonly family: IpFamily; readonly prefix: string }
  | { readonly kind: "set-listen-port"; readonly port: number }
  /** Gives the running interface what it lacks of the keys, peers and allowed IPs of the config. */
  | { readonly kind: "extend-interface" }
  /** Takes from the running interface the peers and allowed IPs that the config doesn't have. */
  | { readonly kind: "reduce-interface" }
  /** Marks what the interface sends. */
  | { readonly kind: "set-fwmark"; readonly fwmark: number }
  /** Has reverse-path filtering take marks into account: net.ipv4.conf.all.src_valid_mark=1. */
  | { readonly kind: "set-src-valid-mark" }
  /** `priority` is null for the one that comes before all rules but the local table's. */
  | {
    readonly kind: "add-rule";
    readonly family: IpFamily;
    readonly rule: RoutingRule;
    readonly priority: number | null;
  }
  /** Adds the default route of last resort to `table`, which answers "unreachable". */
  | { readonly kind: "add-unreachable"; readonly family: IpFamily; readonly table: number }
  /** Has what goes to `prefix` look further than `table`, for a route outside of the tunnel. */
  | {
    readonly kind: "add-throw";
    readonly family: IpFamily;
    readonly prefix: string;
    readonly table: number;
  }
  /** Keeps others from reaching the interface's addresses from outside, and marks answers to the tunnel. */
  | {
    readonly kind: "add-firewall";
    readonly family: IpFamily;
    readonly fwmark: number;
    /** What makes the rules: nf_tables, when absent. */
    readonly by?: "iptables";
  };

/** How an {@linkcode Action} is taken back. Each touches only what the action made, and may be repeated. */
export type Undo =
  | { readonly kind: "delete-interface" }
  | {
    readonly kind: "delete-rule";
    readonly family: IpFamily;
    readonly rule: RoutingRule;
    readonly priority: number | null;
  }
  | { readonly kind: "unset-dns"; readonly manager: ActiveDnsManager }
  | { readonly kind: "delete-unreachable"; readonly family: IpFamily; readonly table: number }
  | {
    readonly kind: "delete-throw";
    readonly family: IpFamily;
    readonly prefix: string;
    readonly table: number;
  }
  | { readonly kind: "delete-firewall"; readonly family: IpFamily; readonly by?: "iptables" }
  | { readonly kind: "restore-src-valid-mark" };

/** Metric of the unreachable route: the least preferred there is. */
export const UNREACHABLE_METRIC: number = 0xffffffff;

/**
 * How `action` is undone. Null when nothing remains to be done: it changed nothing, or what it
 * changed goes away with the interface.
 */
export function undoOf(action: Action): Undo | null {
  switch (action.kind) {
    case "create-interface":
      return { kind: "delete-interface" };
    case "add-rule":
      return {
        kind: "delete-rule",
        family: action.family,
        rule: action.rule,
        priority: action.priority,
      };
    case "add-unreachable":
      return { kind: "delete-unreachable", family: action.family, table: action.table };
    case "add-throw": {
      const { family, prefix, table } = action;
      return { kind: "delete-throw", family, prefix, table };
    }
    case "add-firewall":
      return {
        kind: "delete-firewall",
        family: action.family,
        ...(action.by === undefined ? {} : { by: action.by }),
      };
    case "set-src-valid-mark":
      return { kind: "restore-src-valid-mark" };
    case "set-dns": {
      const { manager } = action;
      return manager.kind === "none" ? null : { kind: "unset-dns", manager };
    }
    case "hook":
    case "resolve-endpoints":
    case "configure":
    case "add-address":
    case "link-up":
    case "add-route":
    case "append-route":
    case "delete-route":
    case "delete-address":
    case "set-listen-port":
    case "extend-interface":
    case "reduce-interface":
    case "set-fwmark":
      return null;
  }
}

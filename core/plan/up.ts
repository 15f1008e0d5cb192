/**
 * From a config and the state of the system to the ordered changes that bring the tunnel up.
 *
 * @module
 */
import { ConfigError } from "../config/error.ts";
import type { QuickConfig, RoutingTable } from "../config/types.ts";
import { quote } from "../hidden_keys.ts";
import type { DnsManager } from "../dns/manager.ts";
import { dnsSettings } from "../dns/settings.ts";
import type { IpFamily, IpPrefix } from "../ip.ts";
import {
  type Action,
  type Backend,
  type HookMoment,
  type RoutingRule,
  type Undo,
  undoOf,
} from "./action.ts";
import { connectedRoutes, destinations, exceptions, freeTable, routedIps } from "./routes.ts";

/** What of the system's state matters to a plan. */
export interface Observed {
  /** Who is to serve the interface. */
  readonly backend: Backend;
  /** The names of rt_tables. */
  readonly tableNames: ReadonlyMap<string, number>;
  /** Whether a table holds a route, or another tunnel has taken it. */
  readonly isTableUsed: (table: number) => boolean;
  /** Whether somebody else set net.ipv4.conf.all.src_valid_mark, so that it is none of our business. */
  readonly srcValidMark: boolean;
  /** Who manages the system's resolver; asked only when the config has DNS servers. */
  readonly dnsManager: () => DnsManager;
  /** Whether the UDP sockets are in another network namespace than the interface. */
  readonly socketsElsewhere: boolean;
}

/** Failures that the tunnel can live with. */
export interface Tolerance {
  /** Names of the errors (errno) that are tolerated; null for any. */
  readonly errors: readonly string[] | null;
  /** What goes without it, for the warning. */
  readonly consequence: string;
}

/** One step of a plan. */
export interface Step {
  readonly action: Action;
  /** See {@linkcode undoOf}. */
  readonly undo: Undo | null;
  /** Null when its failure is the failure of the plan. */
  readonly tolerance: Tolerance | null;
}

/** What ip(8) meets where IPv6 is switched off by sysctl, by the kernel's command line or at build time. */
const NO_IPV6: Tolerance = {
  errors: ["EACCES", "EAFNOSUPPORT", "EOPNOTSUPP", "EPROTONOSUPPORT"],
  consequence: "IPv6 is switched off on this system, so the tunnel goes without IPv6",
};

/** The smallest MTU that IPv6 works with (RFC 8200 section 5), in bytes: Linux has none on such a link. */
const IPV6_MIN_MTU = 1280;

const MTU_TOO_SMALL: Tolerance = {
  errors: ["EINVAL", "ENODEV"],
  consequence: `IPv6 needs an MTU of ${IPV6_MIN_MTU} bytes, so the tunnel goes without IPv6`,
};

const NO_SRC_VALID_MARK: Tolerance = {
  errors: null,
  consequence:
    "where reverse-path filtering is strict (net.ipv4.conf.*.rp_filter=1), replies to the " +
    "tunnel's own datagrams are dropped; set net.ipv4.conf.all.src_valid_mark=1 from outside " +
    "(docker run --sysctl net.ipv4.conf.all.src_valid_mark=1)",
};

const NO_DNS: Tolerance = {
  errors: null,
  consequence: "names are looked up as before, not by the tunnel's DNS servers",
};

/** What the kernel answers that lacks nf_tables or what the rules need of it. */
const NO_FIREWALL: Tolerance = {
  errors: ["EAFNOSUPPORT", "ENOENT", "EOPNOTSUPP", "EPROTONOSUPPORT"],
  consequence:
    "neighbours on the networks at hand can send packets to the tunnel's addresses, and where " +
    "reverse-path filtering is strict (net.ipv4.conf.*.rp_filter=1), replies to the tunnel's own " +
    "datagrams are dropped",
};

/**
 * The steps of `up`, in wg-quick(8)'s order: the interface, PreUp, keys and peers, addresses, MTU and
 * link, DNS, routes, PostUp.
 *
 * @param configPath where `config` was read from
 * @throws ConfigError when the config names a routing table that there isn't
 */
export function planUp(config: QuickConfig, configPath: string, observed: Observed): Step[] {
  const { addresses, mtu, preUp, postUp } = config.interface;
  const settings = dnsSettings(config.interface.dns);
  const resolve: Action = { kind: "resolve-endpoints" };
  const actions: Action[] = [
    // A name that can't be resolved changes nothing then; but a PreUp may be what makes names resolve.
    ...(preUp.length === 0 ? [resolve] : []),
    { kind: "create-interface", backend: observed.backend },
    ...hooks("PreUp", preUp),
    ...(preUp.length === 0 ? [] : [resolve]),
    { kind: "configure", config: configPath },
    ...addresses.map((prefix): Action => ({
      kind: "add-address",
      family: prefix.family,
      prefix: prefix.toString(),
    })),
    { kind: "link-up", mtu: mtu ?? null },
    ...(settings === null
      ? []
      : [{ kind: "set-dns", manager: observed.dnsManager(), settings } as const]),
    ...planRoutes(config, configPath, observed),
    ...hooks("PostUp", postUp),
  ];
  return actions.map(toStep);
}

/** The step that does `action`. */
export function toStep(action: Action): Step {
  return { action, undo: undoOf(action), tolerance: tolerance(action) };
}

/** The table that a default route takes for itself; null when there is none. */
export function tunnelTable(steps: readonly Step[]): number | null {
  for (const { action } of steps) if (action.kind === "add-unreachable") return action.table;
  return null;
}

/** The steps that run the commands of `moment`. */
export function planHooks(moment: HookMoment, commands: readonly string[]): Step[] {
  return hooks(moment, commands).map((action) => ({ action, undo: null, tolerance: null }));
}

function hooks(moment: HookMoment, commands: readonly string[]): Action[] {
  return commands.map((command) => ({ kind: "hook", moment, command }));
}

function planRoutes(config: QuickConfig, configPath: string, observed: Observed): Action[] {
  const { table, addresses, fwmark } = config.interface;
  if (table === "off") return [];
  if (table !== "auto") {
    const prefixes = destinations(config.peers.flatMap((peer) => peer.allowedIps));
    const number = typeof table === "number" ? table : observed.tableNames.get(table.name);
    if (number === undefined) throw unknownTable(table, configPath);
    return prefixes.map((prefix) => route(prefix, number));
  }
  const prefixes = destinations(config.peers.flatMap(routedIps));
  const connected = connectedRoutes(addresses);
  const specific = prefixes.filter((prefix) =>
    prefix.length > 0 && !connected.some((covering) => covering.contains(prefix))
  );
  const defaults = prefixes.filter((prefix) => prefix.length === 0);
  return [
    ...specific.map((prefix) => route(prefix, null)),
    ...planDefaultRoutes(config, defaults, fwmark ?? 0, observed),
  ];
}

function unknownTable(table: RoutingTable, file: string): ConfigError {
  const { name, line } = typeof table === "object" ? table : { name: String(table), line: 0 };
  const problem = `cannot parse Table ${quote(name)}: ` +
    "must be auto, off, a number or a name of /etc/iproute2/rt_tables";
  return new ConfigError({ file, line, key: "Table" }, problem);
}

/**
 * Default routes live in a table of their own, whose number is the mark of the tunnel's datagrams too.
 *
 * No packet leaks on the way: the rules lead to an unreachable route, which stops what the tunnel
 * doesn't carry yet. Were they there before it, a socket of IPv6 that sends meanwhile would remember
 * its way beside the tunnel for good, since only new rules, not new routes of another table, make it
 * look again. That route stays, of lowest preference, for when the interface is gone. The rule that
 * lets the main table's specific routes win is added last, so that it comes first. What exclusions
 * leave to no peer goes on to the main table, with and without an interface, and nothing else does. The
 * firewall rules come behind the route, as wg-quick(8) has them.
 */
function planDefaultRoutes(
  { peers }: QuickConfig,
  prefixes: readonly IpPrefix[],
  fwmark: number,
  observed: Observed,
): Action[] {
  if (prefixes.length === 0) return [];
  const table = fwmark !== 0 ? fwmark : freeTable(observed.isTableUsed);
  // The tunnel's own datagrams don't come by where its sockets are elsewhere, and there a mark might mean
  // something else.
  const marks = fwmark === 0 && !observed.socketsElsewhere;
  const actions: Action[] = marks ? [{ kind: "set-fwmark", fwmark: table }] : [];
  for (const prefix of prefixes) {
    const { family } = prefix;
    if (family === 4 && !observed.srcValidMark && !observed.socketsElsewhere) {
      actions.push({ kind: "set-src-valid-mark" });
    }
    actions.push(
      ...exceptions(peers, family).map((prefix) => throwRoute(prefix, table)),
      { kind: "add-unreachable", family, table },
      addRule(family, { match: "not-fwmark", fwmark: table, table }),
      addRule(family, { match: "suppress-default" }),
      route(prefix, table),
      { kind: "add-firewall", family, fwmark: table },
    );
  }
  return actions;
}

function route(prefix: IpPrefix, table: number | null): Action {
  return { kind: "add-route", family: prefix.family, prefix: prefix.toString(), table };
}

function throwRoute(prefix: IpPrefix, table: number): Action {
  return { kind: "add-throw", family: prefix.family, prefix: prefix.toString(), table };
}

function addRule(family: IpFamily, rule: RoutingRule): Action {
  return { kind: "add-rule", family, rule, priority: null };
}

function tolerance(action: Action): Tolerance | null {
  if (action.kind === "set-src-valid-mark") return NO_SRC_VALID_MARK;
  if (action.kind === "add-firewall") return NO_FIREWALL;
  if (action.kind === "set-dns") return NO_DNS;
  return isForIpv6(action) ? NO_IPV6 : null;
}

function isForIpv6(action: Action): boolean {
  return "family" in action && action.family === 6;
}

/**
 * What to do in place of `step`, which failed with the error called `code`: iptables makes the rules where
 * the kernel's nf_tables can't. Null when there is nothing else.
 */
export function fallbackOf({ action, tolerance }: Step, code: string): Step | null {
  const isForIptables = action.kind === "add-firewall" && action.by === undefined &&
    tolerance?.errors?.includes(code) === true;
  if (!isForIptables) return null;
  const instead: Action = { ...action, by: "iptables" };
  return { action: instead, undo: undoOf(instead), tolerance: { ...tolerance, errors: null } };
}

/**
 * What it means for the tunnel that `step` failed with the error called `code`.
 *
 * @param mtu that the interface has, in bytes
 * @returns null when the tunnel can't do without that step
 */
export function toleratedConsequence(step: Step, code: string, mtu: number): string | null {
  const tolerances = [step.tolerance];
  if (isForIpv6(step.action) && mtu < IPV6_MIN_MTU) tolerances.push(MTU_TOO_SMALL);
  for (const tolerance of tolerances) {
    const isTolerated = tolerance?.errors === null || tolerance?.errors.includes(code);
    if (tolerance !== null && isTolerated) return tolerance.consequence;
  }
  return null;
}

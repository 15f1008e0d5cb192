/**
 * The order of a reload: what comes is made before what it replaces goes, so that no packet of what
 * stays is lost, and none leaks past a default route that stays.
 *
 * @module
 */
import { type IpFamily, IpPrefix } from "../ip.ts";
import { type Action, type RoutingRule, undoOf } from "./action.ts";
import { type Made, routeKey, routeOfKey, type TunnelRoute } from "./made.ts";
import { connectedRoutes } from "./routes.ts";
import { type Step, toStep } from "./up.ts";

/** A change that a journal tells of and that still stands, or may. */
export interface StandingChange {
  readonly kind: "standing";
  /** The journal's number of it. */
  readonly id: number;
  readonly action: Action;
  /** Whether it was made for certain: what was cut off meanwhile may have been made or not. */
  readonly isCertain: boolean;
}

/** A running tunnel. */
export interface RunningTunnel {
  readonly made: Made;
  /** What stands, in the order in which it was made. */
  readonly changes: readonly StandingChange[];
  /** All addresses of the interface. */
  readonly addresses: readonly string[];
  /** All routes through it. */
  readonly routes: readonly (TunnelRoute & { readonly isKernels: boolean })[];
  /** Bytes. */
  readonly mtu: number;
  readonly isUp: boolean;
  readonly fwmark: number;
  readonly listenPort: number;
  /** Whether it lacks keys, peers or allowed IPs that the config has. */
  readonly lacks: boolean;
  /** Whether it has peers or allowed IPs that the config doesn't have. */
  readonly exceeds: boolean;
}

/** Makes something. */
export interface MakeStep {
  readonly kind: "make";
  readonly step: Step;
  /** What it takes the place of. */
  readonly replaces: StandingChange | MakeStep | null;
  /** Takes it back, where the step has no undo; null where nothing can. */
  readonly inverse: Action | null;
}

/** One step of a reload. */
export type ReloadStep =
  | MakeStep
  /** Undoes what stands, or what an earlier step made. */
  | { readonly kind: "unmake"; readonly change: StandingChange | MakeStep };

/** What the interface itself is to have. */
export interface LinkSettings {
  readonly fwmark: number;
  /** 0 for whichever it has. */
  readonly listenPort: number;
  /** Bytes. */
  readonly mtu: number;
}

/** What of the standing changes isn't simply undone where it isn't wanted. */
const SEEN_TO: readonly Action["kind"][] = ["create-interface", "add-rule", "set-dns"];

type ActionOf<K extends Action["kind"]> = Action & { readonly kind: K };

/** Collects the steps of one reload. */
export class ReloadPlanner {
  readonly #running: RunningTunnel;
  readonly #settings: LinkSettings;
  readonly #steps: ReloadStep[] = [];
  readonly #wanted: readonly Action[];
  /** Addresses that are to come, and to go. */
  readonly #coming: readonly ActionOf<"add-address">[];
  readonly #going: readonly string[];
  /** The routes that the kernel has for those that are to go. */
  readonly #leaving: ReadonlySet<string>;
  readonly #deleted = new Set<string>();
  /** The interface's routes by their names: of the same one, there may be the kernel's and ours. */
  readonly #present: ReadonlyMap<string, readonly RunningTunnel["routes"][number][]>;
  /** What stands and stays, or was seen to. */
  readonly #settled = new Set<StandingChange>();
  /** The families whose rules stay. */
  readonly #ruled = new Set<IpFamily>();

  /** @param wanted what `up` would do */
  constructor(running: RunningTunnel, wanted: readonly Step[], settings: LinkSettings) {
    this.#running = running;
    this.#settings = settings;
    this.#wanted = wanted.map(({ action }) => action);
    const addresses = this.#wanted.filter((action) => action.kind === "add-address");
    const present = new Set(running.addresses);
    const stays = new Set(addresses.map(({ prefix }) => prefix));
    this.#coming = addresses.filter(({ prefix }) => !present.has(prefix));
    this.#going = running.made.addresses.filter((text) => present.has(text) && !stays.has(text));
    const leaving = connectedRoutes(this.#going.flatMap((text) => IpPrefix.parse(text) ?? []));
    this.#leaving = new Set(leaving.map(String));
    this.#present = Map.groupBy(running.routes, routeKey);
  }

  /** The steps, in order. */
  plan(): ReloadStep[] {
    const running = this.#running;
    this.#changeLink();
    if (running.lacks) this.#make({ kind: "extend-interface" });
    this.#addAddresses();
    this.#keepRules();
    const bridges = this.#changeFwmark();
    this.#makeWanted();
    this.#exchangeAddresses();
    // Names are looked up as before while the tunnel still carries what is asked.
    this.#unmakeAll("set-dns");
    this.#unmakeRules("not-fwmark");
    this.#unmakeRules("suppress-default");
    this.#deleteRoutes();
    this.#unmakeOthers();
    this.#deleteAddresses();
    if (this.#settings.fwmark === 0 && running.fwmark !== 0) this.#setFwmark();
    for (const change of bridges) this.#steps.push({ kind: "unmake", change });
    this.#unmakeRules("fwmark");
    if (running.exceeds) this.#make({ kind: "reduce-interface" });
    return this.#steps;
  }

  /** First what is most likely to be refused: a port that others use. */
  #changeLink(): void {
    const { mtu: mtuNow, isUp, listenPort } = this.#running;
    const { mtu, listenPort: port } = this.#settings;
    if (port !== 0 && port !== listenPort) {
      this.#make({ kind: "set-listen-port", port }, { kind: "set-listen-port", port: listenPort });
    }
    if (mtu === mtuNow && isUp) return;
    this.#make({ kind: "link-up", mtu }, { kind: "link-up", mtu: mtuNow });
  }

  #addAddresses(): void {
    for (const address of this.#coming) {
      if (this.#inTheWayOf(address).length === 0) this.#addAddress(address);
    }
  }

  /** When all routes stand: for a moment, the interface has neither the old address nor the new one. */
  #exchangeAddresses(): void {
    for (const address of this.#coming) {
      const others = this.#inTheWayOf(address);
      for (const other of others) this.#deleteAddress(other);
      if (others.length > 0) this.#addAddress(address);
    }
  }

  /** IPv6 doesn't let an interface have an address twice, whatever the lengths of the prefixes. */
  #inTheWayOf({ family, prefix }: ActionOf<"add-address">): string[] {
    const [address] = prefix.split("/");
    return family === 4 ? [] : this.#going.filter((other) => other.split("/")[0] === address);
  }

  #addAddress(address: ActionOf<"add-address">): void {
    this.#make(address, { ...address, kind: "delete-address" });
  }

  /** A family's two rules count only together, and in their order. */
  #keepRules(): void {
    const standing = this.#running.changes.filter(({ action }) => action.kind === "add-rule");
    for (const action of this.#wanted) {
      if (action.kind !== "add-rule" || action.rule.match !== "not-fwmark") continue;
      const ofFamily = standing.filter((change) => familyOf(change) === action.family);
      const steering = ofFamily.find((change) => isEqual(ruleOf(change), action.rule));
      const suppressing = ofFamily.find((change) =>
        ruleOf(change)?.match === "suppress-default" && steering !== undefined &&
        priorityOf(change) < priorityOf(steering)
      );
      if (steering === undefined || suppressing === undefined) continue;
      this.#ruled.add(action.family);
      this.#settled.add(steering).add(suppressing);
    }
  }

  /**
   * Sets the mark. While rules steer by the former one, what has the new one would be led into the
   * tunnel that it comes from: a rule of its own takes it past them.
   *
   * @returns the steps that made those
   */
  #changeFwmark(): MakeStep[] {
    const { fwmark } = this.#settings;
    if (fwmark === 0 || fwmark === this.#running.fwmark) return [];
    const families = new Set<IpFamily>();
    for (const { action } of this.#running.changes) {
      if (action.kind !== "add-rule" || action.rule.match !== "not-fwmark") continue;
      if (action.rule.fwmark !== fwmark) families.add(action.family);
    }
    const rule: RoutingRule = { match: "fwmark", fwmark };
    const bridges = [...families].map((family) =>
      this.#make({ kind: "add-rule", family, rule, priority: null })
    );
    this.#setFwmark();
    return bridges;
  }

  #setFwmark(): void {
    const inverse: Action = { kind: "set-fwmark", fwmark: this.#running.fwmark };
    this.#make({ kind: "set-fwmark", fwmark: this.#settings.fwmark }, inverse);
  }

  /**
   * In the order of `up`, but the default route of a running tunnel comes first, then the one that refuses
   * what it doesn't take, and then the rules that lead there: what they lead to an empty table would leak.
   */
  #makeWanted(): void {
    let held: Action[] = [];
    for (const action of this.#wanted) {
      if (action.kind === "add-unreachable" || action.kind === "add-rule") {
        held.push(action);
        continue;
      }
      this.#makeMissing(action);
      if (action.kind !== "add-route") continue;
      for (const each of held) this.#makeMissing(each);
      held = [];
    }
  }

  #makeMissing(action: Action): void {
    if (action.kind === "create-interface") return;
    if (action.kind === "add-route") return this.#addRoute(action);
    if (action.kind === "add-firewall") return this.#makeFirewall(action);
    if (action.kind === "set-dns") return this.#setDns(action);
    if (undoOf(action) === null) return;
    if (action.kind === "add-rule" && this.#ruled.has(action.family)) return;
    const standing = this.#running.changes.find((change) => isEqual(change.action, action));
    if (standing?.isCertain === true) return void this.#settled.add(standing);
    if (standing !== undefined) this.#unmake(standing);
    this.#make(action);
  }

  /** Other settings take the place of those that stand. */
  #setDns(action: ActionOf<"set-dns">): void {
    const standing = this.#running.changes.findLast((change) => change.action.kind === "set-dns");
    if (standing !== undefined) this.#settled.add(standing);
    const isCurrent = this.#unmakeOlder(standing) && standing?.isCertain === true &&
      isEqual(standing.action, action);
    if (!isCurrent) this.#make(action, null, standing ?? null);
  }

  #addRoute(route: ActionOf<"add-route">): void {
    const there = this.#present.get(routeKey(route)) ?? [];
    const isLeaving = this.#leaving.has(route.prefix);
    if (there.some(({ isKernels }) => !isKernels || !isLeaving)) return;
    // Beside the route of an address that is about to go. IPv6 tells the two apart by their metrics.
    const kind = there.length > 0 && route.family === 4 ? "append-route" : "add-route";
    this.#make({ ...route, kind }, { ...route, kind: "delete-route" });
  }

  /** The firewall names the interface's addresses: those that come are there by now. */
  #makeFirewall(action: ActionOf<"add-firewall">): void {
    const { family, fwmark } = action;
    const standing = this.#firewallOf(family);
    // Unmaking one of several leaves none.
    const isCurrent = this.#unmakeOlder(standing) && standing?.action.kind === "add-firewall" &&
      standing.action.fwmark === fwmark && this.#running.made.complete &&
      !this.#coming.some((address) => address.family === family);
    if (standing !== undefined) this.#settled.add(standing);
    if (!isCurrent) this.#replaceFirewall(action, standing);
  }

  /** The rules of nf_tables are exchanged at once; those of iptables can't be. */
  #replaceFirewall(action: Action, former: StandingChange | MakeStep | undefined): void {
    const isByIptables = this.#running.changes.some((change) =>
      change.action.kind === "add-firewall" && change.action.by === "iptables"
    );
    if (!isByIptables || former === undefined) return void this.#make(action, null, former ?? null);
    this.#steps.push({ kind: "unmake", change: former });
    this.#make(action);
  }

  #firewallOf(family: IpFamily): StandingChange | undefined {
    return this.#running.changes.findLast((change) =>
      change.action.kind === "add-firewall" && familyOf(change) === family
    );
  }

  /**
   * Unmakes what `standing` took the place of, if a reload was cut off before it could say so. Returns
   * whether there was nothing of that kind.
   */
  #unmakeOlder(standing: StandingChange | undefined): boolean {
    if (standing === undefined) return true;
    const older = this.#running.changes.filter((change) =>
      change !== standing && change.action.kind === standing.action.kind &&
      familyOf(change) === familyOf(standing)
    );
    for (const change of older) this.#unmake(change);
    return older.length === 0;
  }

  #unmakeAll(kind: Action["kind"]): void {
    for (const change of this.#running.changes) {
      if (change.action.kind === kind) this.#unmake(change);
    }
  }

  #unmakeRules(match: RoutingRule["match"]): void {
    for (const change of this.#running.changes) {
      if (ruleOf(change)?.match === match) this.#unmake(change);
    }
  }

  #deleteRoutes(): void {
    const stays = new Set(this.#wantedRoutes().map(routeKey));
    const ours = this.#running.routes.filter(({ isKernels }) => !isKernels);
    const present = new Set(ours.map(routeKey));
    for (const key of this.#running.made.routes) {
      if (stays.has(key) || !present.has(key)) continue;
      const route = routeOfKey(key);
      this.#make({ ...route, kind: "delete-route" }, { ...route, kind: "add-route" });
    }
  }

  #unmakeOthers(): void {
    for (const change of this.#running.changes.toReversed()) {
      const { kind } = change.action;
      if (!SEEN_TO.includes(kind)) this.#unmake(change);
    }
  }

  #deleteAddresses(): void {
    for (const prefix of this.#going) {
      if (!this.#deleted.has(prefix)) this.#deleteAddress(prefix);
    }
    const families = new Set(this.#going.map(familyOfPrefix));
    if (families.has(4)) this.#restoreRoutes();
    for (const action of this.#wanted) {
      if (action.kind !== "add-firewall" || !families.has(action.family)) continue;
      const earlier = this.#steps.findLast((step) =>
        step.kind === "make" && isEqual(step.step.action, action)
      );
      const former = earlier?.kind === "make" ? earlier : this.#firewallOf(action.family);
      this.#replaceFirewall(action, former);
    }
  }

  /** With the last IPv4 address of an interface, Linux deletes all its IPv4 routes. */
  #restoreRoutes(): void {
    const going = new Set(this.#going);
    const addresses = [...this.#running.addresses, ...this.#coming.map(({ prefix }) => prefix)];
    const remains = addresses.some((text) => familyOfPrefix(text) === 4 && !going.has(text));
    if (remains) return;
    for (const route of this.#wantedRoutes()) if (route.family === 4) this.#make(route);
  }

  #deleteAddress(prefix: string): void {
    const family = familyOfPrefix(prefix);
    this.#deleted.add(prefix);
    this.#make({ kind: "delete-address", family, prefix }, { kind: "add-address", family, prefix });
  }

  #wantedRoutes(): ActionOf<"add-route">[] {
    return this.#wanted.filter((action) => action.kind === "add-route");
  }

  #make(
    action: Action,
    inverse: Action | null = null,
    replaces: StandingChange | MakeStep | null = null,
  ): MakeStep {
    const step: MakeStep = { kind: "make", step: toStep(action), replaces, inverse };
    this.#steps.push(step);
    return step;
  }

  #unmake(change: StandingChange): void {
    if (this.#settled.has(change)) return;
    this.#settled.add(change);
    this.#steps.push({ kind: "unmake", change });
  }
}

function ruleOf({ action }: StandingChange): RoutingRule | null {
  return action.kind === "add-rule" ? action.rule : null;
}

function priorityOf({ action }: StandingChange): number {
  return action.kind === "add-rule" ? action.priority ?? 0 : 0;
}

function familyOf({ action }: StandingChange): IpFamily | null {
  return "family" in action ? action.family : null;
}

function familyOfPrefix(text: string): IpFamily {
  return text.includes(":") ? 6 : 4;
}

/** Of plain data whose members are written in the same order. */
function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

import { changeTo } from "../../../core/config/change.ts";
import type { QuickConfig } from "../../../core/config/types.ts";
import type { InterfaceChange } from "../../../core/interface_change.ts";
import type { InterfaceState } from "../../../core/interface_state.ts";
import { IpAddress, type IpFamily, IpPrefix } from "../../../core/ip.ts";
import type {
  ActiveDnsManager,
  Backend,
  DnsManager,
  DnsSettings,
  RoutingRule,
} from "../../../core/plan.ts";
import type { UapiEndpoint } from "../../../core/uapi/command.ts";
import type { DnsTunnel } from "../../../cli/system/dns/system_dns.ts";
import type {
  LinkDetails,
  LinkState,
  ProcessIdentity,
  ResolvedEndpoints,
  RunningLink,
  RunningResolver,
  SocketState,
  System,
} from "../../../cli/system/system.ts";
import { AttendantModel } from "./attendant_model.ts";
import { addressOfHost, changeModel, emptyInterface, stateOf } from "./interface_model.ts";
import {
  emptyState,
  type ModelRoute,
  modelRoute,
  type ModelState,
  removeFirst,
} from "./model_state.ts";

/** What a test may want to go wrong, by operation. */
export type Fault = (operation: string) => Error | null;

/** An error with a code, as the kernel's are. */
export function failure(code: string): Error {
  return Object.assign(new Error(`Cannot do that: ${code}`), { code });
}

/** A kernel and its processes, as far as `up` and `down` see them, in memory. */
export class ModelSystem implements System {
  /** Called with the name of each operation, before and after it. */
  observer: (operation: string) => void = () => {};
  fault: Fault = () => null;
  /** Commands that ran. */
  readonly hooks: string[] = [];
  /** Names that were looked up, and past what. */
  readonly lookups: { host: string; past: RunningResolver | undefined }[] = [];
  /** The marks of packets whose MTU was looked for. */
  readonly marks: number[] = [];
  /** Exit codes of commands; 0 for others. */
  readonly exitCodes: Record<string, number> = {};
  /** Engines that don't end when their interface goes, until this signal. */
  stubborn: "SIGTERM" | "SIGKILL" | null = null;
  /** Who manages the resolver. */
  manager: DnsManager = { kind: "file", path: "/etc/resolv.conf", reason: "nobody else does" };
  /** Why what other tunnels left of resolv.conf can't be taken back. */
  repairTrouble: Error | null = null;
  /** What setting DNS warns of. */
  dnsNotes: string[] = [];
  /** The time of day, in milliseconds since 1970-01-01 UTC. */
  wall = Date.UTC(2026, 1, 23);
  /** Milliseconds that were slept. */
  slept = 0;
  /** What `discoverMtu` finds. */
  discoveredMtu = 1420;
  readonly attendants = new AttendantModel();
  #sessions = 0;

  constructor(readonly state: ModelState = emptyState()) {}

  /** The state of things that outlive processes and names: what must be as before in the end. */
  get leftovers(): Omit<ModelState, "nextIndex" | "nextPid"> {
    const { nextIndex: _, nextPid: __, ...rest } = structuredClone(this.state);
    return rest;
  }

  /** What happens to the rest when the engine of `name` is gone. */
  killEngine(name: string): void {
    const { state } = this;
    const link = state.links[name];
    delete state.engines[name];
    if (state.sockets[name] === "live") state.sockets[name] = "dead";
    if (link !== undefined) this.#removeLink(name, link);
  }

  link(name: string): LinkState | null {
    return this.state.links[name] ?? null;
  }

  deleteLink(index: number): void {
    this.#do("deleteLink", () => {
      for (const [name, link] of Object.entries(this.state.links)) {
        if (link.index !== index) continue;
        this.#removeLink(name, link);
        if (this.stubborn === null && name in this.state.engines) this.#endEngine(name);
      }
    });
  }

  addAddress(index: number, prefix: string): void {
    this.#do("addAddress", () => {
      const { addresses } = this.#linkOf(index);
      const isV6 = prefix.includes(":");
      const isSame = (other: string) =>
        isV6 ? other.split("/")[0] === prefix.split("/")[0] : other === prefix;
      if (addresses.some(isSame)) throw failure("EEXIST");
      addresses.push(prefix);
      this.#connect(index);
    });
  }

  deleteAddress(index: number, prefix: string): void {
    this.#do("deleteAddress", () => {
      const link = this.#linkOf(index);
      link.addresses = link.addresses.filter((other) => other !== prefix);
      this.#connect(index);
      if (prefix.includes(":") || link.addresses.some((other) => !other.includes(":"))) return;
      this.state.routes = this.state.routes.filter((r) => r.index !== index || r.family === 6);
    });
  }

  inspectLink(index: number): LinkDetails {
    const { mtu, up, addresses } = this.#linkOf(index);
    const routes = this.state.routes.filter((route) => route.index === index)
      .map(({ family, prefix, table, isKernels }) => {
        return { family, prefix, table, isKernels: isKernels === true };
      });
    return { mtu, isUp: up, addresses: [...addresses], routes };
  }

  linkUp(index: number, mtu: number): void {
    this.#do("linkUp", () => Object.assign(this.#linkOf(index), { mtu, up: true }));
  }

  createKernelInterface(name: string): number {
    const index = this.state.nextIndex++;
    this.#do("createKernelInterface", () => {
      if (name in this.state.links) throw failure("EEXIST");
      this.state.links[name] = { index, kind: "wireguard", addresses: [], mtu: 1420, up: false };
    });
    return index;
  }

  isPristine(name: string): boolean {
    return this.state.links[name]?.up === false && !(name in this.state.kernelKeys);
  }

  awaitEngine(name: string): void {
    this.#do("awaitEngine", () => void this.#engine(name));
  }

  startEngine(name: string): Promise<number> {
    const pid = this.state.nextPid++;
    this.#do("openTun", () => {
      const index = this.state.nextIndex++;
      this.state.links[name] = { index, kind: "tun", addresses: [], mtu: 1500, up: false };
      this.state.sockets[name] = "live";
      this.state.engines[name] = { pid, startTime: `t${pid}`, fwmark: 0, configured: false };
    });
    this.#do("startEngine", () => {});
    return Promise.resolve(pid);
  }

  engineOf(name: string): ProcessIdentity | null {
    const engine = name in this.state.links ? this.state.engines[name] : undefined;
    return engine === undefined ? null : { pid: engine.pid, startTime: engine.startTime };
  }

  identify(pid: number): ProcessIdentity | null {
    const engine = Object.values(this.state.engines).find((engine) => engine.pid === pid);
    if (engine === undefined) return this.attendants.identify(pid);
    return { pid, startTime: engine.startTime };
  }

  signalProcess({ pid, startTime }: ProcessIdentity, signal: "SIGTERM" | "SIGKILL"): void {
    for (const [name, engine] of Object.entries(this.state.engines)) {
      if (engine.pid !== pid || engine.startTime !== startTime) continue;
      if (signal === "SIGKILL") this.killEngine(name);
      else if (this.stubborn === "SIGTERM") this.#endEngine(name);
    }
  }

  controlSocket(name: string): SocketState {
    return this.state.sockets[name] ?? "absent";
  }

  removeEngineFiles(_name: string): void {}

  ended(): null {
    return null;
  }

  removeControlSocket(name: string): void {
    this.#do("removeControlSocket", () => delete this.state.sockets[name]);
  }

  configure(
    name: string,
    backend: Backend,
    config: QuickConfig,
    endpoints: ResolvedEndpoints,
  ): void {
    this.#do("configure", () => {
      if (backend === "kernel") this.state.kernelKeys[name] = { fwmark: 0 };
      else this.#engine(name).configured = true;
      this.#change(
        name,
        backend,
        changeTo(config, (endpoint) => endpoints.get(endpoint)?.[0] ?? null),
      );
    });
  }

  readInterface(name: string, _backend: Backend): Promise<InterfaceState> {
    return Promise.resolve(stateOf(name, this.state.interfaces[name] ?? emptyInterface()));
  }

  changeInterface(name: string, backend: Backend, change: InterfaceChange): void {
    this.#do("changeInterface", () => this.#change(name, backend, change));
  }

  namePeers(..._: Parameters<System["namePeers"]>): void {}

  async startAttendant(...[attended]: Parameters<System["startAttendant"]>) {
    await this.#doLater("startAttendant", () => {});
    return this.attendants.start(attended);
  }

  readonly retireAttendant = ({ pid }: ProcessIdentity): void => this.attendants.end(pid);

  addRoute(index: number, prefix: string, table: number | null): void {
    this.#do("addRoute", () => {
      const route = modelRoute(index, prefix, table);
      const equal = this.#routesLike(route);
      // IPv6 tells the kernel's from others by the metric.
      const exists = equal.some(({ isKernels }) => isKernels !== true || route.family === 4);
      if (!exists) this.state.routes.push(route);
    });
  }

  appendRoute(index: number, prefix: string, table: number | null): void {
    this.#do("appendRoute", () => {
      const route = modelRoute(index, prefix, table);
      const isThere = this.#routesLike(route).some(({ isKernels }) => isKernels !== true);
      if (!isThere) this.state.routes.push(route);
    });
  }

  deleteRoute(index: number, prefix: string, table: number | null): void {
    this.#do("deleteRoute", () => {
      const [found] = this.#routesLike(modelRoute(index, prefix, table))
        .filter(({ isKernels }) => isKernels !== true);
      this.state.routes = this.state.routes.filter((route) => route !== found);
    });
  }

  addUnreachable(family: IpFamily, table: number): void {
    this.#do("addUnreachable", () => {
      this.#refuseTwice(
        this.state.routes.some((route) =>
          route.prefix === "unreachable" && route.family === family && route.table === table
        ),
      );
      this.state.routes.push({ family, prefix: "unreachable", table, index: null });
    });
  }

  #refuseTwice(isThere: boolean): void {
    if (isThere) throw failure("EEXIST");
  }

  hasUnreachable(family: IpFamily, table: number): boolean {
    return this.state.routes.some((route) => {
      return route.family === family && route.table === table && route.prefix === "unreachable";
    });
  }

  deleteUnreachable(family: IpFamily, table: number): void {
    this.#do("deleteUnreachable", () => {
      removeFirst(
        this.state.routes,
        (route) =>
          route.prefix === "unreachable" && route.family === family && route.table === table,
      );
    });
  }

  addThrow(prefix: string, table: number): void {
    this.#do("addThrow", () => {
      const family = prefix.includes(":") ? 6 : 4;
      this.state.routes.push({ family, prefix: `throw ${prefix}`, table, index: null });
    });
  }

  deleteThrow(prefix: string, table: number): void {
    this.#do("deleteThrow", () => {
      removeFirst(
        this.state.routes,
        (route) => route.prefix === `throw ${prefix}` && route.table === table,
      );
    });
  }

  nextRulePriority(family: IpFamily): number {
    const used = this.state.rules.filter((rule) => rule.family === family && rule.priority > 0);
    return Math.min(32766, ...used.map(({ priority }) => priority)) - 1;
  }

  hasRule(family: IpFamily, rule: RoutingRule, priority: number): boolean {
    const wanted = JSON.stringify({ family, priority, rule });
    return this.state.rules.some((found) => JSON.stringify(found) === wanted);
  }

  addRule(family: IpFamily, rule: RoutingRule, priority: number): void {
    this.#do("addRule", () => {
      const wanted = JSON.stringify({ family, priority, rule });
      this.#refuseTwice(this.state.rules.some((found) => JSON.stringify(found) === wanted));
      this.state.rules.push({ family, priority, rule });
    });
  }

  deleteRule(family: IpFamily, rule: RoutingRule, priority: number): void {
    this.#do("deleteRule", () => {
      const wanted = JSON.stringify(rule);
      removeFirst(
        this.state.rules,
        (found) =>
          found.family === family && found.priority === priority &&
          JSON.stringify(found.rule) === wanted,
      );
    });
  }

  addFirewall(index: number, name: string, family: IpFamily, fwmark: number): void {
    this.#do("addFirewall", () => {
      const addresses = this.#linkOf(index).addresses
        .filter((prefix) => prefix.includes(":") === (family === 6));
      this.state.firewalls[`${name} ${family}`] = { fwmark, addresses };
    });
  }

  deleteFirewall(name: string, family: IpFamily): void {
    this.#do("deleteFirewall", () => delete this.state.firewalls[`${name} ${family}`]);
  }

  async addIptablesRules(
    index: number,
    name: string,
    family: IpFamily,
    fwmark: number,
  ): Promise<void> {
    await this.#doLater("addIptablesRules", () => {
      const { addresses } = this.#linkOf(index);
      this.state.firewalls[`${name} ${family} iptables`] = { fwmark, addresses: [...addresses] };
    });
  }

  async deleteIptablesRules(name: string, family: IpFamily): Promise<void> {
    await this.#doLater("deleteIptablesRules", () => {
      delete this.state.firewalls[`${name} ${family} iptables`];
    });
  }

  readSrcValidMark(): string {
    return this.state.srcValidMark;
  }

  writeSrcValidMark(value: string): void {
    this.#do("writeSrcValidMark", () => this.state.srcValidMark = value);
  }

  isTableUsed(table: number): boolean {
    return this.state.routes.some((route) => route.table === table);
  }

  tableNames(): Map<string, number> {
    return new Map([["main", 254]]);
  }

  dnsManager(): DnsManager {
    return this.manager;
  }

  originalNameservers(): UapiEndpoint[] {
    return [{ address: IpAddress.fromBytes(Uint8Array.of(192, 0, 2, 53)), port: 53, zone: "" }];
  }

  async setDns(
    { name, index }: DnsTunnel,
    manager: DnsManager,
    settings: DnsSettings,
  ): Promise<string[]> {
    await this.#doLater("setDns", () => {
      if (manager.kind === "none") throw new Error(manager.reason);
      this.#linkOf(index ?? 0);
      this.state.dns[name] = settings;
    });
    return this.dnsNotes;
  }

  async unsetDns({ name }: DnsTunnel, _manager: ActiveDnsManager): Promise<string[]> {
    await this.#doLater("unsetDns", () => delete this.state.dns[name]);
    return this.dnsNotes;
  }

  repairDns(): string[] {
    if (this.repairTrouble !== null) throw this.repairTrouble;
    return [];
  }

  async resolve(
    ...[endpoint, _signal, running]: Parameters<System["resolve"]>
  ): Promise<readonly UapiEndpoint[]> {
    this.lookups.push({ host: endpoint.host, past: running });
    await this.#doLater("resolve", () => {});
    return [{ address: addressOfHost(endpoint.host), port: endpoint.port, zone: "" }];
  }

  discoverMtu(_endpoints: Iterable<UapiEndpoint>, own?: RunningLink): number {
    this.#do("discoverMtu", () => this.marks.push(own?.fwmark ?? 0));
    return this.discoveredMtu;
  }

  wallClock(): number {
    return this.wall;
  }

  async runHook(_name: string, command: string, signal: AbortSignal): Promise<number> {
    this.hooks.push(command);
    await this.#doLater("runHook", () => {});
    return signal.aborted ? 143 : this.exitCodes[command] ?? 0;
  }

  sleep(milliseconds: number): Promise<void> {
    this.slept += milliseconds;
    return Promise.resolve();
  }

  #change(name: string, backend: Backend, change: InterfaceChange): void {
    const target = this.state.interfaces[name] ??= emptyInterface();
    changeModel(target, change, () => ++this.#sessions);
    if (change.fwmark === undefined) return;
    if (backend === "kernel") this.state.kernelKeys[name] = { fwmark: change.fwmark };
    else this.#engine(name).fwmark = change.fwmark;
  }

  /** Makes the kernel's routes those of the addresses. */
  #connect(index: number): void {
    const networks = this.#linkOf(index).addresses.flatMap((text) => {
      const prefix = IpPrefix.parse(text);
      if (prefix === null || (prefix.family === 4 && prefix.length === 32)) return [];
      return [prefix.masked().toString()];
    });
    const others = this.state.routes.filter((r) => r.index !== index || r.isKernels !== true);
    const connected = [...new Set(networks)].map((prefix): ModelRoute => {
      return { ...modelRoute(index, prefix, null), isKernels: true };
    });
    this.state.routes = [...others, ...connected];
  }

  #routesLike({ index, prefix, table }: ModelRoute): ModelRoute[] {
    return this.state.routes.filter((route) => {
      return route.index === index && route.prefix === prefix && route.table === table;
    });
  }

  #do(operation: string, body: () => void): void {
    this.observer(operation);
    const error = this.fault(operation);
    if (error !== null) throw error;
    body();
    this.observer(operation);
  }

  async #doLater(operation: string, body: () => void): Promise<void> {
    await Promise.resolve();
    this.#do(operation, body);
  }

  #linkOf(index: number) {
    const link = Object.values(this.state.links).find((link) => link.index === index);
    if (link === undefined) throw failure("ENODEV");
    return link;
  }

  #engine(name: string) {
    const engine = this.state.engines[name];
    if (engine === undefined) throw failure("ECONNREFUSED");
    return engine;
  }

  #endEngine(name: string): void {
    delete this.state.engines[name];
    delete this.state.sockets[name];
  }

  #removeLink(name: string, { index }: LinkState): void {
    delete this.state.links[name];
    delete this.state.kernelKeys[name];
    delete this.state.interfaces[name];
    this.state.routes = this.state.routes.filter((route) => route.index !== index);
  }
}

import { changeTo } from "../../core/config/change.ts";
import type { ConfigEndpoint, QuickConfig } from "../../core/config/types.ts";
import { KEY_SIZE } from "../../core/crypto/crypto.ts";
import type { InterfaceChange } from "../../core/interface_change.ts";
import type { InterfaceState } from "../../core/interface_state.ts";
import { type IpAddress, type IpFamily, IpPrefix } from "../../core/ip.ts";
import { RT_TABLE_MAIN, RTPROT_BOOT } from "../../core/netlink/family.ts";
import { type Route, RTN_THROW, RTN_UNREACHABLE } from "../../core/netlink/route.ts";
import type { Rule } from "../../core/netlink/rule.ts";
import { type SocketBinding, UNBOUND } from "../../core/socket_binding.ts";
import type { EndedInterface } from "../../core/status/report.ts";
import { WG_GENL_NAME } from "../../core/netlink/wireguard.ts";
import {
  type ActiveDnsManager,
  type Backend,
  type DnsManager,
  type DnsSettings,
  removeByStandIn,
  type RoutingRule,
  UNREACHABLE_METRIC,
} from "../../core/plan.ts";
import { controlSocketPath, UapiError } from "../../core/uapi/client.ts";
import type { UapiEndpoint } from "../../core/uapi/command.ts";
import { formatUapiPeerNames } from "../../core/uapi/peer_names.ts";
import { Errno, SysError } from "../../ffi/errno.ts";
import { inNetworkNamespace, openOwnNamespace } from "../../ffi/namespace.ts";
import { Network } from "../../ffi/network.ts";
import { applyFirewall, removeFirewall } from "../../ffi/nftables.ts";
import { removeEngineFiles } from "../engine/last_words.ts";
import type { AttendantIdentity } from "../journal.ts";
import type { Attended } from "./attend.ts";
import { changeInterface, controlSocketState, setInterface } from "./control_socket.ts";
import { originalNameservers } from "./dns/original_nameservers.ts";
import { findDnsManager } from "./dns/surroundings.ts";
import { type DnsTunnel, repairDns, setDns, unsetDns } from "./dns/system_dns.ts";
import { endedEngine } from "./ended_engines.ts";
import { type HookConfig, runHook } from "./hooks.ts";
import { addIptablesRules, deleteIptablesRules } from "./iptables.ts";
import { lookUpIn } from "./namespace_lookup.ts";
import { changeKernelInterface, getKernelInterface } from "./kernel_interface.ts";
import { deleteAddress, inspectLink } from "./link_details.ts";
import { discoverMtu } from "./mtu.ts";
import { describeFixedEndpoints, nameEndpoints } from "./name_endpoints.ts";
import { findEngine, identifyProcess, signalProcess } from "./process.ts";
import { parseRetries, resolveEndpoint } from "./resolver.ts";
import type {
  LinkDetails,
  LinkState,
  ProcessIdentity,
  ResolvedEndpoints,
  RunningLink,
  RunningResolver,
  SocketState,
  System,
} from "./system.ts";
import { readTableNames } from "./table_names.ts";

const SRC_VALID_MARK = "/proc/sys/net/ipv4/conf/all/src_valid_mark";

/** What {@linkcode LinuxSystem} is told about its surroundings. */
export interface LinuxOptions {
  /** Path of the config, for hooks. */
  readonly configFile: string;
  /** What hooks are told of the config, once it is read. */
  readonly config?: () => HookConfig | undefined;
  /** Starts the engine of an interface; resolves to its pid. */
  readonly startEngine: (name: string) => Promise<number>;
  /** Attends a tunnel in this process; by default, a process of its own does. */
  readonly attendHere?: (attended: Attended) => Promise<void>;
  /** Prints a line on stderr. */
  readonly print: (line: string) => void;
  /** Path of the network namespace of the tunnel's UDP sockets; null, the default, for this process's. */
  readonly birthNamespace?: string | null;
  /** What the tunnel's own sockets are bound to; by default, nothing. */
  readonly binding?: SocketBinding;
}

/** Linux, in the network namespace of this process. */
export class LinuxSystem implements System, Disposable {
  readonly #network = Network.open();
  readonly #options: LinuxOptions;
  /** Whether that was told. */
  #lacksBash = false;

  constructor(options: LinuxOptions) {
    this.#options = options;
  }

  [Symbol.dispose](): void {
    this.#network.close();
  }

  link(name: string): LinkState | null {
    const link = this.#network.findLink(name);
    return link === null ? null : { index: link.index, kind: link.kind };
  }

  deleteLink(index: number): void {
    this.#network.deleteLink(index);
  }

  addAddress(index: number, prefix: string): void {
    this.#network.addAddress({ interfaceIndex: index, address: parsePrefix(prefix) });
  }

  linkUp(index: number, mtu: number): void {
    this.#network.changeLink(index, { mtu, up: true });
  }

  createKernelInterface(name: string): number {
    try {
      const { birthNamespace = null } = this.#options;
      if (birthNamespace === null) this.#network.createLink(name, WG_GENL_NAME);
      else createLinkFrom(birthNamespace, name, WG_GENL_NAME);
    } catch (error) {
      if (!(error instanceof SysError) || error.errno !== Errno.EOPNOTSUPP) throw error;
      const advice = "this kernel lacks WireGuard; use --backend=userspace";
      throw new SysError(error.operation, error.errno, advice);
    }
    return this.#network.getLink(name).index;
  }

  isPristine(name: string): boolean {
    const { up } = this.#network.getLink(name);
    return !up && getKernelInterface(name).privateKey === null;
  }

  awaitEngine(name: string): void {
    // It looks at the link before it answers, also a request for nothing.
    changeInterface(name, { replacePeers: false, peers: [] });
  }

  startEngine(name: string): Promise<number> {
    return this.#options.startEngine(name);
  }

  engineOf(name: string): ProcessIdentity | null {
    return findEngine(name);
  }

  ended(name: string): EndedInterface | null {
    return endedEngine(name);
  }

  identify(pid: number): ProcessIdentity | null {
    return identifyProcess(pid);
  }

  signalProcess(process: ProcessIdentity, signal: "SIGTERM" | "SIGKILL"): void {
    signalProcess(process, signal);
  }

  controlSocket(name: string): SocketState {
    return controlSocketState(name);
  }

  removeEngineFiles(name: string): void {
    removeEngineFiles(name);
  }

  removeControlSocket(name: string): void {
    try {
      Deno.removeSync(controlSocketPath(name));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  configure(
    name: string,
    backend: Backend,
    config: QuickConfig,
    endpoints: ResolvedEndpoints,
  ): void {
    const change = changeTo(config, (endpoint) => endpoints.get(endpoint)?.[0] ?? null);
    this.changeInterface(name, backend, change);
    if (backend === "userspace") return this.namePeers(name, config, endpoints);
    // The kernel keeps no names; what shows them finds them in the config.
    const warning = describeFixedEndpoints(config);
    if (warning !== null) this.#options.print(`wgts: warning: ${warning}`);
  }

  async readInterface(name: string, backend: Backend): Promise<InterfaceState> {
    if (backend === "kernel") return getKernelInterface(name, this.#options.birthNamespace);
    const { readUserspaceInterface } = await import("./interfaces.ts");
    const wanted = { publicKey: false, receiver: null };
    const state = await readUserspaceInterface(name, Date.now(), wanted);
    if (state === null) throw new SysError(`ask the engine of ${name}`, Errno.ENOENT);
    return state;
  }

  changeInterface(name: string, backend: Backend, change: InterfaceChange): void {
    const { birthNamespace = null } = this.#options;
    if (backend === "kernel") changeKernel(name, change, birthNamespace);
    else changeEngine(name, change);
  }

  namePeers(
    name: string,
    config: QuickConfig,
    endpoints: ResolvedEndpoints,
    former?: Readonly<Record<string, string>>,
  ): void {
    const names = formatUapiPeerNames(config.peers);
    if (names !== null) setInterface(name, names);
    nameEndpoints(name, config, endpoints, former);
  }

  async startAttendant(attended: Attended): Promise<AttendantIdentity> {
    const { attendHere } = this.#options;
    await attendHere?.(attended);
    const pid = attendHere === undefined ? await startAttendant(attended) : Deno.pid;
    const process = identifyProcess(pid);
    if (process === null) throw new Error(`process ${pid} ended at once`);
    return { ...process, inForeground: attendHere !== undefined };
  }

  retireAttendant(attendant: AttendantIdentity): void {
    signalProcess(attendant, "SIGUSR2");
  }

  deleteAddress(index: number, prefix: string): void {
    deleteAddress(this.#network, index, parsePrefix(prefix));
  }

  inspectLink(index: number): LinkDetails {
    return inspectLink(this.#network, index);
  }

  addRoute(index: number, prefix: string, table: number | null): void {
    const route = tunnelRoute(index, prefix, table);
    if (this.#network.addRoute(route, { existingOk: true })) return;
    const { destination } = route;
    const { family } = destination;
    const equal = this.#network.listRoutes({ family, table: table ?? RT_TABLE_MAIN })
      .filter((found) => found.destination.equals(destination));
    if (equal.some(({ interfaceIndex }) => interfaceIndex === index)) return;
    const other = this.#network.listLinks().find(({ index }) =>
      equal.some(({ interfaceIndex }) => interfaceIndex === index)
    );
    throw new SysError(
      `add route ${prefix}`,
      Errno.EEXIST,
      other === undefined ? "" : `there is one through ${other.name} already`,
    );
  }

  appendRoute(index: number, prefix: string, table: number | null): void {
    this.#network.addRoute(tunnelRoute(index, prefix, table), { existingOk: true, append: true });
  }

  deleteRoute(index: number, prefix: string, table: number | null): void {
    this.#network.deleteRoute({ ...tunnelRoute(index, prefix, table), protocol: RTPROT_BOOT });
  }

  addUnreachable(family: IpFamily, table: number): void {
    this.#network.addRoute(unreachable(family, table));
  }

  hasUnreachable(family: IpFamily, table: number): boolean {
    const { type, priority } = unreachable(family, table);
    return this.#network.listRoutes({ family, table })
      .some((route) => route.type === type && route.priority === priority);
  }

  deleteUnreachable(family: IpFamily, table: number): void {
    this.#network.deleteRoute(unreachable(family, table));
  }

  addThrow(prefix: string, table: number): void {
    this.#network.addRoute({ destination: parsePrefix(prefix), type: RTN_THROW, table });
  }

  deleteThrow(prefix: string, table: number): void {
    this.#network.deleteRoute({ destination: parsePrefix(prefix), type: RTN_THROW, table });
  }

  nextRulePriority(family: IpFamily): number {
    // What fib_default_rule_pref() does: just before the second rule.
    const [, second] = this.#network.listRules(family);
    return Math.max(0, (second?.priority ?? 0) - 1);
  }

  hasRule(family: IpFamily, rule: RoutingRule, priority: number): boolean {
    return this.#network.findRule(kernelRule(family, rule, priority)) !== null;
  }

  addRule(family: IpFamily, rule: RoutingRule, priority: number): void {
    this.#network.addRule(kernelRule(family, rule, priority));
  }

  deleteRule(family: IpFamily, rule: RoutingRule, priority: number): void {
    this.#network.deleteRule(kernelRule(family, rule, priority));
  }

  addFirewall(index: number, interfaceName: string, family: IpFamily, fwmark: number): void {
    const addresses = this.#addressesOf(index, family);
    applyFirewall({ interfaceName, family, addresses, fwmark });
  }

  deleteFirewall(name: string, family: IpFamily): void {
    removeFirewall(name, family);
  }

  async addIptablesRules(
    index: number,
    interfaceName: string,
    family: IpFamily,
    fwmark: number,
  ): Promise<void> {
    const addresses = this.#addressesOf(index, family);
    await addIptablesRules({ interfaceName, family, addresses, fwmark });
  }

  deleteIptablesRules(name: string, family: IpFamily): Promise<void> {
    return deleteIptablesRules(name, family);
  }

  readSrcValidMark(): string {
    return Deno.readTextFileSync(SRC_VALID_MARK).trim();
  }

  writeSrcValidMark(value: string): void {
    try {
      // Not created: where /proc/sys isn't mounted, this must fail.
      Deno.writeTextFileSync(SRC_VALID_MARK, value, { create: false });
    } catch (error) {
      const reason = error instanceof Error ? error.message.replace(/ \(os error.*/, "") : "";
      throw new Error(`Cannot set net.ipv4.conf.all.src_valid_mark=${value}: ${reason}`);
    }
  }

  isTableUsed(table: number): boolean {
    return this.#network.listRoutes({ table }).length > 0;
  }

  tableNames(): Map<string, number> {
    return readTableNames();
  }

  dnsManager(): DnsManager {
    return findDnsManager();
  }

  originalNameservers(): UapiEndpoint[] {
    return originalNameservers();
  }

  setDns(tunnel: DnsTunnel, manager: DnsManager, settings: DnsSettings): Promise<string[]> {
    return setDns(tunnel, manager, settings, (milliseconds) => this.sleep(milliseconds));
  }

  unsetDns(tunnel: DnsTunnel, manager: ActiveDnsManager): Promise<string[]> {
    return unsetDns(tunnel, manager);
  }

  repairDns(tunnel: DnsTunnel): string[] {
    return repairDns(tunnel);
  }

  resolve(
    endpoint: ConfigEndpoint,
    signal: AbortSignal,
    running?: RunningResolver,
  ): Promise<readonly UapiEndpoint[]> {
    const retries = parseRetries(Deno.env.get("WG_ENDPOINT_RESOLUTION_RETRIES"));
    const { birthNamespace = null, print } = this.#options;
    const options = { signal, retries, print };
    if (running !== undefined && isInTheWay(running, birthNamespace !== null)) {
      return resolveEndpoint(endpoint, { ...options, lookUp: this.#pastTunnel(running, signal) });
    }
    if (birthNamespace === null) return resolveEndpoint(endpoint, options);
    const lookUp = (endpoint: ConfigEndpoint) => lookUpIn(birthNamespace, endpoint);
    return resolveEndpoint(endpoint, { ...options, lookUp });
  }

  discoverMtu(endpoints: Iterable<UapiEndpoint>, own?: RunningLink): number {
    const { birthNamespace = null } = this.#options;
    if (birthNamespace === null) return discoverMtu(this.#network, endpoints, own);
    using network = inNetworkNamespace(birthNamespace, () => Network.open());
    // There, none of the tunnel's routes is in the way.
    return discoverMtu(network, endpoints);
  }

  runHook(name: string, command: string, signal: AbortSignal): Promise<number> {
    const { configFile, config, print } = this.#options;
    const variables = { interface: name, configFile, config: config?.() };
    return runHook(command, variables, signal, (text) => {
      if (this.#lacksBash) return;
      this.#lacksBash = true;
      print(`wgts: warning: ${text}`);
    });
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
  }

  wallClock(): number {
    return Date.now();
  }

  /** Most commands have no use for what it loads. */
  #pastTunnel({ fwmark, hasDns, isDead = false }: RunningResolver, signal: AbortSignal) {
    const { birthNamespace = null, binding = UNBOUND } = this.#options;
    return async (endpoint: ConfigEndpoint) => {
      const { lookUpPastGuard, lookUpPastTunnel } = await import("./tunnel_lookup.ts");
      return await (isDead ? lookUpPastGuard : lookUpPastTunnel)(endpoint, {
        fwmark,
        binding,
        signal,
        nameServers: this.originalNameservers(),
        followsSystem: !hasDns,
        ...(birthNamespace === null
          ? {}
          : { within: (body) => inNetworkNamespace(birthNamespace, body) }),
      });
    };
  }

  #addressesOf(interfaceIndex: number, family: IpFamily): IpAddress[] {
    return this.#network.listAddresses({ interfaceIndex, family })
      .map(({ address }) => address.address);
  }
}

/** Whether the system's resolver may be behind a tunnel; `isElsewhere` says where its sockets are. */
function isInTheWay({ fwmark, hasDns, isDead }: RunningResolver, isElsewhere: boolean): boolean {
  // The rules of a dead one are where its interface was.
  return isDead === true ? !isElsewhere : fwmark !== 0 || hasDns;
}

/** Creates an interface in this network namespace by a socket in another, which it will remember. */
function createLinkFrom(birthNamespace: string, name: string, kind: string): void {
  using here = openOwnNamespace();
  using network = inNetworkNamespace(birthNamespace, () => Network.open());
  network.createLink(name, kind, { fd: here.fd });
}

/** Most configs have no use for what this loads. */
async function startAttendant(attended: Attended): Promise<number> {
  const module = await import("./attend.ts");
  return module.startAttendant(attended);
}

function changeEngine(name: string, change: InterfaceChange): void {
  try {
    changeInterface(name, change);
  } catch (error) {
    const { listenPort = 0 } = change;
    const isPort = error instanceof UapiError && error.errno === Errno.EADDRINUSE &&
      listenPort !== 0;
    if (!isPort) throw error;
    throw new SysError(`let ${name} listen on port ${listenPort}`, Errno.EADDRINUSE);
  }
}

/** As `changeKernelInterface`, also where the kernel can't take single allowed IPs away. */
function changeKernel(name: string, change: InterfaceChange, birthNamespace: string | null): void {
  try {
    changeKernelInterface(name, change, birthNamespace);
  } catch (error) {
    const removes = change.peers.some(({ allowedIps }) => allowedIps.some(({ remove }) => remove));
    if (!removes || !(error instanceof SysError) || error.errno !== Errno.EINVAL) throw error;
    const standIn = crypto.getRandomValues(new Uint8Array(KEY_SIZE));
    changeKernelInterface(name, removeByStandIn(change, standIn), birthNamespace);
  }
}

function parsePrefix(text: string): IpPrefix {
  const prefix = IpPrefix.parse(text);
  if (prefix === null) throw new TypeError(`not a prefix: ${text}`);
  return prefix;
}

function tunnelRoute(interfaceIndex: number, prefix: string, table: number | null): Route {
  return { destination: parsePrefix(prefix), interfaceIndex, table: table ?? RT_TABLE_MAIN };
}

function unreachable(family: IpFamily, table: number): Route {
  return {
    destination: parsePrefix(family === 4 ? "0.0.0.0/0" : "::/0"),
    type: RTN_UNREACHABLE,
    table,
    priority: UNREACHABLE_METRIC,
  };
}

function kernelRule(family: IpFamily, rule: RoutingRule, priority: number): Rule {
  switch (rule.match) {
    case "not-fwmark":
      return { family, priority, invert: true, fwmark: rule.fwmark, table: rule.table };
    case "suppress-default":
      return { family, priority, table: RT_TABLE_MAIN, suppressPrefixLength: 0 };
    case "fwmark":
      return { family, priority, fwmark: rule.fwmark, table: RT_TABLE_MAIN };
  }
}

/** What `wgts doctor` sees of interfaces, routes and tunnels. */
import type {
  HostView,
  SeenEndpoint,
  SeenLink,
  SeenRoute,
  SeenTunnel,
} from "../../../core/doctor/host_view.ts";
import { type IpAddress, IpPrefix } from "../../../core/ip.ts";
import type { Link } from "../../../core/netlink/link.ts";
import { RT_TABLE_LOCAL } from "../../../core/netlink/family.ts";
import type { InterfaceStatus } from "../../../core/uapi/status.ts";
import { SysError } from "../../../ffi/errno.ts";
import type { Network } from "../../../ffi/network.ts";
import { listServedInterfaces } from "../served_interfaces.ts";
import { readReport } from "../status_report.ts";
import { readNumber } from "./files.ts";
import type { ReadConfig } from "./see_configs.ts";

/** All interfaces, with their reverse-path filtering. */
export function seeLinks(links: readonly Link[]): SeenLink[] {
  return links.map(({ index, name, kind, mtu, up }) => {
    const rpFilter = readNumber(`/proc/sys/net/ipv4/conf/${name}/rp_filter`);
    return { index, name, kind, mtu, up, rpFilter };
  });
}

/** The routes of all tables but the local one. */
export function seeRoutes(network: Network): SeenRoute[] {
  return network.listRoutes().filter(({ table }) => table !== RT_TABLE_LOCAL).map((route) => ({
    destination: route.destination,
    table: route.table,
    interfaceIndex: route.interfaceIndex ?? null,
    hasGateway: route.gateway !== undefined,
    metric: route.priority ?? 0,
  }));
}

/** The running interfaces, and why others can't be asked. */
export async function seeRunning(): Promise<{
  statuses: InterfaceStatus[];
  ended: HostView["ended"];
  unreadable: HostView["unreadable"];
}> {
  let names: string[];
  try {
    names = await listServedInterfaces();
  } catch (error) {
    if (!(error instanceof SysError)) throw error;
    const unreadable = [{ name: "", reason: error.message }];
    return { statuses: [], ended: [], unreadable };
  }
  const statuses: InterfaceStatus[] = [];
  const ended: HostView["ended"][number][] = [];
  const unreadable: HostView["unreadable"][number][] = [];
  for (const name of names) {
    const { report, problems } = await readReport([name], 0);
    statuses.push(...report.running.map(({ status }) => status));
    ended.push(...report.ended);
    unreadable.push(...problems.map((reason) => ({ name, reason })));
  }
  return { statuses, ended, unreadable };
}

/** All tunnels, running or not. */
export function seeTunnels(
  network: Network,
  links: readonly Link[],
  configs: readonly ReadConfig[],
  statuses: readonly InterfaceStatus[],
): SeenTunnel[] {
  const names = new Set([...statuses, ...configs].map(({ name }) => name));
  return [...names].sort().map((name) => {
    const status = statuses.find((status) => status.name === name);
    const read = configs.find((config) => config.name === name);
    const isHere = links.some((link) => link.name === name);
    // Elsewhere, routes are others.
    const addresses = status === undefined || !isHere
      ? read?.endpoints ?? []
      : status.peers.flatMap(({ endpoint }) => endpoint === null ? [] : endpoint.address);
    return {
      name,
      config: read?.config ?? null,
      running: status === undefined ? null : {
        backend: status.backend,
        isHere,
        listenPort: status.listenPort,
        fwmark: status.fwmark,
      },
      endpoints: distinct(addresses).map((address) =>
        seeEndpoint(network, links, address, isHere ? status?.fwmark ?? 0 : 0)
      ),
      allowedIps: status === undefined || !isHere ? read?.allowedIps ?? [] : parsePrefixes(status),
    };
  });
}

function seeEndpoint(
  network: Network,
  links: readonly Link[],
  address: IpAddress,
  fwmark: number,
): SeenEndpoint {
  const route = network.routeTo(address, fwmark);
  const link = links.find(({ index }) => index === route?.interfaceIndex);
  if (route === null || link === undefined) return { address, interfaceName: null, mtu: null };
  return { address, interfaceName: link.name, mtu: route.mtu ?? (link.mtu || null) };
}

function parsePrefixes({ peers }: InterfaceStatus): IpPrefix[] {
  return peers.flatMap(({ allowedIps }) =>
    allowedIps.flatMap((text) => IpPrefix.parse(text) ?? [])
  );
}

function distinct(addresses: readonly IpAddress[]): IpAddress[] {
  return [...new Map(addresses.map((address) => [address.toString(), address])).values()];
}

import type { UapiEndpoint } from "../../core/uapi/command.ts";
import type { KernelRoute } from "../../core/netlink/route.ts";
import type { RunningLink } from "./system.ts";
import type { Network } from "../../ffi/network.ts";

/** What the tunnel adds to each packet at most: an IPv6 and a UDP header, WireGuard's header and tag. */
const OVERHEAD = 80;
const ETHERNET_MTU = 1500;

/**
 * The MTU for a tunnel to these endpoints, in bytes: the smallest of the routes to them (the device's,
 * where the route has none), else that of the default route, else Ethernet's, less WireGuard's overhead.
 */
export function discoverMtu(
  network: Network,
  endpoints: Iterable<UapiEndpoint>,
  own: RunningLink = { index: 0, fwmark: 0 },
): number {
  const mtus = [...endpoints]
    .map((endpoint) => endpointMtu(network, endpoint, own))
    .filter((mtu) => mtu !== null);
  const mtu = mtus.length > 0 ? Math.min(...mtus) : defaultRouteMtu(network) ?? ETHERNET_MTU;
  return mtu - OVERHEAD;
}

function endpointMtu(
  network: Network,
  { address, zone }: UapiEndpoint,
  own: RunningLink,
): number | null {
  if (zone !== "") return linkMtu(network, /^[0-9]+$/.test(zone) ? Number(zone) : zone);
  const route = network.routeTo(address, own.fwmark);
  // Where the tunnel's allowed IPs cover an endpoint, its route isn't the way there.
  const isOwn = route !== null && own.index !== 0 && route.interfaceIndex === own.index;
  return route === null || isOwn ? null : routeMtu(network, route);
}

function defaultRouteMtu(network: Network): number | null {
  const defaults = network.listRoutes({ family: 4, table: 254 })
    .filter(({ destination }) => destination.length === 0);
  const [route] = defaults.sort((a, b) => (a.priority ?? 0) - (b.priority ?? 0));
  return route === undefined ? null : routeMtu(network, route);
}

function routeMtu(network: Network, { mtu, interfaceIndex }: KernelRoute): number | null {
  if (mtu !== undefined && mtu > 0) return mtu;
  return interfaceIndex === undefined ? null : linkMtu(network, interfaceIndex);
}

function linkMtu(network: Network, which: string | number): number | null {
  try {
    const { mtu } = network.getLink(which);
    return mtu > 0 ? mtu : null;
  } catch {
    return null; // gone, or a zone that isn't there: then its datagrams go nowhere anyway
  }
}

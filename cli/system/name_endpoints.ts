import type { ConfigEndpoint, QuickConfig } from "../../core/config/types.ts";
import { formatUapiNamedEndpoints } from "../../core/uapi/named_endpoints.ts";
import { endpointWords } from "../../core/plan.ts";
import { formatPublicKey } from "../../core/keys.ts";
import { setInterface } from "./control_socket.ts";
import { originalNameservers } from "./dns/original_nameservers.ts";
import { parseLiteral } from "./resolver.ts";
import type { ResolvedEndpoints } from "./system.ts";

/**
 * Tells the engine of interface `name` how `config` names the endpoints of its peers, so that it can look
 * for them itself from now on. To be called before the system's name servers are changed.
 *
 * @param former what it was told before (`endpointWords`), by the peers' public keys in base64: only what
 * differs is told then
 */
export function nameEndpoints(
  name: string,
  { interface: { dns, reresolveInterval }, peers }: QuickConfig,
  endpoints: ResolvedEndpoints,
  former: Readonly<Record<string, string>> = {},
): void {
  const all = peers.map((peer) => {
    const { publicKey, endpoint, fallbackEndpoints = [] } = peer;
    const names = endpoint === undefined ? fallbackEndpoints : [endpoint, ...fallbackEndpoints];
    const isNamed = names.length > 1 || names.some(isName);
    const told = former[formatPublicKey(publicKey)];
    return {
      publicKey,
      names: isNamed ? names : [],
      addresses: endpoint === undefined ? [] : endpoints.get(endpoint) ?? [],
      isChanged: isNamed ? told !== endpointWords(peer) : told !== undefined,
      isNamed,
    };
  });
  const named = all.filter(({ isChanged }) => isChanged);
  if (named.length === 0 && !all.some(({ isNamed }) => isNamed)) return;
  const settings = {
    nameServers: originalNameservers(),
    // Those of the tunnel are of no use to find its other end.
    followsSystem: dns.servers.length === 0,
    interval: reresolveInterval ?? 0,
  };
  setInterface(name, formatUapiNamedEndpoints(settings, named));
}

/** What `up` warns of where the kernel serves the interface; null when there is nothing to warn of. */
export function describeFixedEndpoints(
  { interface: { reresolveInterval }, peers }: QuickConfig,
): string | null {
  const ignored = [
    ...(peers.some(({ fallbackEndpoints }) => fallbackEndpoints !== undefined)
      ? ["FallbackEndpoints"]
      : []),
    ...((reresolveInterval ?? 0) > 0 ? ["ReresolveInterval"] : []),
  ];
  const named = peers.find(({ endpoint }) => endpoint !== undefined && isName(endpoint));
  if (ignored.length === 0 && named === undefined) return null;
  const keys = ignored.length === 0 ? "" : `, and ${ignored.join(" and ")} do nothing`;
  const what = named === undefined ? "" : ` like ${named.endpoint?.host}`;
  return `the kernel looks no names up: names of endpoints${what} are looked up this once${keys}; ` +
    "an engine of wgts does more (--backend=userspace)";
}

/** Whether an endpoint has to be looked up. */
function isName(endpoint: ConfigEndpoint): boolean {
  return parseLiteral(endpoint) === null;
}

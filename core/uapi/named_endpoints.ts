/**
 * Endpoints by name in the control protocol. The keys are wgts' own: they are sent to no other
 * implementation, which would refuse them, and a `get` never tells them, so that `wg` sees nothing new.
 */

import type { ConfigEndpoint } from "../config/types.ts";
import { parseEndpoint, ValueError } from "../config/values.ts";
import { formatHexKey } from "../keys.ts";
import type { UapiEndpoint } from "./command.ts";
import { formatUapiEndpoint, parseUapiEndpoint } from "./values.ts";

/** Name servers that an engine is told, and asks: networks may name more than fit into a line. */
export const MAX_NAME_SERVERS = 6;

/** The endpoints of a peer as its config names them. */
export interface NamedEndpointsOfPeer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The endpoint, then the fallback endpoints; none take the names away. */
  readonly names: readonly ConfigEndpoint[];
  /** The addresses that the first name is known to have, the best first. */
  readonly addresses: readonly UapiEndpoint[];
}

/** How an engine is to look endpoints up. */
export interface LookupSettings {
  /** The system's name servers before the tunnel stood; the first {@linkcode MAX_NAME_SERVERS} count. */
  readonly nameServers: readonly UapiEndpoint[];
  /** Whether the system's name servers as they are at the time are asked, too. */
  readonly followsSystem: boolean;
  /** Seconds between lookups on a schedule; 0 for only when handshakes fail. */
  readonly interval: number;
}

/** The `set` request that names the endpoints of peers; those that an engine doesn't have are left out. */
export function formatUapiNamedEndpoints(
  { nameServers, followsSystem, interval }: LookupSettings,
  peers: readonly NamedEndpointsOfPeer[],
): string {
  const lines = [
    "set=1",
    `name_servers=${nameServers.slice(0, MAX_NAME_SERVERS).map(formatUapiEndpoint).join(",")}`,
    `follow_system_resolver=${followsSystem}`,
    `reresolve_interval=${interval}`,
  ];
  for (const { publicKey, names, addresses } of peers) {
    const [endpoint, ...fallbacks] = names;
    lines.push(`public_key=${formatHexKey(publicKey)}`, "update_only=true");
    for (const address of addresses) lines.push(`endpoint_address=${formatUapiEndpoint(address)}`);
    for (const fallback of fallbacks) lines.push(`fallback_endpoint=${encodeEndpoint(fallback)}`);
    lines.push(`endpoint_name=${endpoint === undefined ? "" : encodeEndpoint(endpoint)}`);
  }
  return `${lines.join("\n")}\n\n`;
}

/** An endpoint as printable ASCII without spaces. */
export function encodeEndpoint({ host, port }: ConfigEndpoint): string {
  return encodeURIComponent(host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`);
}

/** What {@linkcode encodeEndpoint} made; null when it is nothing like it. */
export function decodeEndpoint(text: string): ConfigEndpoint | null {
  try {
    return parseEndpoint(decodeURIComponent(text), () => null);
  } catch (error) {
    if (error instanceof ValueError || error instanceof URIError) return null;
    throw error;
  }
}

/** The value of `name_servers`; null when one of them is no address. */
export function parseNameServerList(text: string): UapiEndpoint[] | null {
  const servers: UapiEndpoint[] = [];
  for (const item of text === "" ? [] : text.split(",")) {
    const server = parseUapiEndpoint(item);
    if (server === null) return null;
    servers.push(server);
  }
  return servers;
}

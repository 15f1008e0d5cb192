/**
 * The D-Bus API of systemd-resolved, org.freedesktop.resolve1(5): the only one that all versions have.
 * Its varlink interface resolves names, but sets nothing (systemd/systemd#15584).
 *
 * @module
 */
import type { DbusCall } from "../dbus/message.ts";
import type { DbusValue } from "../dbus/values.ts";
import { IpAddress } from "../ip.ts";
import { DNS_PORT } from "./resolv_conf.ts";
import { type DnsSettings, isSplit } from "./settings.ts";

/** Its name on the bus. */
export const RESOLVED = "org.freedesktop.resolve1";

const RESOLVED_PATH = "/org/freedesktop/resolve1";
const MANAGER = `${RESOLVED}.Manager`;
const AF_INET = 2;
const AF_INET6 = 10;

/** The name of the error that says that there is no such link, or not yet. */
export const NO_SUCH_LINK = `${RESOLVED}.NoSuchLink`;

/** A domain of a link, and whether names are only routed by it, not completed with it. */
type LinkDomain = readonly [domain: string, routeOnly: boolean];

/**
 * The calls that give the link with index `link` the DNS settings of a tunnel, in place of any that
 * it has. Unless its domains say which names are the tunnel's, all are.
 */
export function setLinkDns(link: number, settings: DnsSettings): DbusCall[] {
  const servers = settings.servers.map((server) => {
    const address = IpAddress.parse(server);
    if (address === null) throw new TypeError(`not an IP address: ${server}`);
    return [address.family === 4 ? AF_INET : AF_INET6, address.bytes];
  });
  return [
    manage("SetLinkDNS", "ia(iay)", [link, servers]),
    manage("SetLinkDomains", "ia(sb)", [link, linkDomains(settings)]),
    manage("SetLinkDefaultRoute", "ib", [link, !isSplit(settings)]),
  ];
}

/** The call that takes all settings of the link with index `link` back. */
export function revertLink(link: number): DbusCall {
  return manage("RevertLink", "i", [link]);
}

/** The call that forgets all answers: those of the servers before may differ. */
export function flushCaches(): DbusCall {
  return manage("FlushCaches", "", []);
}

/** The domains of a tunnel's link. "." has all names asked of it, and of nobody else. */
export function linkDomains(settings: DnsSettings): LinkDomain[] {
  const { search, routes } = settings;
  const everything = isSplit(settings) || routes.includes(".") ? [] : ["."];
  return [
    ...search.map((domain): LinkDomain => [domain, false]),
    ...[...everything, ...routes].map((domain): LinkDomain => [domain, true]),
  ];
}

function manage(member: string, signature: string, body: readonly DbusValue[]): DbusCall {
  return {
    destination: RESOLVED,
    path: RESOLVED_PATH,
    interface: MANAGER,
    member,
    signature,
    body,
  };
}

/** A name server that systemd-resolved knows. */
export interface ResolvedServer {
  /** The index of the link that it was set for; 0 for all. */
  readonly link: number;
  readonly address: IpAddress;
  readonly port: number;
}

/** Whether `address` is one that systemd-resolved itself answers at. */
export function isResolvedStub(address: IpAddress): boolean {
  return /^127\.0\.0\.5[34]$/.test(address.toString());
}

/** The call that reads a property of systemd-resolved. */
export function readResolvedProperty(name: "DNSEx" | "DNS" | "FallbackDNS"): DbusCall {
  return {
    destination: RESOLVED,
    path: RESOLVED_PATH,
    interface: "org.freedesktop.DBus.Properties",
    member: "Get",
    signature: "ss",
    body: [MANAGER, name],
  };
}

/** The servers in the answer to {@linkcode readResolvedProperty}. */
export function parseResolvedServers([variant]: readonly DbusValue[]): ResolvedServer[] {
  if (typeof variant !== "object" || !("signature" in variant)) return [];
  const hasPort = variant.signature === "a(iiayqs)";
  if (!hasPort && variant.signature !== "a(iiay)") return [];
  return (variant.value as readonly (readonly DbusValue[])[]).flatMap((server) => {
    const [link, family, bytes, port] = server;
    const size = family === AF_INET ? 4 : family === AF_INET6 ? 16 : null;
    if (typeof link !== "number" || !(bytes instanceof Uint8Array) || bytes.length !== size) {
      return [];
    }
    const number = typeof port === "number" && port !== 0 ? port : DNS_PORT;
    return [{ link, address: IpAddress.fromBytes(bytes), port: number }];
  });
}

/**
 * The D-Bus API of systemd-resolved, org.freedesktop.resolve1(5). There is no other: its varlink
 * interface has no method that sets anything of a link in any version up to 259.
 *
 * @module
 */
import type { DbusCall } from "../dbus/message.ts";
import type { DbusValue } from "../dbus/values.ts";
import { IpAddress } from "../ip.ts";
import { DNS_PORT } from "./resolv_conf.ts";

/** Its name on the bus. */
export const RESOLVED = "org.freedesktop.resolve1";

const AF_INET = 2;
const AF_INET6 = 10;

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
    path: "/org/freedesktop/resolve1",
    interface: "org.freedesktop.DBus.Properties",
    member: "Get",
    signature: "ss",
    body: [`${RESOLVED}.Manager`, name],
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

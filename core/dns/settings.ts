import type { IpAddress } from "../ip.ts";

/** What a tunnel wants of the system's resolver; plain data, so that a journal can keep it. */
export interface DnsSettings {
  /** The addresses of name servers, best first. At least one. */
  readonly servers: readonly string[];
  /** Domains to complete short names with. */
  readonly search: readonly string[];
  /** Domains whose names alone are to be asked of the servers; "." is all of them. */
  readonly routes: readonly string[];
}

/** Marks a domain that names are routed by, but not completed with; as resolvectl(1) writes it. */
const ROUTE = "~";

/** What the settings `DNS = …` mean. Null without a server: then nothing is to be set, as in wg-quick(8). */
export function dnsSettings(
  dns: { readonly servers: readonly IpAddress[]; readonly search: readonly string[] },
): DnsSettings | null {
  if (dns.servers.length === 0) return null;
  return {
    servers: dns.servers.map(String),
    search: dns.search.filter((domain) => !domain.startsWith(ROUTE)),
    routes: dns.search.filter((domain) => domain.startsWith(ROUTE))
      .map((domain) => domain.slice(ROUTE.length) || "."),
  };
}

/** Whether only names in certain domains are to be asked of the servers: all domains are marked with "~". */
export function isSplit({ search, routes }: DnsSettings): boolean {
  return routes.length > 0 && search.length === 0 && !routes.includes(".");
}

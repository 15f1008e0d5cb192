/** The text of resolv.conf(5). */

import { IpAddress } from "../ip.ts";
import type { UapiEndpoint } from "../uapi/command.ts";
import type { DnsSettings } from "./settings.ts";

/** Where the system looks for its name servers. */
export const RESOLV_CONF = "/etc/resolv.conf";
/** The port of name servers. */
export const DNS_PORT = 53;
/** How many servers the C library takes: its MAXNS. */
export const MAX_NAMESERVERS = 3;

/** The name servers of a resolv.conf, in its order. A zone is the name of an interface, or "". */
export function parseNameservers(text: string): UapiEndpoint[] {
  return lines(text).flatMap(([keyword, value = ""]) => {
    if (keyword !== "nameserver") return [];
    const [host = "", zone = ""] = value.split("%", 2);
    const address = IpAddress.parse(host);
    return address === null ? [] : [{ address, port: DNS_PORT, zone }];
  });
}

/** A tunnel that has a part in a resolv.conf. */
export interface ResolvConfOwner {
  /** Its interface. */
  readonly interface: string;
  readonly settings: DnsSettings;
}

/**
 * The resolv.conf for all of `owners`, whose latest comes last and counts most, in place of `original`,
 * of which only `options` and `sortlist` stay. At most {@linkcode MAX_NAMESERVERS} servers are named.
 */
export function composeResolvConf(owners: readonly ResolvConfOwner[], original: string): string {
  const latestFirst = owners.toReversed();
  const servers = unique(latestFirst.flatMap(({ settings }) => settings.servers));
  const search = unique(latestFirst.flatMap(({ settings }) => settings.search));
  const kept = lines(original).filter(([keyword = ""]) => /^(options|sortlist)$/.test(keyword));
  return [
    `# Made by wgts for ${owners.map((owner) => owner.interface).join(", ")};` +
    " `wgts down' restores the former one",
    ...servers.slice(0, MAX_NAMESERVERS).map((server) => `nameserver ${server}`),
    ...(search.length === 0 ? [] : [`search ${search.join(" ")}`]),
    ...kept.map((words) => words.join(" ")),
  ].map((line) => `${line}\n`).join("");
}

/** What resolvconf(8) reads from stdin, as wg-quick(8) writes it. */
export function resolvconfInput({ servers, search }: DnsSettings): string {
  const domains = search.length === 0 ? "" : `search ${search.join(" ")}\n`;
  return servers.map((server) => `nameserver ${server}\n`).join("") + domains;
}

/** The words of each line that is no comment. A keyword counts at the line's very beginning only. */
function lines(text: string): string[][] {
  return text.split("\n").filter((line) => !/^[#;]/.test(line)).map((line) => line.split(/[ \t]+/));
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}

/**
 * The name servers that the system has without our tunnels.
 *
 * @module
 */
import {
  isResolvedStub,
  parseResolvedServers,
  readResolvedProperty,
} from "../../../core/dns/resolved.ts";
import { parseNameservers, RESOLV_CONF } from "../../../core/dns/resolv_conf.ts";
import { IpAddress } from "../../../core/ip.ts";
import type { UapiEndpoint } from "../../../core/uapi/command.ts";
import { SysError } from "../../../ffi/errno.ts";
import { type JournalState, readJournals } from "../../journal.ts";
import { RUNTIME_DIRECTORY } from "../../runtime_paths.ts";
import { currentScope } from "../scope.ts";
import { Bus, DbusError } from "./bus.ts";
import { ResolvConfFile } from "./resolv_conf_file.ts";
import { readText } from "./surroundings.ts";

/** What systemd-resolved writes for programs that want to ask its servers themselves. */
const RESOLVED_UPLINKS = "/run/systemd/resolve/resolv.conf";

/**
 * The servers that names were asked of before any tunnel of ours changed that, best first: what is
 * asked of them goes where the tunnels' own datagrams go. Where systemd-resolved answers, these are the
 * servers that it asks in turn. Empty when none are known.
 */
export function originalNameservers(): UapiEndpoint[] {
  const scope = currentScope();
  const journals = readJournals(RUNTIME_DIRECTORY, scope);
  const servers = parseNameservers(originalResolvConf(scope.bootId));
  if (servers.some(({ address }) => isResolvedStub(address))) {
    return serversOfResolved(journals) ?? parseNameservers(readText(RESOLVED_UPLINKS));
  }
  return notedServers(journals) ?? servers;
}

/** `servers` as text for a journal. */
export function formatNameservers(servers: readonly UapiEndpoint[]): string {
  return JSON.stringify(servers.map(({ address, port, zone }) => [`${address}`, port, zone]));
}

/** What {@linkcode formatNameservers} wrote. */
export function parseNameserverNote(text: string): UapiEndpoint[] {
  return (JSON.parse(text) as [string, number, string][]).flatMap(([host, port, zone]) => {
    const address = IpAddress.parse(host);
    return address === null ? [] : [{ address, port, zone }];
  });
}

/** What resolv.conf says, or said before a tunnel of ours wrote it. */
function originalResolvConf(bootId: string): string {
  const original = new ResolvConfFile({ bootId }).original();
  if (original === null) return readText(RESOLV_CONF);
  if (original.kind === "absent") return "";
  return original.kind === "file" ? original.text : readText(absolute(original.target));
}

/** Where a link of that target in /etc leads. */
function absolute(target: string): string {
  return target.startsWith("/") ? target : `/etc/${target}`;
}

/** What a tunnel noted that gave its servers to resolvconf: nothing else keeps the former ones. */
function notedServers(journals: readonly JournalState[]): UapiEndpoint[] | null {
  for (const { undo, undone, before } of journals.flatMap(({ entries }) => entries)) {
    if (undo.kind === "unset-dns" && !undone && before !== null) return parseNameserverNote(before);
  }
  return null;
}

/** The servers of systemd-resolved, but for those of tunnels of ours; null when it can't be asked. */
function serversOfResolved(journals: readonly JournalState[]): UapiEndpoint[] | null {
  try {
    using bus = Bus.open();
    const tunnels = new Set(
      journals.map(({ engine, kernelIndex }) => engine?.interfaceIndex ?? kernelIndex),
    );
    for (const property of ["DNSEx", "DNS", "FallbackDNS"] as const) {
      const servers = readServers(bus, property).filter(({ link }) => !tunnels.has(link));
      if (servers.length > 0) return servers;
    }
    return [];
  } catch (error) {
    if (error instanceof SysError || error instanceof DbusError) return null;
    throw error;
  }
}

function readServers(
  bus: Bus,
  property: "DNSEx" | "DNS" | "FallbackDNS",
): (UapiEndpoint & { readonly link: number })[] {
  let answer;
  try {
    answer = bus.call(readResolvedProperty(property));
  } catch (error) {
    if (error instanceof DbusError) return []; // DNSEx is newer than DNS
    throw error;
  }
  return parseResolvedServers(answer).map(({ link, address, port }) => {
    const isLinkLocal = address.family === 6 && /^fe[89ab]/.test(address.toString());
    return { link, address, port, zone: isLinkLocal && link > 0 ? String(link) : "" };
  });
}

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
import { parseNameservers } from "../../../core/dns/resolv_conf.ts";
import type { UapiEndpoint } from "../../../core/uapi/command.ts";
import { SysError } from "../../../ffi/errno.ts";
import { readJournals, RUNTIME_DIRECTORY } from "../../journal.ts";
import { currentScope } from "../scope.ts";
import { Bus, DbusError } from "./bus.ts";

const RESOLV_CONF = "/etc/resolv.conf";
/** What systemd-resolved writes for programs that want to ask its servers themselves. */
const RESOLVED_UPLINKS = "/run/systemd/resolve/resolv.conf";

/**
 * The servers that names were asked of before any tunnel of ours changed that, best first: what is
 * asked of them goes where the tunnels' own datagrams go. Where systemd-resolved answers, these are the
 * servers that it asks in turn. Empty when none are known.
 */
export function originalNameservers(): UapiEndpoint[] {
  const servers = parseNameservers(readText(RESOLV_CONF));
  if (!servers.some(({ address }) => isResolvedStub(address))) return servers;
  return serversOfResolved() ?? parseNameservers(readText(RESOLVED_UPLINKS));
}

/** The servers of systemd-resolved, but for those of tunnels of ours; null when it can't be asked. */
function serversOfResolved(): UapiEndpoint[] | null {
  try {
    using bus = Bus.open();
    const tunnels = new Set(
      readJournals(RUNTIME_DIRECTORY, currentScope())
        .map(({ engine, kernelIndex }) => engine?.interfaceIndex ?? kernelIndex),
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

function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return ""; // as if it were empty, as resolv.conf(5) has it
  }
}

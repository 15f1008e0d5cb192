import { chooseDnsManager, type DnsManager, resolvconfPrefix } from "../../../core/dns/manager.ts";
import { RESOLV_CONF } from "../../../core/dns/resolv_conf.ts";
import { seesOther } from "./place.ts";
import { namespaceFile } from "./namespace_file.ts";
import { findResolvconf, readInterfaceOrder } from "./resolvconf.ts";
import { resolvedServes } from "./resolved.ts";

/** Who manages the resolver of this system. */
export function findDnsManager(): DnsManager {
  const foreign = isForeign();
  let serves: boolean | null = null;
  return chooseDnsManager({
    resolvConf: readText(RESOLV_CONF),
    linkTarget: readLink(RESOLV_CONF),
    resolvconf: findResolvconf(),
    resolvconfPrefix: resolvconfPrefix(readInterfaceOrder()),
    hasNssResolve: /^hosts:.*\bresolve\b/m.test(readText("/etc/nsswitch.conf")),
    resolvedServes: () => serves ??= resolvedServes(),
    isForeign: foreign,
    namespaceFile: foreign ? namespaceFile() : null,
  });
}

/**
 * Whether /etc/resolv.conf is that of process 1, which lives in another network namespace: then it
 * isn't for this one's tunnels to change.
 */
function isForeign(): boolean {
  try {
    const first = Deno.statSync("/proc/1/ns/net"), own = Deno.statSync("/proc/self/ns/net");
    if (first.dev === own.dev && first.ino === own.ino) return false;
    return seesOther(1, RESOLV_CONF) === false;
  } catch {
    return false; // no /proc, or not for us to see: as in a container
  }
}

/** The text of a file; "" when it can't be read. */
export function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

function readLink(path: string): string | null {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return null;
  }
}

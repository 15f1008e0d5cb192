/**
 * Who manages the system's resolver.
 *
 * @module
 */
import { isResolvedStub } from "./resolved.ts";
import { MAX_NAMESERVERS, parseNameservers, RESOLV_CONF } from "./resolv_conf.ts";
import type { DnsSettings } from "./settings.ts";

/** Whom a tunnel's DNS settings are given to. */
export type DnsManager =
  /** systemd-resolved, by its bus. */
  | { readonly kind: "resolved"; readonly reason: string }
  /** The program resolvconf, which calls the interface by its name behind `prefix`. */
  | { readonly kind: "resolvconf"; readonly prefix: string }
  /** Nobody: we write resolv.conf, at `path`, ourselves. */
  | { readonly kind: "file"; readonly path: string; readonly reason: string }
  /** Nobody, and /etc/resolv.conf isn't ours to write. */
  | { readonly kind: "none"; readonly reason: string };

/** A manager that settings can be given to. */
export type ActiveDnsManager = Exclude<DnsManager, { readonly kind: "none" }>;

/** What of the system decides about the manager. */
export interface DnsSurroundings {
  /** The text of /etc/resolv.conf; "" when there is none. */
  readonly resolvConf: string;
  /** Where /etc/resolv.conf leads to as a symbolic link; null when it is none. */
  readonly linkTarget: string | null;
  /** The program resolvconf: absent, one of its own, or another name of systemd-resolved's resolvectl. */
  readonly resolvconf: "absent" | "program" | "resolvectl";
  /** What resolvconf wants in front of the interface's name. */
  readonly resolvconfPrefix: string;
  /** Whether /etc/nsswitch.conf has host names asked of systemd-resolved. */
  readonly hasNssResolve: boolean;
  /** Whether systemd-resolved answers and serves this network namespace; asked only when it matters. */
  readonly resolvedServes: () => boolean;
  /** Whether /etc/resolv.conf is that of another network namespace. */
  readonly isForeign: boolean;
  /** The resolv.conf that `ip netns exec` shows in this network namespace; null when there is none. */
  readonly namespaceFile: string | null;
}

/**
 * Chooses the manager: who /etc/resolv.conf leads to first, then whom wg-quick(8) would ask, else nobody.
 */
export function chooseDnsManager(surroundings: DnsSurroundings): DnsManager {
  const { resolvConf, linkTarget, resolvconf, hasNssResolve } = surroundings;
  const leadsToResolved = linkTarget?.includes("/systemd/resolve/") === true ||
    parseNameservers(resolvConf).some(({ address }) => isResolvedStub(address));
  if (leadsToResolved && surroundings.resolvedServes()) {
    return { kind: "resolved", reason: "/etc/resolv.conf leads to systemd-resolved" };
  }
  if (surroundings.isForeign) return chooseInNamespace(surroundings);
  if (resolvconf === "program") {
    return { kind: "resolvconf", prefix: surroundings.resolvconfPrefix };
  }
  const isAsked = hasNssResolve || resolvconf === "resolvectl";
  if (!leadsToResolved && isAsked && surroundings.resolvedServes()) {
    const reason = hasNssResolve ? "/etc/nsswitch.conf has it asked" : "resolvconf is resolvectl";
    return { kind: "resolved", reason: `systemd-resolved: ${reason}` };
  }
  const reason = "neither systemd-resolved nor resolvconf manages it";
  return { kind: "file", path: RESOLV_CONF, reason };
}

/** Neither the host's /etc/resolv.conf nor the resolvconf that makes it is for other network namespaces. */
function chooseInNamespace({ namespaceFile }: DnsSurroundings): DnsManager {
  if (namespaceFile !== null) {
    const reason = "it is what `ip netns exec' shows here as /etc/resolv.conf";
    return { kind: "file", path: namespaceFile, reason };
  }
  const reason = "/etc/resolv.conf belongs to another network namespace; make " +
    "/etc/netns/NAME/resolv.conf, which `ip netns exec NAME' shows in its place";
  return { kind: "none", reason };
}

/** What resolvconf wants in front of the names of tunnels, from the text of Debian's interface-order. */
export function resolvconfPrefix(interfaceOrder: string): string {
  const name = /^([A-Za-z0-9-]+)\*$/m.exec(interfaceOrder)?.[1];
  return name === undefined ? "" : `${name}.`;
}

/** What `manager` can't do of `settings`, and what it does in its place; for warnings. */
export function dnsLimits(settings: DnsSettings, manager: DnsManager): string[] {
  if (manager.kind !== "resolvconf" && manager.kind !== "file") return [];
  const limits: string[] = [];
  const domains = settings.routes.map((domain) => `~${domain}`).join(", ");
  if (domains !== "") {
    limits.push(
      `DNS: only systemd-resolved can route by domain: ${domains} does nothing here, ` +
        "all names are asked of the tunnel's servers",
    );
  }
  if (settings.servers.length > MAX_NAMESERVERS) {
    const rest = settings.servers.slice(MAX_NAMESERVERS).join(", ");
    limits.push(`DNS: the C library asks the first ${MAX_NAMESERVERS} servers only, not ${rest}`);
  }
  return limits;
}

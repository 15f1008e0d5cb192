/**
 * The firewall rules of a tunnel that takes a default route (tunnel_firewall.ts), for kernels without
 * nf_tables: in the language of iptables-restore(8), as wg-quick(8) has it. A comment in each rule
 * tells whose it is, so that either finds the other's.
 *
 * @module
 */
import type { TunnelFirewall } from "../netlink/tunnel_firewall.ts";

/** What iptables-restore(8) reads with `--noflush` to add the rules of a tunnel. */
export function addedIptablesRules(firewall: TunnelFirewall): string {
  const { interfaceName, family, addresses, fwmark } = firewall;
  const marker = markerOf(interfaceName);
  const drops = addresses.filter((address) => address.family === family).map((address) =>
    `-I PREROUTING ! -i ${interfaceName} -d ${address} -m addrtype ! --src-type LOCAL -j DROP ${marker}`
  );
  return [
    "*raw",
    ...drops,
    "COMMIT",
    "*mangle",
    `-I POSTROUTING -m mark --mark ${fwmark} -p udp -j CONNMARK --save-mark ${marker}`,
    `-I PREROUTING -p udp -j CONNMARK --restore-mark ${marker}`,
    "COMMIT",
    "",
  ].join("\n");
}

/**
 * What iptables-restore(8) reads with `--noflush` to remove the rules of a tunnel.
 *
 * @param saved what iptables-save(8) prints
 * @returns null when there are none
 */
export function removedIptablesRules(saved: string, interfaceName: string): string | null {
  const marker = markerOf(interfaceName);
  const lines = saved.split("\n").filter((line) =>
    line.startsWith("*") || line === "COMMIT" || (line.startsWith("-A ") && line.includes(marker))
  );
  if (!lines.some((line) => line.startsWith("-A "))) return null;
  return lines.map((line) => line.replace(/^-A/, "-D")).join("\n") + "\n";
}

function markerOf(interfaceName: string): string {
  return `-m comment --comment "wg-quick(8) rule for ${interfaceName}"`;
}

/**
 * The commands that administrators know for what a plan does, as wg-quick(8) prints them: `[#] ip …`.
 *
 * @module
 */
import { expandHook } from "../config/quick.ts";
import type { ActiveDnsManager, DnsManager } from "../dns/manager.ts";
import { composeResolvConf } from "../dns/resolv_conf.ts";
import { linkDomains } from "../dns/resolved.ts";
import { type DnsSettings, isSplit } from "../dns/settings.ts";
import type { IpFamily } from "../ip.ts";
import { firewallTable } from "../netlink/tunnel_firewall.ts";
import { type Action, type RoutingRule, type Undo, UNREACHABLE_METRIC } from "./action.ts";

/** The command that does the same as `action` on `device`; null for what changes nothing. */
export function describeAction(action: Action, device: string): string | null {
  switch (action.kind) {
    case "create-interface":
      return action.backend === "kernel"
        ? `ip link add dev ${device} type wireguard`
        : `wgts run ${device}`;
    case "hook":
      return expandHook(action.command, device);
    case "resolve-endpoints":
      return null;
    case "configure":
      return `wg addconf ${device} <(wg-quick strip ${quote(action.config)})`;
    case "add-address":
      return `ip -${action.family} address add ${action.prefix} dev ${device}`;
    case "link-up":
      return `ip link set mtu ${action.mtu ?? "auto"} up dev ${device}`;
    case "add-route":
      return routeCommand("add", action, device);
    case "append-route":
      return routeCommand("append", action, device);
    case "delete-route":
      return routeCommand("delete", action, device);
    case "delete-address":
      return `ip -${action.family} address delete ${action.prefix} dev ${device}`;
    case "set-listen-port":
      return `wg set ${device} listen-port ${action.port}`;
    case "extend-interface":
    case "reduce-interface":
      return null; // `describeChange` tells of each peer
    case "set-dns":
      return setDns(action.manager, action.settings, device);
    case "set-fwmark":
      return `wg set ${device} fwmark ${action.fwmark}`;
    case "set-src-valid-mark":
      return "sysctl -q net.ipv4.conf.all.src_valid_mark=1";
    case "add-rule":
      return `ip -${action.family} rule add ${ruleWords(action.rule)}`;
    case "add-unreachable":
      return unreachable("add", action.family, action.table);
    case "add-throw":
      return throwRoute("add", action);
    case "add-firewall":
      if (action.by === "iptables") return iptablesRestore(action.family);
      return `nft -f <(echo "table ${firewallWords(action.family, device)} { ... }")`;
  }
}

/** The command that does the same as `undo` on `device`. */
export function describeUndo(undo: Undo, device: string): string {
  switch (undo.kind) {
    case "delete-interface":
      return `ip link delete dev ${device}`;
    case "delete-rule":
      return `ip -${undo.family} rule delete ${ruleWords(undo.rule)}`;
    case "unset-dns":
      return unsetDns(undo.manager, device);
    case "delete-unreachable":
      return unreachable("delete", undo.family, undo.table);
    case "delete-throw":
      return throwRoute("delete", undo);
    case "delete-firewall":
      if (undo.by === "iptables") return iptablesRestore(undo.family);
      return `nft delete table ${firewallWords(undo.family, device)}`;
    case "restore-src-valid-mark":
      return "sysctl -q net.ipv4.conf.all.src_valid_mark=0";
  }
}

/** Behind `#` is why it is this manager that is asked. */
function setDns(manager: DnsManager, settings: DnsSettings, device: string): string | null {
  switch (manager.kind) {
    case "resolvconf":
      return `resolvconf -a ${manager.prefix}${device} -m 0 -x`;
    case "resolved": {
      const domains = linkDomains(settings)
        .map(([domain, routeOnly]) => quote(`${routeOnly ? "~" : ""}${domain}`));
      return [
        `resolvectl dns ${device} ${settings.servers.join(" ")}`,
        `resolvectl domain ${device} ${domains.join(" ")}`,
        `resolvectl default-route ${device} ${!isSplit(settings)}`,
      ].join(" && ") + ` # ${manager.reason}`;
    }
    case "file": {
      const [, ...lines] = composeResolvConf([{ interface: device, settings }], "").split("\n");
      return `printf '${lines.join("\\n")}' >${manager.path} # ${manager.reason}`;
    }
    case "none":
      return null;
  }
}

function unsetDns(manager: ActiveDnsManager, device: string): string {
  switch (manager.kind) {
    case "resolvconf":
      return `resolvconf -d ${manager.prefix}${device} -f`;
    case "resolved":
      return `resolvectl revert ${device}`;
    case "file":
      return `restore ${manager.path} # without the DNS servers of ${device}`;
  }
}

function routeCommand(
  verb: "add" | "append" | "delete",
  { family, prefix, table }: Pick<Action & { kind: "add-route" }, "family" | "prefix" | "table">,
  device: string,
): string {
  const where = table === null ? "" : ` table ${table}`;
  return `ip -${family} route ${verb} ${prefix} dev ${device}${where}`;
}

function ruleWords(rule: RoutingRule): string {
  switch (rule.match) {
    case "not-fwmark":
      return `not fwmark ${rule.fwmark} table ${rule.table}`;
    case "suppress-default":
      return "table main suppress_prefixlength 0";
    case "fwmark":
      return `fwmark ${rule.fwmark} table main`;
  }
}

function throwRoute(
  verb: "add" | "delete",
  { family, prefix, table }: Extract<Action | Undo, { kind: "add-throw" | "delete-throw" }>,
): string {
  return `ip -${family} route ${verb} throw ${prefix} table ${table}`;
}

function unreachable(verb: "add" | "delete", family: IpFamily, table: number): string {
  return `ip -${family} route ${verb} unreachable default table ${table} ` +
    `metric ${UNREACHABLE_METRIC}`;
}

function firewallWords(family: IpFamily, device: string): string {
  return `${family === 4 ? "ip" : "ip6"} ${firewallTable(device, family).name}`;
}

function iptablesRestore(family: IpFamily): string {
  return `${family === 4 ? "iptables" : "ip6tables"}-restore -n`;
}

/** `text` as one word of a shell command. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

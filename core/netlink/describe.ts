/**
 * The kernel's objects in the words of ip(8), for error messages.
 *
 * @module
 */
import type { InterfaceAddress } from "./address.ts";
import { RT_TABLE_LOCAL, RT_TABLE_MAIN } from "./family.ts";
import type { LinkChange } from "./link.ts";
import {
  type Route,
  RTN_BLACKHOLE,
  RTN_LOCAL,
  RTN_PROHIBIT,
  RTN_THROW,
  RTN_UNICAST,
  RTN_UNREACHABLE,
} from "./route.ts";
import type { Rule } from "./rule.ts";

/** Gives the name of the interface with an index. */
export type LinkName = (index: number) => string;

const ROUTE_TYPES = new Map([
  [RTN_LOCAL, "local"],
  [RTN_BLACKHOLE, "blackhole"],
  [RTN_UNREACHABLE, "unreachable"],
  [RTN_PROHIBIT, "prohibit"],
  [RTN_THROW, "throw"],
]);

/** `10.0.0.1/24 dev wg0`. */
export function describeAddress(item: InterfaceAddress, linkName: LinkName): string {
  const peer = item.peer === undefined ? "" : ` peer ${item.peer}`;
  return `${item.address}${peer} dev ${linkName(item.interfaceIndex)}`;
}

/** `10.0.0.0/8 via 192.0.2.1 dev wg0 table 51820`. */
export function describeRoute(route: Route, linkName: LinkName): string {
  const { type = RTN_UNICAST, destination, gateway, interfaceIndex, table, priority } = route;
  const words = type === RTN_UNICAST ? [] : [ROUTE_TYPES.get(type) ?? `type ${type}`];
  words.push(destination.toString());
  if (gateway !== undefined) words.push(`via ${gateway}`);
  if (interfaceIndex !== undefined) words.push(`dev ${linkName(interfaceIndex)}`);
  if (table !== undefined && table !== RT_TABLE_MAIN) words.push(`table ${tableName(table)}`);
  if (priority !== undefined) words.push(`metric ${priority}`);
  return words.join(" ");
}

/** `IPv4 not fwmark 0xca6c table 51820`. */
export function describeRule(rule: Rule): string {
  const { family, invert, fwmark, fwmask, table, suppressPrefixLength, priority } = rule;
  const words = [`IPv${family}`];
  if (invert === true) words.push("not");
  if (fwmark !== undefined) {
    words.push(`fwmark ${hex(fwmark)}${fwmask === undefined ? "" : `/${hex(fwmask)}`}`);
  }
  if (table !== undefined) words.push(`table ${tableName(table)}`);
  if (suppressPrefixLength !== undefined) {
    words.push(`suppress_prefixlength ${suppressPrefixLength}`);
  }
  if (priority !== undefined) words.push(`priority ${priority}`);
  return words.join(" ");
}

/** `mtu 1420 up`. */
export function describeLinkChange(change: LinkChange): string {
  const { name, mtu, gsoMaxSize, txQueueLength, master, namespace, up } = change;
  const words: string[] = [];
  if (name !== undefined) words.push(`name ${name}`);
  if (mtu !== undefined) words.push(`mtu ${mtu}`);
  if (gsoMaxSize !== undefined) words.push(`gso_max_size ${gsoMaxSize}`);
  if (txQueueLength !== undefined) words.push(`txqueuelen ${txQueueLength}`);
  if (master !== undefined) words.push(`master ${master}`);
  if (namespace !== undefined) {
    words.push("pid" in namespace ? `netns of process ${namespace.pid}` : "another netns");
  }
  if (up !== undefined) words.push(up ? "up" : "down");
  return words.join(" ");
}

function tableName(table: number): string {
  return table === RT_TABLE_MAIN ? "main" : table === RT_TABLE_LOCAL ? "local" : String(table);
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

import type { IpFamily } from "../../../core/ip.ts";
import type { DnsSettings, RoutingRule } from "../../../core/plan.ts";
import type { LinkState, ProcessIdentity, SocketState } from "../../../cli/system/system.ts";
import type { ModelInterface } from "./interface_model.ts";

/** What a {@linkcode ModelSystem} is made of; plain data, so that it can be cloned and compared. */
export interface ModelState {
  links: Record<string, LinkState & { addresses: string[]; mtu: number; up: boolean }>;
  routes: ModelRoute[];
  rules: { family: IpFamily; priority: number; rule: RoutingRule | string }[];
  /** Kernel interfaces that have a key. */
  kernelKeys: Record<string, { fwmark: number }>;
  /** Engines by the name of their interface, which may be gone. */
  engines: Record<string, ProcessIdentity & { fwmark: number; configured: boolean }>;
  sockets: Record<string, SocketState>;
  /** Firewall tables by the name of their interface and the family. */
  firewalls: Record<string, { fwmark: number; addresses: string[] }>;
  /** What engines and the kernel serve, by name. */
  interfaces: Record<string, ModelInterface>;
  srcValidMark: string;
  /** DNS settings by the name of their interface. */
  dns: Record<string, DnsSettings>;
  nextIndex: number;
  nextPid: number;
}

/** A route; through no interface: one that answers "unreachable". */
export interface ModelRoute {
  family: IpFamily;
  prefix: string;
  table: number;
  index: number | null;
  /** Made by the kernel for an address. */
  isKernels?: true;
}

/** A system with what every Linux has, and a rule and a route of somebody else's. */
export function emptyState(): ModelState {
  return {
    links: { eth0: { index: 2, kind: "", addresses: ["192.0.2.9/24"], mtu: 1500, up: true } },
    routes: [{ family: 4, prefix: "0.0.0.0/0", table: 254, index: 2 }],
    rules: ([4, 6] as const).flatMap((family) => [
      { family, priority: 0, rule: "local" },
      { family, priority: 32766, rule: "main" },
    ]),
    kernelKeys: {},
    engines: {},
    sockets: {},
    firewalls: {},
    interfaces: {},
    srcValidMark: "0",
    dns: {},
    nextIndex: 3,
    nextPid: 100,
  };
}

/** A route as the kernel keeps it; a `table` of null is the main one. */
export function modelRoute(index: number, prefix: string, table: number | null): ModelRoute {
  return { family: prefix.includes(":") ? 6 : 4, prefix, table: table ?? 254, index };
}

/** Removes the first item that `predicate` holds for, if there is one. */
export function removeFirst<T>(list: T[], predicate: (item: T) => boolean): void {
  const index = list.findIndex(predicate);
  if (index >= 0) list.splice(index, 1);
}

/** Hosts for tests of `wgts doctor`. */
import assert from "node:assert/strict";
import type {
  HostView,
  SeenConfig,
  SeenLink,
  SeenRoute,
  SeenRunning,
  SeenTunnel,
} from "../../../core/doctor/host_view.ts";
import { IpAddress, IpPrefix } from "../../../core/ip.ts";

/** 2026-02-23 12:00:00 UTC */
export const WALL = 1_771_848_000_000;

/** A host of which nothing is to be told. */
export const HEALTHY: HostView = {
  wall: WALL,
  newestFile: { path: "/etc/resolv.conf", time: WALL - 1000 },
  isRoot: true,
  netAdmin: true,
  netBindService: true,
  unprivilegedPortStart: 1024,
  tun: { isLoaded: true, error: null },
  ipv6: "on",
  nfTables: { value: { 4: null, 6: null } },
  iptables: { 4: false, 6: false },
  dns: { value: { manager: "", isUsable: true, detail: "/etc/resolv.conf can be written" } },
  buffers: { value: { receive: 14 << 20, send: 14 << 20 } },
  missingOffloads: { value: [] },
  crypto: { value: { description: "native for transport data", isFast: true } },
  files: { value: [] },
  ended: [],
  journals: { value: [] },
  unreadable: [],
  tunnels: [],
  links: [link("lo", { index: 1, mtu: 65536 }), link("eth0", { index: 2 })],
  routes: [route("0.0.0.0/0", { hasGateway: true }), route("192.168.1.0/24")],
  udpPorts: new Set([53]),
  rpFilter: 0,
  srcValidMark: { isSet: false, isWritable: true },
};

export function address(text: string): IpAddress {
  return IpAddress.parse(text) ?? assert.fail(text);
}

export function prefix(text: string): IpPrefix {
  return IpPrefix.parse(text) ?? assert.fail(text);
}

export function link(name: string, values: Partial<SeenLink> = {}): SeenLink {
  return { index: 2, name, kind: "", mtu: 1500, up: true, rpFilter: 0, ...values };
}

export function route(destination: string, values: Partial<SeenRoute> = {}): SeenRoute {
  return {
    destination: prefix(destination),
    table: 254,
    interfaceIndex: 2,
    hasGateway: false,
    metric: 0,
    ...values,
  };
}

export function config(values: Partial<SeenConfig> = {}): SeenConfig {
  return {
    addresses: [prefix("10.0.0.1/24")],
    listenPort: 0,
    mtu: null,
    automaticRoutes: true,
    nameservers: 0,
    ...values,
  };
}

/** A tunnel that isn't running. */
export function tunnel(
  name: string,
  allowedIps: readonly string[] = [],
  values: Partial<SeenTunnel> = {},
): SeenTunnel {
  return {
    name,
    config: config(),
    running: null,
    endpoints: [],
    allowedIps: allowedIps.map(prefix),
    ...values,
  };
}

export function running(values: Partial<SeenRunning> = {}): SeenRunning {
  return { backend: "wgts", isHere: true, listenPort: 51820, fwmark: 0, ...values };
}

/** The way to an endpoint by eth0. */
export function endpoint(text: string, mtu: number | null, interfaceName: string | null = "eth0") {
  return { address: address(text), interfaceName, mtu };
}

/**
 * Routes (RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE; `struct rtmsg`, 12 bytes).
 *
 * Source: ip-route(8), rtnetlink(7), linux/rtnetlink.h, Documentation/netlink/specs/rt-route.yaml.
 *
 * @module
 */
import { IpAddress, type IpFamily, IpPrefix } from "../ip.ts";
import {
  type Attribute,
  AttributeEncoder,
  decodeAttributes,
  NetlinkFormatError,
} from "./attributes.ts";
import {
  addressSize,
  familyNumber,
  RT_SCOPE_HOST,
  RT_SCOPE_LINK,
  RT_SCOPE_NOWHERE,
  RT_SCOPE_UNIVERSE,
  RT_TABLE_MAIN,
  RT_TABLE_UNSPEC,
  RTPROT_BOOT,
  RTPROT_UNSPEC,
} from "./family.ts";
import {
  type NetlinkRequest,
  NLM_F_APPEND,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_EXCL,
  NLM_F_REPLACE,
} from "./message.ts";

export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;

/** Route types. */
export const RTN_UNSPEC = 0;
export const RTN_UNICAST = 1;
export const RTN_LOCAL = 2;
export const RTN_BROADCAST = 3;
export const RTN_ANYCAST = 4;
export const RTN_MULTICAST = 5;
export const RTN_BLACKHOLE = 6;
export const RTN_UNREACHABLE = 7;
export const RTN_PROHIBIT = 8;
export const RTN_THROW = 9;

const RTM_F_LOOKUP_TABLE = 0x1000;

const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_PREFSRC = 7;
const RTA_METRICS = 8;
const RTA_TABLE = 15;
const RTA_MARK = 16;
const RTA_VIA = 18;
const RTAX_MTU = 2;

const HEADER_SIZE = 12;

/** A route to add, or what is known of one to delete. */
export interface Route {
  /** Without host bits; `0.0.0.0/0` or `::/0` is the default route. */
  readonly destination: IpPrefix;
  /** Routing table, the main one (254) by default. */
  readonly table?: number;
  /** RTN_…, unicast by default. */
  readonly type?: number;
  /** The interface packets leave by. */
  readonly interfaceIndex?: number;
  /** The next router; may be an IPv6 address for an IPv4 destination. */
  readonly gateway?: IpAddress;
  /** "metric": the lowest is preferred. By default 0 for IPv4, and 1024 (kernel's choice) for IPv6. */
  readonly priority?: number;
  /** The source address that packets take by default. */
  readonly preferredSource?: IpAddress;
  /** Largest packet on this route, in bytes. */
  readonly mtu?: number;
  /** RT_SCOPE_…; by default as ip-route(8) derives it from type and gateway. */
  readonly scope?: number;
  /** RTPROT_…: who made it; boot by default, as with ip-route(8). */
  readonly protocol?: number;
  /** Type of service that packets must have; 0, any, by default. */
  readonly tos?: number;
  /** Other metrics than the MTU. */
  readonly metrics?: readonly Attribute[];
  /** Any other attributes: those of several next hops, for one. */
  readonly attributes?: readonly Attribute[];
}

/** A route as the kernel lists it. */
export interface KernelRoute extends Route {
  readonly table: number;
  readonly type: number;
  readonly scope: number;
  readonly protocol: number;
  readonly tos: number;
  /** RTM_F_… and RTNH_F_… flags. */
  readonly flags: number;
  readonly metrics: readonly Attribute[];
  readonly attributes: readonly Attribute[];
}

/** Which routes to list; what is left out matches any. */
export interface RouteFilter {
  readonly table?: number;
  readonly interfaceIndex?: number;
  readonly protocol?: number;
}

/** A request for the routes of `family`. Kernels before 4.20 ignore the filter: apply it to the answer. */
export function dumpRoutes(family: IpFamily, filter: RouteFilter = {}): NetlinkRequest {
  const { table = RT_TABLE_UNSPEC, protocol = RTPROT_UNSPEC, interfaceIndex } = filter;
  const header = new Uint8Array(HEADER_SIZE);
  header[0] = familyNumber(family);
  header[5] = protocol;
  const encoder = new AttributeEncoder(header);
  if (table !== RT_TABLE_UNSPEC) encoder.u32(RTA_TABLE, table);
  if (interfaceIndex !== undefined) encoder.u32(RTA_OIF, interfaceIndex);
  return { type: RTM_GETROUTE, flags: NLM_F_DUMP, payload: encoder.finish() };
}

/** A request for the route that a packet to `destination` with firewall mark `mark` takes. */
export function getRoute(destination: IpAddress, mark = 0): NetlinkRequest {
  const header = new Uint8Array(HEADER_SIZE);
  header[0] = familyNumber(destination.family);
  header[1] = destination.bits;
  // IPv6 tells the table anyway, and refuses the flag.
  const flags = destination.family === 4 ? RTM_F_LOOKUP_TABLE : 0;
  new DataView(header.buffer).setUint32(8, flags, true);
  const encoder = new AttributeEncoder(header).bytes(RTA_DST, destination.bytes);
  if (mark !== 0) encoder.u32(RTA_MARK, mark);
  return { type: RTM_GETROUTE, flags: 0, payload: encoder.finish() };
}

/** What a request to add a route does when there is one like it: fail with EEXIST, or as it says. */
export type IfExisting = "fail" | "replace" | "append";

const FLAGS_IF_EXISTING: Readonly<Record<IfExisting, number>> = {
  fail: NLM_F_EXCL,
  replace: NLM_F_REPLACE,
  append: NLM_F_APPEND,
};

/** A request to add a route. */
export function newRoute(route: Route, ifExisting: IfExisting = "fail"): NetlinkRequest {
  const { type = RTN_UNICAST, scope = defaultScope(route), protocol = RTPROT_BOOT } = route;
  const flags = NLM_F_CREATE | FLAGS_IF_EXISTING[ifExisting];
  return { type: RTM_NEWROUTE, flags, payload: encodeRoute(route, type, scope, protocol) };
}

/** A request to delete the first route that agrees in all that `route` tells; ESRCH when none does. */
export function deleteRoute(route: Route): NetlinkRequest {
  const anyScope = route.destination.family === 4 ? RT_SCOPE_NOWHERE : RT_SCOPE_UNIVERSE;
  const { type = RTN_UNSPEC, scope = anyScope, protocol = RTPROT_UNSPEC } = route;
  return { type: RTM_DELROUTE, flags: 0, payload: encodeRoute(route, type, scope, protocol) };
}

/**
 * Decodes an RTM_NEWROUTE or RTM_DELROUTE. Returns null for other families than IPv4 and IPv6.
 * @throws {NetlinkFormatError} on a malformed message.
 */
export function decodeRoute(payload: Uint8Array): KernelRoute | null {
  if (payload.length < HEADER_SIZE) {
    throw new NetlinkFormatError(`route message of ${payload.length} bytes`);
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const size = addressSize(view.getUint8(0));
  if (size === 0) return null;
  const length = view.getUint8(1);
  if (length > size * 8) throw new NetlinkFormatError(`route message with a /${length}`);
  const attributes = decodeAttributes(payload, HEADER_SIZE);
  const destination = attributes.find(({ type }) => type === RTA_DST)?.bytes(size) ??
    new Uint8Array(size);
  const metrics: Attribute[] = [], others: Attribute[] = [];
  const route: { -readonly [K in keyof KernelRoute]: KernelRoute[K] } = {
    destination: new IpPrefix(IpAddress.fromBytes(destination), length),
    table: view.getUint8(4),
    protocol: view.getUint8(5),
    scope: view.getUint8(6),
    type: view.getUint8(7),
    tos: view.getUint8(3),
    flags: view.getUint32(8, true),
    metrics,
    attributes: others,
  };
  for (const attribute of attributes) {
    switch (attribute.type) {
      case RTA_DST:
        break;
      case RTA_TABLE:
        route.table = attribute.u32();
        break;
      case RTA_OIF:
        route.interfaceIndex = attribute.u32();
        break;
      case RTA_PRIORITY:
        route.priority = attribute.u32();
        break;
      case RTA_GATEWAY:
        route.gateway = IpAddress.fromBytes(attribute.bytes(size));
        break;
      case RTA_VIA:
        route.gateway = decodeVia(attribute);
        break;
      case RTA_PREFSRC:
        route.preferredSource = IpAddress.fromBytes(attribute.bytes(size));
        break;
      case RTA_METRICS:
        for (const metric of attribute.nested()) {
          if (metric.type === RTAX_MTU) route.mtu = metric.u32();
          else metrics.push(metric);
        }
        break;
      default:
        others.push(attribute);
    }
  }
  return route;
}

/** Whether `route` is one that `filter` asks for. */
export function routeMatches(route: KernelRoute, filter: RouteFilter): boolean {
  return (filter.table === undefined || filter.table === route.table) &&
    (filter.interfaceIndex === undefined || filter.interfaceIndex === route.interfaceIndex) &&
    (filter.protocol === undefined || filter.protocol === route.protocol);
}

/** The scope that ip-route(8) gives a new route. */
function defaultScope({ destination, type = RTN_UNICAST, gateway }: Route): number {
  if (destination.family === 6) return RT_SCOPE_UNIVERSE;
  switch (type) {
    case RTN_LOCAL:
      return RT_SCOPE_HOST;
    case RTN_BROADCAST:
    case RTN_MULTICAST:
    case RTN_ANYCAST:
      return RT_SCOPE_LINK;
    case RTN_UNICAST:
      return gateway === undefined ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    default:
      return RT_SCOPE_UNIVERSE;
  }
}

function encodeRoute(route: Route, type: number, scope: number, protocol: number): Uint8Array {
  const { destination: { address, length }, table = RT_TABLE_MAIN, gateway, mtu } = route;
  const { metrics = [], attributes = [], tos = 0 } = route;
  const tableByte = table <= 0xff ? table : RT_TABLE_UNSPEC;
  const encoder = new AttributeEncoder(
    // deno-fmt-ignore
    new Uint8Array([
      familyNumber(address.family), length, 0, tos, tableByte, protocol, scope, type, 0, 0, 0, 0,
    ]),
  ).bytes(RTA_DST, address.bytes);
  if (gateway !== undefined) {
    if (gateway.family === address.family) encoder.bytes(RTA_GATEWAY, gateway.bytes);
    else encoder.bytes(RTA_VIA, encodeVia(gateway));
  }
  if (route.priority !== undefined) encoder.u32(RTA_PRIORITY, route.priority);
  if (table > 0xff) encoder.u32(RTA_TABLE, table);
  if (route.interfaceIndex !== undefined) encoder.u32(RTA_OIF, route.interfaceIndex);
  if (route.preferredSource !== undefined) encoder.bytes(RTA_PREFSRC, route.preferredSource.bytes);
  if (mtu !== undefined || metrics.length > 0) {
    encoder.nested(RTA_METRICS, (nested) => {
      nested.attributes(metrics);
      if (mtu !== undefined) nested.u32(RTAX_MTU, mtu);
    });
  }
  return encoder.attributes(attributes).finish();
}

/** `struct rtvia`: a 16-bit address family, then the address. */
function encodeVia(gateway: IpAddress): Uint8Array {
  return new Uint8Array([familyNumber(gateway.family), 0, ...gateway.bytes]);
}

function decodeVia({ payload }: Attribute): IpAddress {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const size = payload.length < 2 ? 0 : addressSize(view.getUint16(0, true));
  if (size === 0 || payload.length !== 2 + size) {
    throw new NetlinkFormatError(`route with a gateway of ${payload.length} bytes`);
  }
  return IpAddress.fromBytes(payload.slice(2));
}

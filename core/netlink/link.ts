/**
 * Network interfaces (RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK; `struct ifinfomsg`, 16 bytes).
 *
 * Source: rtnetlink(7), linux/if_link.h, Documentation/netlink/specs/rt-link.yaml.
 *
 * @module
 */
import {
  type Attribute,
  AttributeEncoder,
  decodeAttributes,
  NetlinkFormatError,
} from "./attributes.ts";
import { type NetlinkRequest, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL } from "./message.ts";

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;

/** Interface flags of netdevice(7). */
export const IFF_UP = 0x1;
export const IFF_RUNNING = 0x40;

const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_MASTER = 10;
const IFLA_TXQLEN = 13;
const IFLA_LINKINFO = 18;
const IFLA_NET_NS_PID = 19;
const IFLA_NET_NS_FD = 28;
const IFLA_EXT_MASK = 29;
const IFLA_GSO_MAX_SIZE = 41;
const IFLA_NEW_NETNSID = 45;
const IFLA_TARGET_NETNSID = 46;
const IFLA_NEW_IFINDEX = 49;

const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const VETH_INFO_PEER = 1;
const RTEXT_FILTER_SKIP_STATS = 1 << 3;

const HEADER_SIZE = 16;
/** IFNAMSIZ: the longest interface name with its NUL. */
const IFNAMSIZ = 16;

/** An interface as the kernel describes it. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** Largest packet in bytes; 0 when not told. */
  readonly mtu: number;
  /** IFF_… flags. */
  readonly flags: number;
  /** Administratively up (IFF_UP). */
  readonly up: boolean;
  /** Able to carry packets (IFF_RUNNING). */
  readonly running: boolean;
  /** Hardware type (ARPHRD_…): 1 Ethernet, 772 loopback, 65534 none, as a TUN or WireGuard. */
  readonly hardwareType: number;
  /** Link-layer address, empty where there is none. */
  readonly hardwareAddress: Uint8Array;
  /** What it was created as: "tun", "wireguard", "veth", "bridge"…; "" for hardware and loopback. */
  readonly kind: string;
  /** Index of the bridge or bond it belongs to, 0 if none. */
  readonly master: number;
  /** Length of the transmit queue in packets. */
  readonly txQueueLength: number;
  /** The id of the namespace that it is in, as seen from here, in the answer to a request that named one. */
  readonly namespaceId?: number;
  /** In the RTM_DELLINK of a move: the other namespace's id as seen from here (-1: none). */
  readonly newNamespaceId?: number;
  /** In the RTM_DELLINK of a move: the index in the other namespace. */
  readonly newIndex?: number;
  /** All other attributes. */
  readonly attributes: readonly Attribute[];
}

/** Changes to an interface; what is left out stays as it is. */
export interface LinkChange {
  readonly up?: boolean;
  /** Bytes. */
  readonly mtu?: number;
  /** New name, at most 15 bytes. */
  readonly name?: string;
  /** Index of a bridge to join; 0 leaves. */
  readonly master?: number;
  /** Largest TCP super-packet in bytes that the stack hands to the device. */
  readonly gsoMaxSize?: number;
  /** Length of the transmit queue in packets. */
  readonly txQueueLength?: number;
  /** Another network namespace to move to. */
  readonly namespace?: NamespaceReference;
}

/** A network namespace: that of a process, or the one that a file descriptor is open on. */
export type NamespaceReference = { readonly pid: number } | { readonly fd: number };

/**
 * A request for all interfaces, or those of a kind. A kernel that doesn't know the kind lists all, and so
 * do those before Linux 4.6.
 */
export function dumpLinks(kind?: string): NetlinkRequest {
  const attributes = encoder().u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  if (kind !== undefined) appendKind(attributes, kind);
  return request(RTM_GETLINK, NLM_F_DUMP, attributes);
}

/**
 * A request for one interface, in the namespace with that id as seen from here, by default in the socket's
 * own. The kernel answers ENODEV when there is none, and wants CAP_NET_ADMIN for another namespace.
 */
export function getLink(
  which: { readonly name: string } | { readonly index: number },
  namespaceId: number | null = null,
): NetlinkRequest {
  const attributes = encoder("index" in which ? which.index : 0)
    .u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  if ("name" in which) attributes.string(IFLA_IFNAME, which.name, IFNAMSIZ);
  if (namespaceId !== null) attributes.i32(IFLA_TARGET_NETNSID, namespaceId);
  return request(RTM_GETLINK, 0, attributes);
}

/** A request to change the interface `index`. */
export function changeLink(index: number, change: LinkChange): NetlinkRequest {
  const flags = change.up === undefined ? 0 : IFF_UP;
  const attributes = encoder(index, change.up === true ? IFF_UP : 0, flags);
  const { mtu, name, master, gsoMaxSize, txQueueLength, namespace } = change;
  if (mtu !== undefined) attributes.u32(IFLA_MTU, mtu);
  if (name !== undefined) attributes.string(IFLA_IFNAME, name, IFNAMSIZ);
  if (master !== undefined) attributes.u32(IFLA_MASTER, master);
  if (gsoMaxSize !== undefined) attributes.u32(IFLA_GSO_MAX_SIZE, gsoMaxSize);
  if (txQueueLength !== undefined) attributes.u32(IFLA_TXQLEN, txQueueLength);
  if (namespace !== undefined) appendNamespace(attributes, namespace);
  return request(RTM_NEWLINK, 0, attributes);
}

/** A request to delete the interface `index`. */
export function deleteLink(index: number): NetlinkRequest {
  return request(RTM_DELLINK, 0, encoder(index));
}

/**
 * A request to create an interface of a kind that needs no parameters: "bridge", "wireguard"…; in the
 * socket's own namespace by default.
 */
export function createLink(
  name: string,
  kind: string,
  namespace?: NamespaceReference,
): NetlinkRequest {
  const attributes = encoder().string(IFLA_IFNAME, name, IFNAMSIZ);
  if (namespace !== undefined) appendNamespace(attributes, namespace);
  appendKind(attributes, kind);
  return request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, attributes);
}

/** One end of a veth pair. */
export interface VethEnd {
  readonly name: string;
  /** Where to create it; the caller's namespace by default. */
  readonly namespace?: NamespaceReference;
}

/** A request to create a veth pair. */
export function createVethPair(end: VethEnd, peer: VethEnd): NetlinkRequest {
  const append = (attributes: AttributeEncoder, { name, namespace }: VethEnd) => {
    if (namespace !== undefined) appendNamespace(attributes, namespace);
    attributes.string(IFLA_IFNAME, name, IFNAMSIZ);
  };
  const attributes = encoder();
  append(attributes, end);
  attributes.nested(IFLA_LINKINFO, (info) => {
    info.bytes(IFLA_INFO_KIND, new TextEncoder().encode("veth"));
    info.nested(IFLA_INFO_DATA, (data) => {
      data.nested(VETH_INFO_PEER, (other) => append(other, peer), header(0, 0, 0));
    });
  });
  return request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, attributes);
}

/**
 * Decodes an RTM_NEWLINK or RTM_DELLINK. Returns null for one that speaks of an interface in a role
 * only (as a bridge's port, AF_BRIDGE): its RTM_DELLINK doesn't mean that the interface is gone.
 * @throws {NetlinkFormatError} on a malformed message.
 */
export function decodeLink(payload: Uint8Array): Link | null {
  if (payload.length < HEADER_SIZE) {
    throw new NetlinkFormatError(`link message of ${payload.length} bytes`);
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  if (view.getUint8(0) !== 0) return null;
  const flags = view.getUint32(8, true);
  const others: Attribute[] = [];
  const link = {
    index: view.getInt32(4, true),
    name: "",
    mtu: 0,
    flags,
    up: (flags & IFF_UP) !== 0,
    running: (flags & IFF_RUNNING) !== 0,
    hardwareType: view.getUint16(2, true),
    hardwareAddress: new Uint8Array(0),
    kind: "",
    master: 0,
    txQueueLength: 0,
    attributes: others,
  } as { -readonly [K in keyof Link]: Link[K] };
  for (const attribute of decodeAttributes(payload, HEADER_SIZE)) {
    switch (attribute.type) {
      case IFLA_IFNAME:
        link.name = attribute.string();
        break;
      case IFLA_MTU:
        link.mtu = attribute.u32();
        break;
      case IFLA_ADDRESS:
        link.hardwareAddress = new Uint8Array(attribute.payload);
        break;
      case IFLA_MASTER:
        link.master = attribute.u32();
        break;
      case IFLA_TXQLEN:
        link.txQueueLength = attribute.u32();
        break;
      case IFLA_TARGET_NETNSID:
        link.namespaceId = attribute.i32();
        break;
      case IFLA_NEW_NETNSID:
        link.newNamespaceId = attribute.i32();
        break;
      case IFLA_NEW_IFINDEX:
        link.newIndex = attribute.i32();
        break;
      case IFLA_LINKINFO:
        link.kind = attribute.nested().find((a) => a.type === IFLA_INFO_KIND)?.string() ?? "";
        others.push(attribute);
        break;
      default:
        others.push(attribute);
    }
  }
  return link;
}

function header(index: number, flags: number, change: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_SIZE);
  const view = new DataView(bytes.buffer);
  view.setInt32(4, index, true);
  view.setUint32(8, flags, true);
  view.setUint32(12, change, true);
  return bytes;
}

function encoder(index = 0, flags = 0, change = 0): AttributeEncoder {
  return new AttributeEncoder(header(index, flags, change));
}

function request(type: number, flags: number, attributes: AttributeEncoder): NetlinkRequest {
  return { type, flags, payload: attributes.finish() };
}

function appendKind(attributes: AttributeEncoder, kind: string): void {
  const text = new TextEncoder().encode(kind);
  attributes.nested(IFLA_LINKINFO, (info) => info.bytes(IFLA_INFO_KIND, text));
}

function appendNamespace(attributes: AttributeEncoder, namespace: NamespaceReference): void {
  if ("pid" in namespace) attributes.u32(IFLA_NET_NS_PID, namespace.pid);
  else attributes.u32(IFLA_NET_NS_FD, namespace.fd);
}

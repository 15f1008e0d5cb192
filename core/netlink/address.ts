/**
 * Interface addresses (RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR; `struct ifaddrmsg`, 8 bytes).
 *
 * Source: rtnetlink(7), linux/if_addr.h, Documentation/netlink/specs/rt-addr.yaml.
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
import { addressSize, familyNumber, RT_SCOPE_HOST, RT_SCOPE_UNIVERSE } from "./family.ts";
import {
  type NetlinkRequest,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_EXCL,
  NLM_F_REPLACE,
} from "./message.ts";

export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;

/** Address flags of linux/if_addr.h. This one: another IPv4 address of the same subnet came before. */
export const IFA_F_SECONDARY = 0x01;
export const IFA_F_NODAD = 0x02;
/** The kernel made it up (RFC 7217). */
export const IFA_F_STABLE_PRIVACY = 0x800;

const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_LABEL = 3;
const IFA_FLAGS = 8;

const HEADER_SIZE = 8;
const IFNAMSIZ = 16;

/** An address to give to an interface. */
export interface InterfaceAddress {
  readonly interfaceIndex: number;
  /** The address and the length of its network's prefix. */
  readonly address: IpPrefix;
  /** The other end of a point-to-point link; then the prefix is that address's. */
  readonly peer?: IpAddress;
  /** RT_SCOPE_…; by default universe ("global"), for IPv4 loopback addresses host, as ip(8) has it. */
  readonly scope?: number;
  /** IFA_F_… flags. */
  readonly flags?: number;
  /** IPv4 only: the alias name that old tools show. */
  readonly label?: string;
  /** Any other attributes. */
  readonly attributes?: readonly Attribute[];
}

/** An address as the kernel lists it. */
export interface KernelAddress extends InterfaceAddress {
  readonly scope: number;
  readonly flags: number;
  readonly attributes: readonly Attribute[];
}

/** A request for all addresses of `family`, of one interface where `interfaceIndex` isn't 0. */
export function dumpAddresses(family: 0 | IpFamily, interfaceIndex: number): NetlinkRequest {
  const payload = header(familyNumber(family), 0, 0, 0, interfaceIndex);
  return { type: RTM_GETADDR, flags: NLM_F_DUMP, payload };
}

/** A request to add an address; EEXIST when it is there, unless it `replace`s it. */
export function newAddress(address: InterfaceAddress, replace = false): NetlinkRequest {
  const flags = NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL);
  return { type: RTM_NEWADDR, flags, payload: encodeAddress(address) };
}

/** A request to delete an address; EADDRNOTAVAIL when it isn't there. */
export function deleteAddress(address: InterfaceAddress): NetlinkRequest {
  return { type: RTM_DELADDR, flags: 0, payload: encodeAddress(address) };
}

/**
 * Decodes an RTM_NEWADDR or RTM_DELADDR. Returns null for other families than IPv4 and IPv6.
 * @throws {NetlinkFormatError} on a malformed message.
 */
export function decodeAddress(payload: Uint8Array): KernelAddress | null {
  if (payload.length < HEADER_SIZE) {
    throw new NetlinkFormatError(`address message of ${payload.length} bytes`);
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const size = addressSize(view.getUint8(0));
  if (size === 0) return null;
  let flags = view.getUint8(2), label = "";
  let local: IpAddress | null = null, remote: IpAddress | null = null;
  const attributes: Attribute[] = [];
  for (const attribute of decodeAttributes(payload, HEADER_SIZE)) {
    switch (attribute.type) {
      case IFA_LOCAL:
        local = IpAddress.fromBytes(attribute.bytes(size));
        break;
      case IFA_ADDRESS:
        remote = IpAddress.fromBytes(attribute.bytes(size));
        break;
      case IFA_LABEL:
        label = attribute.string();
        break;
      case IFA_FLAGS:
        flags = attribute.u32();
        break;
      default:
        attributes.push(attribute);
    }
  }
  // IPv6 names only IFA_ADDRESS, unless there is a peer.
  const own = local ?? remote;
  if (own === null) throw new NetlinkFormatError("address message without an address");
  const length = view.getUint8(1);
  if (length > size * 8) throw new NetlinkFormatError(`address message with a /${length}`);
  const isPeer = remote !== null && !remote.equals(own);
  return {
    interfaceIndex: view.getUint32(4, true),
    address: new IpPrefix(own, length),
    ...(isPeer && remote !== null ? { peer: remote } : {}),
    scope: view.getUint8(3),
    flags,
    ...(label === "" ? {} : { label }),
    attributes,
  };
}

function encodeAddress(item: InterfaceAddress): Uint8Array {
  const { address: { address, length }, interfaceIndex, flags = 0, label } = item;
  const { attributes = [] } = item;
  const scope = item.scope ?? (isLoopback4(address) ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE);
  const encoder = new AttributeEncoder(
    header(familyNumber(address.family), length, flags & 0xff, scope, interfaceIndex),
  )
    .bytes(IFA_LOCAL, address.bytes)
    .bytes(IFA_ADDRESS, (item.peer ?? address).bytes);
  if (label !== undefined) encoder.string(IFA_LABEL, label, IFNAMSIZ);
  if (flags > 0xff) encoder.u32(IFA_FLAGS, flags);
  return encoder.attributes(attributes).finish();
}

function isLoopback4({ family, bytes }: IpAddress): boolean {
  return family === 4 && bytes[0] === 127;
}

function header(family: number, length: number, flags: number, scope: number, index: number) {
  const bytes = new Uint8Array([family, length, flags, scope, 0, 0, 0, 0]);
  new DataView(bytes.buffer).setUint32(4, index, true);
  return bytes;
}

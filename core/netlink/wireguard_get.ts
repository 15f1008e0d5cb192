/**
 * WG_CMD_GET_DEVICE: the state of a kernel interface, in as many messages as it takes. Only the first
 * tells of the interface itself; a peer whose allowed IPs don't fit goes on in the next message, under
 * its public key alone.
 *
 * Source: linux/wireguard.h, Documentation/netlink/specs/wireguard.yaml.
 *
 * @module
 */
import type { InterfaceState, PeerState } from "../interface_state.ts";
import { IpAddress, IpPrefix } from "../ip.ts";
import { isZeroKey } from "../keys.ts";
import { equalBytes, secretBytes } from "../memory.ts";
import { type Attribute, decodeAttributes, NetlinkFormatError } from "./attributes.ts";
import { addressSize } from "./family.ts";
import { GENERIC_HEADER_SIZE, genericEncoder } from "./generic.ts";
import { type NetlinkRequest, NLM_F_DUMP } from "./message.ts";
import { decodeSockaddr, type ZoneOf } from "./wireguard_endpoint.ts";
import {
  IFNAMSIZ,
  WG_CMD_GET_DEVICE,
  WG_GENL_VERSION,
  WG_KEY_LEN,
  WGALLOWEDIP_A_CIDR_MASK,
  WGALLOWEDIP_A_FAMILY,
  WGALLOWEDIP_A_IPADDR,
  WGDEVICE_A_FWMARK,
  WGDEVICE_A_IFNAME,
  WGDEVICE_A_LISTEN_PORT,
  WGDEVICE_A_PEERS,
  WGDEVICE_A_PRIVATE_KEY,
  WGDEVICE_A_PUBLIC_KEY,
  WGPEER_A_ALLOWEDIPS,
  WGPEER_A_ENDPOINT,
  WGPEER_A_LAST_HANDSHAKE_TIME,
  WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL,
  WGPEER_A_PRESHARED_KEY,
  WGPEER_A_PUBLIC_KEY,
  WGPEER_A_RX_BYTES,
  WGPEER_A_TX_BYTES,
} from "./wireguard.ts";

/** What one message tells of an interface. Holds secrets. */
export type DevicePart = Partial<Omit<InterfaceState, "name" | "peers">> & {
  readonly peers: PeerState[];
};

/**
 * A request for the state of the interface `name`, of the family numbered `family`. The kernel answers
 * ENODEV when there is no such interface, EOPNOTSUPP when it is none of WireGuard's.
 */
export function getDevice(family: number, name: string): NetlinkRequest {
  const payload = genericEncoder(WG_CMD_GET_DEVICE, WG_GENL_VERSION)
    .string(WGDEVICE_A_IFNAME, name, IFNAMSIZ)
    .finish();
  return { type: family, flags: NLM_F_DUMP, payload };
}

/**
 * Decodes one message of the answer to {@linkcode getDevice}. Copies what it takes from `payload`.
 * @throws {NetlinkFormatError} on a malformed message.
 */
export function decodeDevice(payload: Uint8Array, zoneOf: ZoneOf): DevicePart {
  const part: DevicePart = { peers: [] };
  for (const attribute of decodeAttributes(payload, GENERIC_HEADER_SIZE)) {
    switch (attribute.type) {
      case WGDEVICE_A_PRIVATE_KEY:
        part.privateKey = key(attribute);
        break;
      case WGDEVICE_A_PUBLIC_KEY:
        part.publicKey = key(attribute);
        break;
      case WGDEVICE_A_LISTEN_PORT:
        part.listenPort = attribute.u16();
        break;
      case WGDEVICE_A_FWMARK:
        part.fwmark = attribute.u32();
        break;
      case WGDEVICE_A_PEERS:
        for (const peer of attribute.nested()) part.peers.push(decodePeer(peer, zoneOf));
        break;
    }
  }
  return part;
}

/** Puts the parts of an answer together; their peers become those of the state. */
export function joinDevice(name: string, parts: readonly DevicePart[]): InterfaceState {
  const state: InterfaceState = {
    name,
    privateKey: null,
    publicKey: null,
    listenPort: 0,
    fwmark: 0,
    peers: [],
  };
  for (const { peers, ...device } of parts) {
    Object.assign(state, device);
    for (const peer of peers) {
      const last = state.peers.at(-1);
      if (last === undefined || !equalBytes(last.publicKey, peer.publicKey)) state.peers.push(peer);
      else for (const prefix of peer.allowedIps) last.allowedIps.push(prefix);
    }
  }
  return state;
}

function decodePeer(nest: Attribute, zoneOf: ZoneOf): PeerState {
  let publicKey: Uint8Array | null = null;
  const peer: Omit<PeerState, "publicKey"> = {
    presharedKey: null,
    endpoint: null,
    lastHandshake: { seconds: 0, nanoseconds: 0 },
    receivedBytes: 0,
    sentBytes: 0,
    persistentKeepalive: 0,
    allowedIps: [],
  };
  for (const attribute of nest.nested()) {
    if (attribute.type === WGPEER_A_PUBLIC_KEY) publicKey = attribute.bytes(WG_KEY_LEN);
    else decodePeerAttribute(peer, attribute, zoneOf);
  }
  if (publicKey === null) throw new NetlinkFormatError("a WireGuard peer without a public key");
  return { publicKey, ...peer };
}

function decodePeerAttribute(
  peer: Omit<PeerState, "publicKey">,
  attribute: Attribute,
  zoneOf: ZoneOf,
): void {
  switch (attribute.type) {
    case WGPEER_A_PRESHARED_KEY: {
      const presharedKey = key(attribute);
      peer.presharedKey = isZeroKey(presharedKey) ? null : presharedKey;
      break;
    }
    case WGPEER_A_ENDPOINT:
      peer.endpoint = decodeSockaddr(attribute.payload, zoneOf);
      break;
    case WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL:
      peer.persistentKeepalive = attribute.u16();
      break;
    case WGPEER_A_LAST_HANDSHAKE_TIME: {
      // struct __kernel_timespec: seconds and nanoseconds, 64 bits each
      const { buffer, byteOffset } = attribute.bytes(16);
      const view = new DataView(buffer, byteOffset, 16);
      peer.lastHandshake = {
        seconds: Number(view.getBigInt64(0, true)),
        nanoseconds: Number(view.getBigInt64(8, true)),
      };
      break;
    }
    case WGPEER_A_RX_BYTES:
      peer.receivedBytes = Number(attribute.u64());
      break;
    case WGPEER_A_TX_BYTES:
      peer.sentBytes = Number(attribute.u64());
      break;
    case WGPEER_A_ALLOWEDIPS:
      for (const nest of attribute.nested()) peer.allowedIps.push(String(decodeAllowedIp(nest)));
      break;
  }
}

function decodeAllowedIp(nest: Attribute): IpPrefix {
  let size = 0, length = 0;
  let bytes: Uint8Array = new Uint8Array(0);
  for (const attribute of nest.nested()) {
    if (attribute.type === WGALLOWEDIP_A_FAMILY) size = addressSize(attribute.u16());
    else if (attribute.type === WGALLOWEDIP_A_IPADDR) bytes = attribute.payload;
    else if (attribute.type === WGALLOWEDIP_A_CIDR_MASK) length = attribute.u8();
  }
  if (size === 0 || bytes.length !== size || length > size * 8) {
    throw new NetlinkFormatError("a malformed allowed IP of a WireGuard peer");
  }
  return new IpPrefix(IpAddress.fromBytes(bytes.slice()), length);
}

function key(attribute: Attribute): Uint8Array {
  const copy = secretBytes(WG_KEY_LEN);
  copy.set(attribute.bytes(WG_KEY_LEN));
  return copy;
}

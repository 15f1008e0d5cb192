/**
 * WG_CMD_SET_DEVICE: a change of a kernel interface, in as many messages as it takes.
 *
 * Source: linux/wireguard.h, Documentation/netlink/specs/wireguard.yaml.
 *
 * @module
 */
import type { AllowedIpChange, InterfaceChange, PeerChange } from "../interface_change.ts";
import { type AttributeEncoder, NLA_F_NESTED } from "./attributes.ts";
import { familyNumber } from "./family.ts";
import { genericEncoder } from "./generic.ts";
import type { NetlinkRequest } from "./message.ts";
import { encodeSockaddr, type ScopeIdOf } from "./wireguard_endpoint.ts";
import {
  IFNAMSIZ,
  WG_CMD_SET_DEVICE,
  WG_GENL_VERSION,
  WGALLOWEDIP_A_CIDR_MASK,
  WGALLOWEDIP_A_FAMILY,
  WGALLOWEDIP_A_FLAGS,
  WGALLOWEDIP_A_IPADDR,
  WGALLOWEDIP_F_REMOVE_ME,
  WGDEVICE_A_FLAGS,
  WGDEVICE_A_FWMARK,
  WGDEVICE_A_IFNAME,
  WGDEVICE_A_LISTEN_PORT,
  WGDEVICE_A_PEERS,
  WGDEVICE_A_PRIVATE_KEY,
  WGDEVICE_F_REPLACE_PEERS,
  WGPEER_A_ALLOWEDIPS,
  WGPEER_A_ENDPOINT,
  WGPEER_A_FLAGS,
  WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL,
  WGPEER_A_PRESHARED_KEY,
  WGPEER_A_PUBLIC_KEY,
  WGPEER_F_REMOVE_ME,
  WGPEER_F_REPLACE_ALLOWEDIPS,
  WGPEER_F_UPDATE_ONLY,
} from "./wireguard.ts";

/**
 * Bytes of one message's payload: an attribute, such as the list of peers, has 65,535 at most, and the
 * kernel wants a message to fit its send buffer (net.core.wmem_default, 212,992).
 */
export const SET_DEVICE_LIMIT = 32 * 1024;

// Upper bounds of what a payload holds, in bytes: the header and the interface's own attributes with
// the head of the list of peers; a peer's own with the head of the list of allowed IPs; an allowed IP.
const DEVICE_SIZE = 88;
const PEER_SIZE = 128;
const ALLOWED_IP_SIZE = { 4: 28, 6: 40 } as const;
const ALLOWED_IP_FLAGS_SIZE = 8;

/**
 * Splits `change` into changes that, made in order, do the same, and of which each fits a message whose
 * payload has at most `limit` bytes (264 or more). A peer whose allowed IPs don't fit goes on in the
 * next ones, only if it is still there.
 */
export function* splitChange(
  change: InterfaceChange,
  limit: number = SET_DEVICE_LIMIT,
): Generator<InterfaceChange> {
  if (limit < DEVICE_SIZE + PEER_SIZE + ALLOWED_IP_SIZE[6] + ALLOWED_IP_FLAGS_SIZE) {
    throw new RangeError(`a WireGuard peer doesn't fit ${limit} bytes`);
  }
  const { peers, ...device } = change;
  let part: InterfaceChange = { ...device, peers: [] };
  let size = DEVICE_SIZE;
  for (const peer of peers) {
    const { allowedIps, ...first } = peer;
    const count = peer.remove ? 0 : allowedIps.length;
    for (let done = 0;;) {
      // At least one allowed IP along with the peer, so that each message gets on.
      if (size + PEER_SIZE + (done < count ? sizeOf(allowedIps[done]) : 0) > limit) {
        yield part;
        part = { replacePeers: false, peers: [] };
        size = DEVICE_SIZE;
      }
      size += PEER_SIZE;
      const start = done;
      for (; done < count; done++) {
        const next = size + sizeOf(allowedIps[done]);
        if (next > limit) break;
        size = next;
      }
      const some = allowedIps.slice(start, done);
      part.peers.push(start === 0 ? { ...first, allowedIps: some } : more(peer.publicKey, some));
      if (done === count) break;
    }
  }
  yield part;
}

function more(publicKey: Uint8Array, allowedIps: AllowedIpChange[]): PeerChange {
  return { publicKey, remove: false, updateOnly: true, replaceAllowedIps: false, allowedIps };
}

function sizeOf(allowedIp: AllowedIpChange | undefined): number {
  if (allowedIp === undefined) return 0;
  return ALLOWED_IP_SIZE[allowedIp.prefix.family] + (allowedIp.remove ? ALLOWED_IP_FLAGS_SIZE : 0);
}

/**
 * A request to make `change`, one of those of {@linkcode splitChange}, on the interface `name`, of the
 * family numbered `family`. The payload holds secrets.
 *
 * The kernel answers ENODEV when there is no such interface, EOPNOTSUPP when it is none of WireGuard's,
 * EADDRINUSE when the port is taken, EINVAL when it can't remove single allowed IPs (before Linux 6.16).
 * What comes before the point of failure stays changed.
 * @param scopeIdOf see {@linkcode ScopeIdOf}; what it throws is thrown
 */
export function setDevice(
  family: number,
  name: string,
  change: InterfaceChange,
  scopeIdOf: ScopeIdOf,
): NetlinkRequest {
  const { privateKey, listenPort, fwmark, replacePeers, peers } = change;
  const device = genericEncoder(WG_CMD_SET_DEVICE, WG_GENL_VERSION);
  device.string(WGDEVICE_A_IFNAME, name, IFNAMSIZ);
  if (privateKey !== undefined) device.bytes(WGDEVICE_A_PRIVATE_KEY, privateKey);
  if (listenPort !== undefined) device.u16(WGDEVICE_A_LISTEN_PORT, listenPort);
  if (fwmark !== undefined) device.u32(WGDEVICE_A_FWMARK, fwmark);
  if (replacePeers) device.u32(WGDEVICE_A_FLAGS, WGDEVICE_F_REPLACE_PEERS);
  if (peers.length > 0) {
    device.nested(WGDEVICE_A_PEERS | NLA_F_NESTED, (list) => {
      for (const peer of peers) {
        list.nested(NLA_F_NESTED, (attributes) => appendPeer(attributes, peer, scopeIdOf));
      }
    });
  }
  return { type: family, flags: 0, payload: device.finishSecret() };
}

function appendPeer(attributes: AttributeEncoder, peer: PeerChange, scopeIdOf: ScopeIdOf): void {
  attributes.bytes(WGPEER_A_PUBLIC_KEY, peer.publicKey);
  if (peer.remove) {
    attributes.u32(WGPEER_A_FLAGS, WGPEER_F_REMOVE_ME);
    return;
  }
  const { presharedKey, endpoint, persistentKeepalive, allowedIps } = peer;
  const flags = (peer.updateOnly ? WGPEER_F_UPDATE_ONLY : 0) |
    (peer.replaceAllowedIps ? WGPEER_F_REPLACE_ALLOWEDIPS : 0);
  if (flags !== 0) attributes.u32(WGPEER_A_FLAGS, flags);
  if (presharedKey !== undefined) attributes.bytes(WGPEER_A_PRESHARED_KEY, presharedKey);
  if (endpoint !== undefined) {
    attributes.bytes(WGPEER_A_ENDPOINT, encodeSockaddr(endpoint, scopeIdOf));
  }
  if (persistentKeepalive !== undefined) {
    attributes.u16(WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, persistentKeepalive);
  }
  if (allowedIps.length === 0) return;
  attributes.nested(WGPEER_A_ALLOWEDIPS | NLA_F_NESTED, (list) => {
    for (const { prefix: { address, length }, remove } of allowedIps) {
      list.nested(NLA_F_NESTED, (allowedIp) => {
        allowedIp.u16(WGALLOWEDIP_A_FAMILY, familyNumber(address.family))
          .bytes(WGALLOWEDIP_A_IPADDR, address.bytes)
          .u8(WGALLOWEDIP_A_CIDR_MASK, length);
        if (remove) allowedIp.u32(WGALLOWEDIP_A_FLAGS, WGALLOWEDIP_F_REMOVE_ME);
      });
    }
  });
}

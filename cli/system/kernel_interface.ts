/**
 * WireGuard interfaces that the kernel serves.
 *
 * @module
 */
import type { InterfaceChange } from "../../core/interface_change.ts";
import type { InterfaceState } from "../../core/interface_state.ts";
import type { IpAddress } from "../../core/ip.ts";
import { decodeFamilyId, getFamily } from "../../core/netlink/generic.ts";
import { IFNAMSIZ, WG_GENL_NAME } from "../../core/netlink/wireguard.ts";
import { decodeDevice, getDevice, joinDevice } from "../../core/netlink/wireguard_get.ts";
import { setDevice, splitChange } from "../../core/netlink/wireguard_set.ts";
import { formatZone } from "../../core/zone.ts";
import { Errno, SysError } from "../../ffi/errno.ts";
import { interfaceIndexOf, interfaceNameOf } from "../../ffi/interface_name.ts";
import { inNetworkNamespace } from "../../ffi/namespace.ts";
import { NetlinkSocket } from "../../ffi/netlink_socket.ts";
import { NETLINK_GENERIC } from "../../ffi/netlink_transport.ts";

/**
 * The state of the kernel's interface `name`. Holds secrets.
 *
 * @param birthNamespace path of the network namespace of its UDP sockets, whose interfaces the zones of
 * endpoints name; null for this thread's
 * @throws SysError with ENODEV when there is no such interface, EOPNOTSUPP when it isn't WireGuard's,
 * EPROTONOSUPPORT when the kernel lacks WireGuard, ENAMETOOLONG, EPERM without permission
 */
export function getKernelInterface(
  name: string,
  birthNamespace: string | null = null,
): InterfaceState {
  const describe = () => `read the WireGuard interface ${name}`;
  using socket = NetlinkSocket.open(NETLINK_GENERIC);
  const family = findFamily(socket, describe);
  requireName(name, describe);
  const request = getDevice(family, name);
  // Like `wg`: as often as somebody changes it meanwhile.
  const options = { attempts: Infinity, secret: true };
  const decode = (payload: Uint8Array) =>
    decodeDevice(payload, (scopeId, address) => zoneOf(scopeId, address, birthNamespace));
  return joinDevice(name, socket.dump(request, describe, decode, options));
}

/**
 * Changes the kernel's interface `name`. Not atomic: what stands before a refused part may be applied.
 *
 * @param birthNamespace as {@linkcode getKernelInterface}
 * @throws SysError as {@linkcode getKernelInterface} does, EADDRINUSE when the port is taken, EINVAL when
 * the kernel can't remove single allowed IPs (before Linux 6.16)
 */
export function changeKernelInterface(
  name: string,
  change: InterfaceChange,
  birthNamespace: string | null = null,
): void {
  const describe = () => `configure the WireGuard interface ${name}`;
  using socket = NetlinkSocket.open(NETLINK_GENERIC);
  const family = findFamily(socket, describe);
  requireName(name, describe);
  for (const part of splitChange(change)) {
    const request = setDevice(family, name, part, (zone) => scopeIdOf(zone, birthNamespace));
    try {
      socket.request(request, describe);
    } finally {
      request.payload.fill(0);
    }
  }
}

/** Whether the kernel has WireGuard; loads its module, where that isn't yet. */
export function kernelHasWireguard(): boolean {
  try {
    using socket = NetlinkSocket.open(NETLINK_GENERIC);
    findFamily(socket, () => "find the kernel's WireGuard");
    return true;
  } catch (error) {
    if (error instanceof SysError && error.errno === Errno.EPROTONOSUPPORT) return false;
    throw error;
  }
}

function requireName(name: string, describe: () => string): void {
  if (new TextEncoder().encode(name).length >= IFNAMSIZ) {
    throw new SysError(describe(), Errno.ENAMETOOLONG);
  }
}

/** The number of the family; the kernel loads its module for that, where there is one. */
function findFamily(socket: NetlinkSocket, describe: () => string): number {
  try {
    return decodeFamilyId(socket.get(getFamily(WG_GENL_NAME), describe));
  } catch (error) {
    if (!(error instanceof SysError) || error.errno !== Errno.ENOENT) throw error;
    throw new SysError(describe(), Errno.EPROTONOSUPPORT, "this kernel lacks WireGuard");
  }
}

function zoneOf(scopeId: number, { bytes }: IpAddress, namespace: string | null): string {
  return formatZone(bytes, scopeId, (index) => within(namespace, () => interfaceNameOf(index)));
}

function scopeIdOf(zone: string, namespace: string | null): number {
  const index = within(namespace, () => interfaceIndexOf(zone));
  if (index === 0) throw new SysError(`find the interface ${zone}`, Errno.ENODEV);
  return index;
}

function within<T>(namespace: string | null, body: () => T): T {
  return namespace === null ? body() : inNetworkNamespace(namespace, body);
}

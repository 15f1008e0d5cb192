/**
 * What an interface has of what `up` gives one, and taking an address away from it.
 *
 * @module
 */
import type { IpPrefix } from "../../core/ip.ts";
import { IFA_F_SECONDARY, type InterfaceAddress } from "../../core/netlink/address.ts";
import { RTPROT_KERNEL } from "../../core/netlink/family.ts";
import { RTN_UNICAST } from "../../core/netlink/route.ts";
import type { Network } from "../../ffi/network.ts";
import type { LinkDetails } from "./system.ts";

/**
 * See {@linkcode LinkDetails}. Routes by a gateway, which `up` doesn't make, and odd addresses don't
 * count.
 */
export function inspectLink(network: Network, index: number): LinkDetails {
  const { mtu, up } = network.getLink(index);
  const addresses = network.listAddresses({ interfaceIndex: index })
    .filter(({ peer }) => peer === undefined)
    .map(({ address }) => address.toString());
  const routes = network.listRoutes({ interfaceIndex: index })
    .filter(({ type, gateway }) => type === RTN_UNICAST && gateway === undefined)
    .map(({ destination, table, protocol }) => ({
      family: destination.family,
      prefix: destination.toString(),
      table,
      isKernels: protocol === RTPROT_KERNEL,
    }));
  return { mtu, isUp: up, addresses, routes };
}

/**
 * Deletes an address; none being there is fine. With the first IPv4 address of a subnet Linux deletes the
 * others of that subnet, unless it is told to promote them: the interface is for as long as this takes.
 */
export function deleteAddress(network: Network, interfaceIndex: number, prefix: IpPrefix): void {
  const address: InterfaceAddress = { interfaceIndex, address: prefix };
  if (prefix.family === 6) return void network.deleteAddress(address);
  const list = () => network.listAddresses({ interfaceIndex, family: 4 });
  const before = list().filter((other) => !other.address.equals(prefix));
  if (!before.some(({ flags }) => (flags & IFA_F_SECONDARY) !== 0)) {
    return void network.deleteAddress(address);
  }
  const restore = promoteSecondaries(network.getLink(interfaceIndex).name);
  try {
    network.deleteAddress(address);
  } finally {
    restore();
  }
  // Where /proc/sys is read-only, they are added again.
  const left = list();
  for (const lost of before) {
    if (!left.some((other) => other.address.equals(lost.address))) {
      network.addAddress({ interfaceIndex, address: lost.address }, { existingOk: true });
    }
  }
}

/** Sets net.ipv4.conf.NAME.promote_secondaries, where that can be; returns what sets it back. */
function promoteSecondaries(name: string): () => void {
  const path = `/proc/sys/net/ipv4/conf/${name}/promote_secondaries`;
  try {
    const before = Deno.readTextFileSync(path);
    Deno.writeTextFileSync(path, "1", { create: false });
    return () => Deno.writeTextFileSync(path, before, { create: false });
  } catch {
    return () => {};
  }
}

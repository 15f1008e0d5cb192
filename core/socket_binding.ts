import { IpAddress } from "./ip.ts";

/** What the UDP sockets of an interface are bound to besides the port. */
export interface SocketBinding {
  /**
   * The local addresses, at most one of each family; without one of a family, datagrams of that family are
   * neither sent nor received. None at all: any address of either family.
   */
  readonly addresses: readonly IpAddress[];
  /** The network interface, or VRF, that all datagrams go out and come in by; null for any. */
  readonly interfaceName: string | null;
}

/** Any address and any interface. */
export const UNBOUND: SocketBinding = { addresses: [], interfaceName: null };

/**
 * Reads the addresses of a {@linkcode SocketBinding}, separated by commas or white space.
 * @throws Error that tells what is wrong
 */
export function parseBindAddresses(text: string): IpAddress[] {
  const addresses: IpAddress[] = [];
  for (const item of text.match(/[^,\s]+/g) ?? []) {
    const address = IpAddress.parse(item);
    // What isn't one is not repeated: it may be a key in the wrong place.
    if (address === null) throw new Error("expected IP addresses");
    if (addresses.some(({ family }) => family === address.family)) {
      throw new Error("expected one IPv4 and one IPv6 address at most");
    }
    addresses.push(address);
  }
  return addresses;
}

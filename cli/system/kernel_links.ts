import { decodeLink, dumpLinks } from "../../core/netlink/link.ts";
import { WG_GENL_NAME } from "../../core/netlink/wireguard.ts";
import { NetlinkSocket } from "../../ffi/netlink_socket.ts";

/** The names of the WireGuard interfaces of this network namespace that the kernel serves. */
export function listKernelInterfaces(): string[] {
  using socket = NetlinkSocket.open();
  const describe = () => "list the WireGuard interfaces";
  const decode = (payload: Uint8Array) => {
    const link = decodeLink(payload);
    return link?.kind === WG_GENL_NAME ? link.name : null;
  };
  // Like `wg`: where links come and go all the time, a list that misses one is better than none.
  return socket.dump(dumpLinks(WG_GENL_NAME), describe, decode, { attempts: 1, partial: true });
}

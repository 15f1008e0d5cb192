import { decodeLink, getLink, type Link } from "../core/netlink/link.ts";
import {
  assignNamespaceId,
  decodeNamespaceId,
  getNamespaceId,
} from "../core/netlink/namespace_id.ts";
import { Errno, SysError } from "./errno.ts";
import { ownNetworkNamespace, withNamespaceOfTun } from "./namespace.ts";
import { NetlinkSocket } from "./netlink_socket.ts";
import { interfaceOfTun } from "./tun.ts";

/** Where an interface is, as this process's network namespace sees it. */
export interface InterfaceLocation {
  /** Its index there. */
  readonly index: number;
  /** What this namespace calls the one that the interface is in; null for this one itself. */
  readonly namespaceId: number | null;
}

/**
 * Finds the interface of a TUN file descriptor, also in another network namespace: that gets a number here,
 * if it has none, by which it can be asked about without entering it.
 *
 * @throws SysError with EBADFD when the interface is gone, others when it can't be found: elsewhere, that
 * takes CAP_NET_ADMIN over that namespace and Linux 5.2
 */
export function locateTun(fd: number): InterfaceLocation {
  const name = interfaceOfTun(fd);
  using socket = NetlinkSocket.open();
  const namespaceId = withNamespaceOfTun(
    fd,
    (namespace, inode) => inode === ownNetworkNamespace() ? null : namespaceIdOf(socket, namespace),
  );
  const what = () => `find the interface ${name}`;
  const link: Link | null = decodeLink(socket.get(getLink({ name }, namespaceId), what));
  if (link === null) throw new SysError(what(), Errno.ENODEV);
  return { index: link.index, namespaceId };
}

function namespaceIdOf(socket: NetlinkSocket, fd: number): number {
  const what = () => "number another network namespace";
  const get = () => decodeNamespaceId(socket.get(getNamespaceId(fd), what));
  const known = get();
  if (known !== null) return known;
  // Another process may be faster.
  socket.request(assignNamespaceId(fd), what, [Errno.EEXIST]);
  const assigned = get();
  if (assigned === null) throw new SysError(what(), Errno.ENOENT);
  return assigned;
}

import { beginBatch, endBatch, NFNL_SUBSYS_NFTABLES } from "../core/netlink/netfilter.ts";
import { deleteTable } from "../core/netlink/nftables.ts";
import {
  firewallTable,
  replaceFirewall,
  type TunnelFirewall,
} from "../core/netlink/tunnel_firewall.ts";
import type { IpFamily } from "../core/ip.ts";
import type { NetlinkRequest } from "../core/netlink/message.ts";
import { Errno, SysError } from "./errno.ts";
import { NetlinkSocket } from "./netlink_socket.ts";
import { NETLINK_NETFILTER } from "./netlink_transport.ts";

/** What a kernel without nf_tables, or without it for a family, answers. */
const NO_NF_TABLES: readonly number[] = [
  Errno.EAFNOSUPPORT,
  Errno.EOPNOTSUPP,
  Errno.EPROTONOSUPPORT,
];

/** Opens a socket to netfilter in the calling thread's network namespace. */
export type OpenNetfilter = () => NetlinkSocket;

const openNetfilter: OpenNetfilter = () => NetlinkSocket.open(NETLINK_NETFILTER);

/**
 * Makes the firewall rules of a tunnel, all at once, in place of those it may have.
 *
 * @throws SysError EOPNOTSUPP, EPROTONOSUPPORT or EAFNOSUPPORT when the kernel lacks nf_tables, ENOENT
 * when it lacks a part of it that the rules need, EPERM without CAP_NET_ADMIN; nothing has changed then
 */
export function applyFirewall(firewall: TunnelFirewall, open: OpenNetfilter = openNetfilter): void {
  const { interfaceName, family } = firewall;
  const describe = () => `add nftables ${tableWords(interfaceName, family)}`;
  transact(replaceFirewall(firewall), endBatch(NFNL_SUBSYS_NFTABLES), describe, open);
}

/**
 * Asks the kernel whether it would make these rules, and changes nothing.
 *
 * @returns null when it would, otherwise what {@linkcode applyFirewall} would throw
 * @throws SysError when it can't be asked: EPERM without CAP_NET_ADMIN
 */
export function probeFirewall(
  firewall: TunnelFirewall,
  open: OpenNetfilter = openNetfilter,
): SysError | null {
  const { interfaceName, family } = firewall;
  const describe = () => `add nftables ${tableWords(interfaceName, family)}`;
  try {
    transact(replaceFirewall(firewall), null, describe, open);
    return null;
  } catch (error) {
    if (!(error instanceof SysError) || error.errno === Errno.EPERM) throw error;
    return error;
  }
}

/**
 * Removes the firewall rules that a tunnel has for `family`.
 *
 * @returns whether there were any
 */
export function removeFirewall(
  interfaceName: string,
  family: IpFamily,
  open: OpenNetfilter = openNetfilter,
): boolean {
  const changes = [deleteTable(firewallTable(interfaceName, family))];
  const describe = () => `delete nftables ${tableWords(interfaceName, family)}`;
  try {
    transact(changes, endBatch(NFNL_SUBSYS_NFTABLES), describe, open);
    return true;
  } catch (error) {
    if (!(error instanceof SysError)) throw error;
    if (error.errno === Errno.ENOENT || NO_NF_TABLES.includes(error.errno)) return false;
    throw error;
  }
}

function transact(
  changes: readonly NetlinkRequest[],
  end: NetlinkRequest | null,
  describe: () => string,
  open: OpenNetfilter,
): void {
  try {
    using socket = open();
    socket.transact(beginBatch(NFNL_SUBSYS_NFTABLES), changes, end, describe);
  } catch (error) {
    const advice = error instanceof SysError ? adviceOn(error.errno) : null;
    if (!(error instanceof SysError) || advice === null) throw error;
    throw new SysError(describe(), error.errno, advice);
  }
}

function adviceOn(errno: number): string | null {
  if (NO_NF_TABLES.includes(errno)) return "this kernel lacks nf_tables";
  if (errno === Errno.ENOENT) return "this kernel's nf_tables lacks fib or ct expressions";
  return null;
}

/** The table in the words of nft(8). */
function tableWords(interfaceName: string, family: IpFamily): string {
  return `table ${family === 4 ? "ip" : "ip6"} ${firewallTable(interfaceName, family).name}`;
}

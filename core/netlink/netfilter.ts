/**
 * Netfilter's messages (nfnetlink): `struct nfgenmsg`, 4 bytes (address family, version, and a
 * resource number in network byte order), then attributes, whose numbers are in network byte order too.
 * A message's type is its subsystem and its command.
 *
 * Changes come in batches between a begin and an end, and take effect all at once, or none does. A
 * batch without its end is only checked.
 *
 * Source: linux/netfilter/nfnetlink.h, net/netfilter/nfnetlink.c.
 *
 * @module
 */
import { AF_UNSPEC } from "./family.ts";
import type { NetlinkRequest } from "./message.ts";

/** The subsystem of nf_tables. */
export const NFNL_SUBSYS_NFTABLES = 10;

/** Message types of the batch itself. */
const NFNL_MSG_BATCH_BEGIN = 0x10;
const NFNL_MSG_BATCH_END = 0x11;

const NFNETLINK_V0 = 0;

/** The type of the messages that give `subsystem` a `command`. */
export function netfilterType(subsystem: number, command: number): number {
  return subsystem << 8 | command;
}

/** A `struct nfgenmsg`; `family` is an address family's number. */
export function netfilterHeader(family: number, resource = 0): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(family, NFNETLINK_V0, resource >> 8, resource & 0xff);
}

/** The message before the changes of a batch, all of them of `subsystem`. */
export function beginBatch(subsystem: number): NetlinkRequest {
  return { type: NFNL_MSG_BATCH_BEGIN, flags: 0, payload: netfilterHeader(AF_UNSPEC, subsystem) };
}

/** The message behind the changes of a batch, which makes them take effect. */
export function endBatch(subsystem: number): NetlinkRequest {
  return { type: NFNL_MSG_BATCH_END, flags: 0, payload: netfilterHeader(AF_UNSPEC, subsystem) };
}

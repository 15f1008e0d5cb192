/**
 * The numbers by which one network namespace calls another (RTM_NEWNSID, RTM_GETNSID; `struct rtgenmsg`,
 * 1 byte, padded to 4).
 *
 * Source: linux/net_namespace.h, Documentation/netlink/specs of the kernel; ip-netns(8).
 *
 * @module
 */
import { AttributeEncoder, decodeAttributes, NetlinkFormatError } from "./attributes.ts";
import type { NetlinkRequest } from "./message.ts";

export const RTM_NEWNSID = 88;
export const RTM_GETNSID = 90;

const NETNSA_NSID = 1;
const NETNSA_FD = 3;
/** NETNSA_NSID_NOT_ASSIGNED, and as a wish: any that is free. */
const NOT_ASSIGNED = -1;

const HEADER_SIZE = 4;

/** A request to give the namespace that `fd` is open on a number, whichever is free. */
export function assignNamespaceId(fd: number): NetlinkRequest {
  const payload = encoder().u32(NETNSA_FD, fd).i32(NETNSA_NSID, NOT_ASSIGNED).finish();
  return { type: RTM_NEWNSID, flags: 0, payload };
}

/** A request for the number of the namespace that `fd` is open on. */
export function getNamespaceId(fd: number): NetlinkRequest {
  return { type: RTM_GETNSID, flags: 0, payload: encoder().u32(NETNSA_FD, fd).finish() };
}

/**
 * Decodes the answer to {@linkcode getNamespaceId}; null when the namespace has no number here.
 * @throws {NetlinkFormatError} on a malformed message.
 */
export function decodeNamespaceId(payload: Uint8Array): number | null {
  for (const attribute of decodeAttributes(payload, HEADER_SIZE)) {
    if (attribute.type !== NETNSA_NSID) continue;
    const id = attribute.i32();
    return id === NOT_ASSIGNED ? null : id;
  }
  throw new NetlinkFormatError("a namespace's number is missing");
}

function encoder(): AttributeEncoder {
  return new AttributeEncoder(new Uint8Array(HEADER_SIZE));
}

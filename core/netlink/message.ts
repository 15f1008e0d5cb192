/**
 * Netlink messages (`struct nlmsghdr`) and the kernel's acknowledgements. Numbers are in host byte
 * order (little-endian); messages are padded to 4 bytes.
 *
 * Source: netlink(7), linux/netlink.h, Documentation/userspace-api/netlink/intro.rst.
 *
 * @module
 */
import { align, decodeAttributes, NetlinkFormatError } from "./attributes.ts";

/** Size of `struct nlmsghdr` in bytes. */
export const NLMSG_HEADER_SIZE = 16;

/** Message types below 16 are netlink's own. */
export const NLMSG_NOOP = 1;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

/** Flags of every message. */
export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
/** The dump was interrupted by a change and is inconsistent: ask again. */
export const NLM_F_DUMP_INTR = 0x10;
/** Flags of requests that get. */
export const NLM_F_DUMP = 0x300;
/** Flags of requests that create. */
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;
/** Flags of acknowledgements. */
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;

/** Attribute types of an extended acknowledgement. */
const NLMSGERR_ATTR_MSG = 1;
const NLMSGERR_ATTR_OFFS = 2;

/** A message to send: the socket adds the sequence number and, where it wants one, the ACK flag. */
export interface NetlinkRequest {
  readonly type: number;
  /** Flags besides NLM_F_REQUEST and NLM_F_ACK. */
  readonly flags: number;
  /** What follows the header: the family's structure and attributes. */
  readonly payload: Uint8Array;
}

/** A message as received. */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** Port of the socket that this message answers; 0 in notifications. */
  readonly portId: number;
  /** A view of the datagram. */
  readonly payload: Uint8Array;
}

/** What an NLMSG_ERROR or the end of a dump says. */
export interface Acknowledgement {
  /** errno of the failure, 0 for success. */
  readonly errno: number;
  /** The kernel's explanation, "" when it gave none. A warning when `errno` is 0. */
  readonly message: string;
  /** Offset of the offending attribute from the start of the request, -1 when not told. */
  readonly offset: number;
}

/** Bytes that {@linkcode encodeMessage} writes for `request`. */
export function messageSize(request: NetlinkRequest): number {
  return align(NLMSG_HEADER_SIZE + request.payload.length);
}

/** Writes `request` as a message to `target` at `offset` and returns the offset behind it. */
export function encodeMessage(
  target: Uint8Array,
  offset: number,
  request: NetlinkRequest,
  sequence: number,
  acknowledge: boolean,
): number {
  const view = new DataView(target.buffer, target.byteOffset, target.length);
  const end = offset + messageSize(request);
  view.setUint32(offset, NLMSG_HEADER_SIZE + request.payload.length, true);
  view.setUint16(offset + 4, request.type, true);
  const flags = request.flags | NLM_F_REQUEST | (acknowledge ? NLM_F_ACK : 0);
  view.setUint16(offset + 6, flags, true);
  view.setUint32(offset + 8, sequence, true);
  view.setUint32(offset + 12, 0, true);
  target.set(request.payload, offset + NLMSG_HEADER_SIZE);
  target.fill(0, offset + NLMSG_HEADER_SIZE + request.payload.length, end);
  return end;
}

/**
 * Splits a received datagram into its messages.
 * @throws {NetlinkFormatError} when a message's length is under 16 or leads outside of the datagram.
 */
export function decodeMessages(datagram: Uint8Array): NetlinkMessage[] {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length);
  const messages: NetlinkMessage[] = [];
  for (let at = 0; at < datagram.length;) {
    const left = datagram.length - at;
    const length = left < NLMSG_HEADER_SIZE ? 0 : view.getUint32(at, true);
    if (length < NLMSG_HEADER_SIZE || length > left) {
      throw new NetlinkFormatError(`netlink message of ${length} bytes, but ${left} are left`);
    }
    messages.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      portId: view.getUint32(at + 12, true),
      payload: datagram.subarray(at + NLMSG_HEADER_SIZE, at + length),
    });
    at += align(length);
  }
  return messages;
}

/**
 * Decodes an NLMSG_ERROR, or an NLMSG_DONE, which may end a dump with an error in the same way.
 * @throws {NetlinkFormatError} when it is too short.
 */
export function decodeAcknowledgement(message: NetlinkMessage): Acknowledgement {
  const { type, flags, payload } = message;
  if (payload.length < 4) {
    if (type === NLMSG_DONE) return { errno: 0, message: "", offset: -1 };
    throw new NetlinkFormatError(`netlink acknowledgement of ${payload.length} bytes`);
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const errno = Math.max(0, -view.getInt32(0, true));
  let text = "", offset = -1;
  for (const attribute of acknowledgementAttributes(type, flags, payload, view)) {
    if (attribute.type === NLMSGERR_ATTR_MSG) text = attribute.string();
    else if (attribute.type === NLMSGERR_ATTR_OFFS) offset = attribute.u32();
  }
  return { errno, message: text, offset };
}

function acknowledgementAttributes(
  type: number,
  flags: number,
  payload: Uint8Array,
  view: DataView,
) {
  if ((flags & NLM_F_ACK_TLVS) === 0) return [];
  if (type === NLMSG_DONE) return decodeAttributes(payload, 4);
  if (payload.length < 4 + NLMSG_HEADER_SIZE) return [];
  // An uncapped acknowledgement repeats the whole request, a capped one only its header.
  const echoed = (flags & NLM_F_CAPPED) !== 0 ? NLMSG_HEADER_SIZE : view.getUint32(4, true);
  if (echoed > payload.length - 4) {
    throw new NetlinkFormatError(`netlink acknowledgement repeats ${echoed} bytes`);
  }
  return decodeAttributes(payload, 4 + align(echoed));
}

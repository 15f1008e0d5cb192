/**
 * Generic netlink: families of commands that kernel modules register under a name (`struct
 * genlmsghdr`, 4 bytes: command, version, 2 bytes reserved). A family's number, which is the type of
 * its messages, differs from boot to boot.
 *
 * Source: linux/genetlink.h, Documentation/netlink/specs/nlctrl.yaml.
 *
 * @module
 */
import { AttributeEncoder, decodeAttributes, NetlinkFormatError } from "./attributes.ts";
import type { NetlinkRequest } from "./message.ts";

/** Size of `struct genlmsghdr` in bytes: where the attributes begin. */
export const GENERIC_HEADER_SIZE = 4;

/** The family of the controller, which knows all others. */
const GENL_ID_CTRL = 16;
const CTRL_CMD_GETFAMILY = 3;
const CTRL_VERSION = 1;
const CTRL_ATTR_FAMILY_ID = 1;
const CTRL_ATTR_FAMILY_NAME = 2;
/** GENL_NAMSIZ: the longest family name with its NUL. */
const GENL_NAMSIZ = 16;

/** Begins the payload of `command`. */
export function genericEncoder(command: number, version: number): AttributeEncoder {
  return new AttributeEncoder(Uint8Array.of(command, version, 0, 0));
}

/** A request for the family called `name`. The kernel answers ENOENT when there is none. */
export function getFamily(name: string): NetlinkRequest {
  const payload = genericEncoder(CTRL_CMD_GETFAMILY, CTRL_VERSION)
    .string(CTRL_ATTR_FAMILY_NAME, name, GENL_NAMSIZ)
    .finish();
  return { type: GENL_ID_CTRL, flags: 0, payload };
}

/**
 * The family's number in the answer to {@linkcode getFamily}.
 * @throws {NetlinkFormatError} on a malformed message, and when there is none in it.
 */
export function decodeFamilyId(payload: Uint8Array): number {
  const id = decodeAttributes(payload, GENERIC_HEADER_SIZE)
    .find(({ type }) => type === CTRL_ATTR_FAMILY_ID)?.u16();
  if (id === undefined) throw new NetlinkFormatError("generic netlink family without a number");
  return id;
}

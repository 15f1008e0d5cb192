import type { IpFamily } from "../core/ip.ts";
import type { SocketBinding } from "../core/socket_binding.ts";
import { Errno, errno, SysError } from "./errno.ts";
import { SO_BINDTODEVICE, SOL_SOCKET } from "./layout.ts";
import { libc } from "./libc.ts";
import { cString } from "./text.ts";

/**
 * Has all packets of a socket go out and come in by the interface, or VRF, `name`: by that very one, also
 * when another one gets its name (SO_BINDTODEVICE).
 *
 * @throws SysError with ENODEV when there is none
 */
export function bindToInterface(fd: number, name: string): void {
  const bytes = cString(name);
  if (libc.setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, bytes, bytes.length) === 0) return;
  const number = errno();
  throw new SysError(`bind to the interface ${name}`, number, ADVICE[number]);
}

/** Whether sockets of `family` exist where `binding` holds. */
export function hasFamily({ addresses }: SocketBinding, family: IpFamily): boolean {
  return addresses.length === 0 || addresses.some((address) => address.family === family);
}

const ADVICE: { readonly [number: number]: string } = {
  [Errno.ENODEV]: "there is none of this name",
  [Errno.EPERM]: "before Linux 5.7 it needs CAP_NET_RAW, which an engine hasn't",
};

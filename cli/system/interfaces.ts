/**
 * The WireGuard interfaces of this host, whatever serves them: what all commands list, read and change
 * them through. As with `wg`, a control socket goes before an interface of the kernel's that has its name.
 *
 * @module
 */
import type { InterfaceChange } from "../../core/interface_change.ts";
import type { InterfaceState } from "../../core/interface_state.ts";
import * as client from "./control_client.ts";
import * as socket from "./control_socket.ts";
import { listKernelInterfaces } from "./kernel_links.ts";

/**
 * The names of all interfaces: first those that the kernel serves, then those with a control socket; each
 * in the order in which the kernel lists them.
 *
 * @throws SysError when the kernel can't be asked
 */
export function listInterfaces(): string[] {
  return [...listKernelInterfaces(), ...client.listInterfaces()];
}

/**
 * The state of the interface `name`; `wall` is the present time in ms since 1970 UTC.
 *
 * @throws SysError with ENODEV when there is no such interface, EPROTONOSUPPORT when there is no such
 * control socket and the kernel lacks WireGuard, EOPNOTSUPP when it is another kind of interface, EACCES
 * or EPERM without permission; UapiError when its control socket answers an error
 */
export async function getInterface(name: string, wall: number): Promise<InterfaceState> {
  if (client.hasControlSocket(name)) return await client.getInterface(name, wall);
  const { getKernelInterface } = await import("./kernel_interface.ts");
  return getKernelInterface(name);
}

/**
 * Changes the interface `name`. Not atomic: what stands before a refused part may be applied.
 *
 * @throws as {@linkcode getInterface}; SysError with EADDRINUSE when the kernel can't have the port, EINVAL
 * when it can't remove single allowed IPs (before Linux 6.16)
 */
export async function changeInterface(name: string, change: InterfaceChange): Promise<void> {
  if (client.hasControlSocket(name)) return socket.changeInterface(name, change);
  const { changeKernelInterface } = await import("./kernel_interface.ts");
  changeKernelInterface(name, change);
}

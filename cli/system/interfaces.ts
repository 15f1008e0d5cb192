/**
 * The WireGuard interfaces of this host, whatever serves them: what all commands list, read and change
 * them through. As with `wg`, a control socket goes before an interface of the kernel's that has its name.
 *
 * @module
 */
import type { InterfaceChange } from "../../core/interface_change.ts";
import type { InterfaceState } from "../../core/interface_state.ts";
import { importLater } from "../import_later.ts";
import * as client from "./control_client.ts";
import * as socket from "./control_socket.ts";

type KernelInterface = typeof import("./kernel_interface.ts");
type KernelLinks = typeof import("./kernel_links.ts");

/**
 * The names of all interfaces: first those that the kernel serves, then those with a control socket; each
 * in the order in which the kernel lists them.
 *
 * @throws SysError when the kernel can't be asked
 */
export async function listInterfaces(): Promise<string[]> {
  return [...await listKernelInterfaces(), ...client.listInterfaces()];
}

async function listKernelInterfaces(): Promise<string[]> {
  // Where there can be none, the way to ask the kernel needn't be loaded.
  if (kernelLacksWireguard()) return [];
  const links = await importLater<KernelLinks>("./kernel_links.ts", import.meta.url);
  return links.listKernelInterfaces();
}

/** Whether the kernel is known to serve no interface: its module shows in sysfs, built in or loaded. */
function kernelLacksWireguard(): boolean {
  return exists("/sys/module") && !exists("/sys/module/wireguard");
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
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
  return (await loadKernelInterface()).getKernelInterface(name);
}

/**
 * Changes the interface `name`. Not atomic: what stands before a refused part may be applied.
 *
 * @throws as {@linkcode getInterface}; SysError with EADDRINUSE when the kernel can't have the port, EINVAL
 * when it can't remove single allowed IPs (before Linux 6.16)
 */
export async function changeInterface(name: string, change: InterfaceChange): Promise<void> {
  if (client.hasControlSocket(name)) return socket.changeInterface(name, change);
  (await loadKernelInterface()).changeKernelInterface(name, change);
}

function loadKernelInterface(): Promise<KernelInterface> {
  return importLater<KernelInterface>("./kernel_interface.ts", import.meta.url);
}

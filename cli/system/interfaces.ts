/**
 * The WireGuard interfaces of this host, whatever serves them: what all commands list, read and change
 * them through.
 *
 * @module
 */
import type { InterfaceChange } from "../../core/interface_change.ts";
import type { InterfaceState } from "../../core/interface_state.ts";
import { Errno, SysError } from "../../ffi/errno.ts";
import * as client from "./control_client.ts";
import * as socket from "./control_socket.ts";

/** The names of all interfaces. */
export function listInterfaces(): string[] {
  return client.listInterfaces();
}

/**
 * The state of the interface `name`; `wall` is the present time in ms since 1970 UTC.
 *
 * @throws SysError with ENODEV when there is no such interface, EACCES or EPERM without permission;
 * UapiError when its control socket answers an error
 */
export async function getInterface(name: string, wall: number): Promise<InterfaceState> {
  requireInterface(name);
  return await client.getInterface(name, wall);
}

/**
 * Changes the interface `name`. Not atomic: what stands before a refused part may be applied.
 *
 * @throws as {@linkcode getInterface}
 */
export async function changeInterface(name: string, change: InterfaceChange): Promise<void> {
  requireInterface(name);
  await socket.changeInterface(name, change);
}

function requireInterface(name: string): void {
  if (name === "" || name.includes("/") || socket.controlSocketState(name) !== "live") {
    throw new SysError(`find the interface ${name}`, Errno.ENODEV);
  }
}

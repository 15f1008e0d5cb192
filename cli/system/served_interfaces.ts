import { CONTROL_DIRECTORY } from "../../core/uapi/client.ts";
import { Errno, SysError } from "../../ffi/errno.ts";
import { listEndedEngines, listStatusSockets } from "./ended_engines.ts";
import { listInterfaces } from "./list_interfaces.ts";

/**
 * The names of all interfaces to tell of, each once: those there are, and those that an engine served until
 * it died. Who may not list the former gets those that have a status socket.
 *
 * @throws SysError with EACCES when there are none of these either, and as {@linkcode listInterfaces}
 */
export async function listServedInterfaces(): Promise<string[]> {
  return [...new Set([...await listReachable(), ...listEndedEngines()])];
}

async function listReachable(): Promise<string[]> {
  try {
    return await listInterfaces();
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    const names = listStatusSockets();
    if (names.length > 0) return names;
    throw new SysError(`list the interfaces of ${CONTROL_DIRECTORY}`, Errno.EACCES, "be root");
  }
}

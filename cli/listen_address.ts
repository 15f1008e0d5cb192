import { Errno, SysError } from "../ffi/errno.ts";
import { UnixStream } from "../ffi/unix_socket.ts";
import { isSocket } from "./system/control_channel.ts";
import { messageOf } from "./system/message_of.ts";
import { osError, osErrorNumber } from "./system/os_error.ts";

/** Where to listen. */
export type ListenAddress =
  | { readonly transport: "tcp"; readonly hostname: string; readonly port: number }
  | { readonly transport: "unix"; readonly path: string };

/**
 * Parses `ADDRESS:PORT`, `[ADDRESS]:PORT`, `unix:PATH`, or a port alone, at the loopback address. Null
 * when it is neither.
 */
export function parseListenAddress(text: string): ListenAddress | null {
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length);
    return path.startsWith("/") ? { transport: "unix", path } : null;
  }
  const match = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]*)):)?([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 0xffff) return null;
  return { transport: "tcp", hostname: match[1] ?? (match[2] || "127.0.0.1"), port };
}

/** As {@linkcode parseListenAddress} takes it. */
export function addressText(address: ListenAddress): string {
  if (address.transport === "unix") return `unix:${address.path}`;
  const { hostname, port } = address;
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

/**
 * Listens. A UNIX socket is for its owner and group, and takes the place of one that nobody listens at.
 *
 * @throws Error in one line
 */
export function listen(address: ListenAddress): Deno.Listener {
  try {
    return address.transport === "unix" ? listenAtPath(address.path) : Deno.listen(address);
  } catch (error) {
    const operation = `listen at ${addressText(address)}`;
    if (osErrorNumber(error) !== null) throw osError(operation, error, 0);
    // What isn't the system's error is the runtime's: about the path's length, or a lookup.
    if (address.transport === "unix") throw new SysError(operation, Errno.ENAMETOOLONG);
    throw new Error(`Cannot ${operation}: ${messageOf(error)}`);
  }
}

function listenAtPath(path: string): Deno.Listener {
  removeAbandoned(path);
  // The socket's file gets its mode from the umask.
  const before = Deno.umask(0o117);
  try {
    return Deno.listen({ transport: "unix", path });
  } finally {
    Deno.umask(before);
  }
}

/** Removes a socket that an earlier process left behind; one that is in use makes listening fail. */
function removeAbandoned(path: string): void {
  if (!isSocket(path)) return;
  try {
    UnixStream.connect(path).close();
  } catch (error) {
    if (error instanceof SysError && error.errno === Errno.ECONNREFUSED) removeSocket(path);
  }
}

/** Removes the socket at `path`, if one is there. */
export function removeSocket(path: string): void {
  try {
    if (isSocket(path)) Deno.removeSync(path);
  } catch {
    // Its directory isn't ours.
  }
}

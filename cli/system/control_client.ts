import { GET_REQUEST, parseUapiGet } from "../../core/uapi/client.ts";
import type { InterfaceState } from "../../core/interface_state.ts";
import { UnixStream } from "../../ffi/unix_socket.ts";
import { CONTROL_DIRECTORY, controlSocketPath } from "../engine/control_path.ts";
import { importLater } from "../import_later.ts";
import { controlSocketState, readAnswer } from "./control_socket.ts";

type Crypto = typeof import("../crypto.ts");

const SUFFIX = ".sock";
const MAX_INTERFACE_NAME_LENGTH = 15;

/**
 * The names of the userspace WireGuard interfaces, in the order of the directory. Sockets that nobody
 * listens at any more are removed, as `wg` does.
 */
export function listInterfaces(): string[] {
  const names: string[] = [];
  try {
    for (const entry of Deno.readDirSync(CONTROL_DIRECTORY)) {
      if (!entry.name.endsWith(SUFFIX) || !leadsToSocket(entry.name)) continue;
      const name = entry.name.slice(0, -SUFFIX.length);
      if (hasControlSocket(name)) names.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names;
}

/** Whether a file of the directory is a socket or a symbolic link to one. */
function leadsToSocket(file: string): boolean {
  try {
    return Deno.statSync(`${CONTROL_DIRECTORY}/${file}`).isSocket === true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Asks the interface `name` for its state; `wall` is the present time in ms since 1970 UTC.
 *
 * @throws SysError with ENOENT when there is no such socket, ECONNREFUSED when nobody listens, EACCES
 * without permission; UapiError when the answer is an error
 */
export async function getInterface(name: string, wall: number): Promise<InterfaceState> {
  // Whoever only lists or changes interfaces needs no cryptography, which takes time to load.
  const { loadPublicKeyOf } = await importLater<Crypto>("../crypto.ts", import.meta.url);
  const publicKeyOf = await loadPublicKeyOf();
  const stream = UnixStream.connect(controlSocketPath(name));
  try {
    stream.writeAll(new TextEncoder().encode(GET_REQUEST));
    const answer = readAnswer(stream, name);
    // A socket's name may be longer; `wg` keeps as much of it as an interface's name can have.
    const shown = name.slice(0, MAX_INTERFACE_NAME_LENGTH);
    return parseUapiGet(answer, { name: shown, wall, publicKeyOf });
  } finally {
    stream.close();
  }
}

/** Whether somebody serves a control socket called `name`. One that nobody does is removed. */
export function hasControlSocket(name: string): boolean {
  if (name === "" || name.includes("/")) return false;
  const state = controlSocketState(name);
  if (state === "dead") removeSocket(controlSocketPath(name));
  return state === "live";
}

function removeSocket(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    // Somebody else was faster, or this user may not: it is as dead as before.
    const { NotFound, PermissionDenied } = Deno.errors;
    if (!(error instanceof NotFound || error instanceof PermissionDenied)) throw error;
  }
}

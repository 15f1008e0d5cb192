import { groupNumber } from "../../ffi/group.ts";
import { UnixListener } from "../../ffi/unix_socket.ts";
import { RUNTIME_DIRECTORY, STATUS_DIRECTORY, statusSocketPath } from "../runtime_paths.ts";

/** Others may reach what is in the directory of journals, but not list it. */
const TRAVERSABLE = 0o711;
const LISTABLE = 0o755;

/**
 * Opens the socket at which the engine of interface `name` tells members of `group`, its name or number,
 * how it runs. Journals, in the directory above, stay root's own.
 *
 * @throws SysError
 */
export function openStatusSocket(name: string, group: string): UnixListener {
  const gid = groupNumber(group);
  if (gid === null) throw new Error(`Cannot open a status socket: there is no group ${group}`);
  Deno.mkdirSync(STATUS_DIRECTORY, { recursive: true });
  Deno.chmodSync(RUNTIME_DIRECTORY, TRAVERSABLE);
  Deno.chmodSync(STATUS_DIRECTORY, LISTABLE);
  return UnixListener.listen(statusSocketPath(name), { group: gid });
}

/** Removes the file of a status socket, if that can be. */
export function removeStatusSocket(name: string): void {
  try {
    Deno.removeSync(statusSocketPath(name));
  } catch {
    // There is none.
  }
}

import { GET_REQUEST, isCompleteAnswer, parseUapiGet } from "../../core/uapi/client.ts";
import type { InterfaceState } from "../../core/uapi/state.ts";
import { secretBytes } from "../../core/memory.ts";
import { Errno, SysError } from "../../ffi/errno.ts";
import { UnixStream } from "../../ffi/unix_socket.ts";
import { createHandshakeCrypto } from "../crypto.ts";
import { CONTROL_DIRECTORY, controlSocketPath } from "../engine/control_path.ts";

const SUFFIX = ".sock";

/**
 * The names of the userspace WireGuard interfaces, in the order of the directory. Sockets that nobody
 * listens at any more are removed, as `wg` does.
 */
export function listInterfaces(): string[] {
  const names: string[] = [];
  try {
    for (const entry of Deno.readDirSync(CONTROL_DIRECTORY)) {
      if (!entry.name.endsWith(SUFFIX)) continue;
      const name = entry.name.slice(0, -SUFFIX.length);
      if (answers(name)) names.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names;
}

/**
 * Asks the interface `name` for its state; `wall` is the present time in ms since 1970 UTC.
 *
 * @throws SysError with ENOENT when there is no such socket, ECONNREFUSED when nobody listens, EACCES
 * without permission; UapiError when the answer is an error
 */
export function getInterface(name: string, wall: number): InterfaceState {
  const stream = UnixStream.connect(controlSocketPath(name));
  try {
    stream.writeAll(new TextEncoder().encode(GET_REQUEST));
    const answer = readAnswer(stream, name);
    return parseUapiGet(answer, { name, wall, publicKeyOf });
  } finally {
    stream.close();
  }
}

/**
 * Reads one answer of a control socket, up to the blank line that ends it.
 *
 * @throws SysError when the stream ends or stalls before
 */
export function readAnswer(stream: UnixStream, name: string): string {
  const decoder = new TextDecoder();
  const part = new Uint8Array(65_536);
  const parts: string[] = [];
  for (let end = "";;) {
    const count = stream.read(part);
    if (count <= 0) {
      throw new SysError(`read the answer of ${controlSocketPath(name)}`, -count || Errno.EPIPE);
    }
    const text = decoder.decode(part.subarray(0, count), { stream: true });
    part.fill(0, 0, count);
    parts.push(text);
    end = (end + text).slice(-2);
    if (isCompleteAnswer(end)) return parts.join("");
  }
}

function answers(name: string): boolean {
  try {
    const path = controlSocketPath(name);
    if (!Deno.lstatSync(path).isSocket) return false;
    UnixStream.connect(path).close();
    return true;
  } catch (error) {
    if (error instanceof SysError && error.errno === Errno.ECONNREFUSED) {
      Deno.removeSync(controlSocketPath(name));
    }
    return false;
  }
}

function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  const publicKey = secretBytes(32);
  createHandshakeCrypto().x25519Base(publicKey, privateKey);
  return publicKey;
}

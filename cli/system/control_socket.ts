/**
 * The client of an interface's control socket for those who wait for nothing else meanwhile.
 *
 * @module
 */
import type { InterfaceChange } from "../../core/interface_change.ts";
import { formatUapiChange } from "../../core/uapi/change_request.ts";
import { checkUapiResult, controlSocketPath, isCompleteAnswer } from "../../core/uapi/client.ts";
import { Errno, SysError } from "../../ffi/errno.ts";
import { UnixStream } from "../../ffi/unix_socket.ts";
import { exists, isSocket } from "./control_channel.ts";
import type { SocketState } from "./system.ts";

/** Whether somebody answers at the control socket of `name`. */
export function controlSocketState(name: string): SocketState {
  try {
    UnixStream.connect(controlSocketPath(name)).close();
    return "live";
  } catch (error) {
    if (!(error instanceof SysError)) throw error;
    if (!exists(controlSocketPath(name))) return "absent";
    if (error.errno !== Errno.ECONNREFUSED) return "live";
    // Any other kind of file refuses too; such is somebody else's.
    return isSocket(controlSocketPath(name)) ? "dead" : "absent";
  }
}

/**
 * Changes the interface `name` by its control socket.
 *
 * @throws SysError with ENOENT or ECONNREFUSED when nobody serves it; UapiError when it is refused
 */
export function changeInterface(name: string, change: InterfaceChange): void {
  sendSet(name, formatUapiChange(change));
}

/**
 * Sends a `set` request, which may hold secrets, and wipes it.
 * @throws as {@linkcode changeInterface}
 */
export function setInterface(name: string, request: string): void {
  const bytes = new TextEncoder().encode(request);
  try {
    sendSet(name, [bytes]);
  } finally {
    bytes.fill(0);
  }
}

function sendSet(name: string, chunks: Iterable<Uint8Array>): void {
  const stream = UnixStream.connect(controlSocketPath(name));
  try {
    writeRequest(stream, chunks);
    checkUapiResult(readAnswer(stream, name));
  } finally {
    stream.close();
  }
}

/** A server may refuse a request, and hang up, before it has read all of it: its answer counts. */
function writeRequest(stream: UnixStream, chunks: Iterable<Uint8Array>): void {
  try {
    for (const chunk of chunks) stream.writeAll(chunk);
  } catch (error) {
    if (!(error instanceof SysError) || error.errno !== Errno.EPIPE) throw error;
  }
}

/**
 * Reads one answer of a control socket, up to the blank line that ends it.
 *
 * @throws SysError when the stream ends or stalls before
 */
function readAnswer(stream: UnixStream, name: string): string {
  const decoder = new TextDecoder();
  const part = new Uint8Array(65_536);
  const parts: string[] = [];
  for (let end = "";;) {
    const count = stream.read(part);
    if (count <= 0) {
      // An answer that breaks off is a wrong answer to `wg`.
      const errno = -count === Errno.ECONNRESET ? Errno.EPROTO : -count || Errno.EPROTO;
      throw new SysError(`read the answer of ${controlSocketPath(name)}`, errno);
    }
    const text = decoder.decode(part.subarray(0, count), { stream: true });
    part.fill(0, 0, count);
    parts.push(text);
    end = (end + text).slice(-2);
    if (isCompleteAnswer(end)) return parts.join("");
  }
}

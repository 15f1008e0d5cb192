import { UapiError } from "../../core/uapi/client.ts";
import type { InterfaceState } from "../../core/interface_state.ts";
import { type InterfaceStatus, parseUapiStatus, STATUS_REQUEST } from "../../core/uapi/status.ts";
import { SysError } from "../../ffi/errno.ts";
import { UnixStream } from "../../ffi/unix_socket.ts";
import { controlSocketPath } from "../engine/control_path.ts";
import { getInterface } from "./control_client.ts";
import { readAnswer } from "./control_socket.ts";

/**
 * Asks the interface `name` how it runs; another implementation than wgts is asked for its state.
 * `wall` is the present time in ms since 1970 UTC.
 *
 * @throws SysError and UapiError as {@linkcode getInterface} does
 */
export async function getStatus(name: string, wall: number): Promise<InterfaceStatus> {
  return askEngine(name) ?? statusOf(await getInterface(name, wall));
}

/** What the engine of `name` answers; null when what serves the interface doesn't know the request. */
function askEngine(name: string): InterfaceStatus | null {
  const stream = UnixStream.connect(controlSocketPath(name));
  try {
    stream.writeAll(new TextEncoder().encode(STATUS_REQUEST));
    return parseUapiStatus(readAnswer(stream, name), name);
  } catch (error) {
    // Some answer with an error, and some hang up, before or after the request was read.
    const refused = error instanceof UapiError;
    if (refused || (error instanceof SysError && HANGUPS.includes(error.code))) return null;
    throw error;
  } finally {
    stream.close();
  }
}

const HANGUPS: readonly string[] = ["EPIPE", "ECONNRESET"];

/** What a `get` tells of what a `status` does. */
function statusOf(state: InterfaceState): InterfaceStatus {
  const { name, publicKey, listenPort, fwmark } = state;
  const peers = state.peers.map((
    { publicKey, endpoint, lastHandshake, receivedBytes, sentBytes, persistentKeepalive },
  ) => ({
    publicKey,
    endpoint,
    lastHandshake,
    receivedBytes,
    sentBytes,
    persistentKeepalive,
    refusesSegmentation: false,
  }));
  return { name, publicKey, listenPort, fwmark, engine: null, peers };
}

import { controlSocketPath, UapiError } from "../../core/uapi/client.ts";
import type { InterfaceState } from "../../core/interface_state.ts";
import {
  type Backend,
  type InterfaceStatus,
  parseUapiStatus,
  STATUS_REQUEST,
} from "../../core/uapi/status.ts";
import { formatKey } from "../../core/keys.ts";
import { SysError } from "../../ffi/errno.ts";
import { UnixStream } from "../../ffi/unix_socket.ts";
import { statusSocketPath } from "../engine/status_path.ts";
import { configuredNames } from "./configured_names.ts";
import { readAnswer } from "./control_socket.ts";
import { getInterface } from "./interfaces.ts";

/**
 * Asks the interface `name` how it runs. What isn't wgts' engine is asked for its state instead. Who may
 * not use the control socket asks at the engine's status socket. Peers that have no name get the one in
 * the interface's config, if that can be read.
 *
 * `wall` is the present time in ms since 1970 UTC.
 *
 * @throws SysError with ENODEV when there is no such interface, EACCES or EPERM without permission;
 * UapiError when its control socket answers an error
 */
export async function getStatus(name: string, wall: number): Promise<InterfaceStatus> {
  const answer = askEngine(name);
  const status = typeof answer === "string"
    ? statusOf(await getInterface(name, wall), answer)
    : answer;
  addNames(status);
  return status;
}

/** What the engine of `name` answers; what else serves the interface, if it isn't wgts' engine. */
function askEngine(name: string): InterfaceStatus | Exclude<Backend, "wgts"> {
  try {
    return ask(name, controlSocketPath(name)) ?? "userspace";
  } catch (error) {
    if (!(error instanceof SysError)) throw error;
    if (ABSENCE.includes(error.code)) return "kernel";
    if (!REFUSAL.includes(error.code)) throw error;
    const status = askStatusSocket(name);
    if (status !== null) return status;
    const advice = "be root, or of the group that `--status-group' gave its engine";
    throw new SysError(`ask ${name} how it runs`, error.errno, advice);
  }
}

/** What the engine's status socket answers; null where there is none for us. */
function askStatusSocket(name: string): InterfaceStatus | null {
  try {
    return ask(name, statusSocketPath(name));
  } catch (error) {
    const isClosed = error instanceof SysError && [...ABSENCE, ...REFUSAL].includes(error.code);
    if (isClosed) return null;
    throw error;
  }
}

const ABSENCE: readonly string[] = ["ENOENT", "ENOTDIR", "ECONNREFUSED"];
const REFUSAL: readonly string[] = ["EACCES", "EPERM"];
const HANGUPS: readonly string[] = ["EPIPE", "ECONNRESET", "EPROTO"];

/** The answer of the socket at `path`; null when what is behind it doesn't know the request. */
function ask(name: string, path: string): InterfaceStatus | null {
  const stream = UnixStream.connect(path);
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

/** What a `get` tells of what a `status` does. */
function statusOf(state: InterfaceState, backend: Backend): InterfaceStatus {
  const { name, publicKey, listenPort, fwmark } = state;
  const peers = state.peers.map(({ presharedKey: _, ...peer }) => {
    return { ...peer, name: null, endpointName: null, refusesSegmentation: false };
  });
  return { name, publicKey, listenPort, fwmark, backend, engine: null, peers };
}

function addNames({ name, peers }: InterfaceStatus): void {
  if (peers.every((peer) => peer.name !== null)) return;
  const names = configuredNames(name);
  if (names.size === 0) return;
  for (const peer of peers) peer.name ??= names.get(formatKey(peer.publicKey)) ?? null;
}

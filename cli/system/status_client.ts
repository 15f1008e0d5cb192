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
import { statusSocketPath } from "../runtime_paths.ts";
import { configuredNames } from "./configured_names.ts";
import { ControlChannel } from "./control_channel.ts";
import { getInterface } from "./interfaces.ts";

/**
 * Asks the interface `name` how it runs. What isn't wgts' engine is asked for its state instead. Who may
 * not use the control socket asks at the engine's status socket. Peers that have no name get the one in
 * the interface's config, if that can be read.
 *
 * `wall` is the present time in ms since 1970 UTC. What serves the interface may keep silent for
 * `timeoutMs`.
 *
 * @throws SysError with ENODEV when there is no such interface, EACCES or EPERM without permission,
 * EAGAIN when it keeps silent for longer; UapiError when its control socket answers an error
 */
export async function getStatus(
  name: string,
  wall: number,
  timeoutMs: number,
): Promise<InterfaceStatus> {
  const answer = await askEngine(name, timeoutMs);
  const status = typeof answer === "string"
    ? statusOf(await getInterface(name, wall, { timeoutMs }), answer)
    : answer;
  addNames(status);
  return status;
}

/** What the engine of `name` answers; what else serves the interface, if it isn't wgts' engine. */
async function askEngine(
  name: string,
  timeoutMs: number,
): Promise<InterfaceStatus | Exclude<Backend, "wgts">> {
  try {
    return await ask(name, controlSocketPath(name), timeoutMs) ?? "userspace";
  } catch (error) {
    if (!(error instanceof SysError)) throw error;
    if (ABSENCE.includes(error.code)) return "kernel";
    if (!REFUSAL.includes(error.code)) throw error;
    const status = await askStatusSocket(name, timeoutMs);
    if (status !== null) return status;
    const advice = "be root, or of the group that `--status-group' gave its engine";
    throw new SysError(`ask ${name} how it runs`, error.errno, advice);
  }
}

/** What the engine's status socket answers; null where there is none for us. */
async function askStatusSocket(name: string, timeoutMs: number): Promise<InterfaceStatus | null> {
  try {
    return await ask(name, statusSocketPath(name), timeoutMs);
  } catch (error) {
    const isClosed = error instanceof SysError && [...ABSENCE, ...REFUSAL].includes(error.code);
    if (isClosed) return null;
    throw error;
  }
}

const ABSENCE: readonly string[] = ["ENOENT", "ENOTDIR", "ECONNREFUSED"];
const REFUSAL: readonly string[] = ["EACCES", "EPERM"];

/** The answer of the socket at `path`; null when what is behind it doesn't know the request. */
async function ask(name: string, path: string, timeoutMs: number): Promise<InterfaceStatus | null> {
  using channel = await ControlChannel.connect(path, timeoutMs);
  try {
    const answer = await channel.ask([new TextEncoder().encode(STATUS_REQUEST)]);
    return parseUapiStatus(answer, name);
  } catch (error) {
    // Some answer with an error, and some hang up, before or after the request was read.
    if (error instanceof UapiError) return null;
    throw error;
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

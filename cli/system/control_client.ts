import { GET_REQUEST } from "../../core/uapi/client.ts";
import { UapiGetReader } from "../../core/uapi/get_reader.ts";
import type { InterfaceState } from "../../core/interface_state.ts";
import { CONTROL_DIRECTORY } from "../engine/control_path.ts";
import { derivePublicKey } from "../public_key.ts";
import { ControlChannel } from "./control_channel.ts";

const SUFFIX = ".sock";
const MAX_INTERFACE_NAME_LENGTH = 15;

/**
 * The names of the userspace WireGuard interfaces, in the order of the directory. Sockets that nobody
 * listens at any more are removed, as `wg` does.
 */
export async function listInterfaces(): Promise<string[]> {
  const names: string[] = [];
  try {
    for (const entry of Deno.readDirSync(CONTROL_DIRECTORY)) {
      if (!entry.name.endsWith(SUFFIX)) continue;
      const name = entry.name.slice(0, -SUFFIX.length);
      if (await isServed(name)) names.push(name);
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

/** Whether somebody listens at the control socket of `name`, or may: only whom it is for can know. */
async function isServed(name: string): Promise<boolean> {
  try {
    using channel = await ControlChannel.open(name);
    return channel !== null;
  } catch {
    return leadsToSocket(`${name}${SUFFIX}`);
  }
}

/**
 * Asks the interface `name` for its state, with its public key if `publicKey` is true; `wall` is the present
 * time in ms since 1970 UTC. Null when it has no control socket.
 *
 * @throws SysError with EACCES without permission; UapiError when the answer is an error
 */
export async function getInterface(
  name: string,
  wall: number,
  publicKey: boolean,
): Promise<InterfaceState | null> {
  using channel = await ControlChannel.open(name);
  if (channel === null) return null;
  const reader = new UapiGetReader({
    // A socket's name may be longer; `wg` keeps as much of it as an interface's name can have.
    name: name.slice(0, MAX_INTERFACE_NAME_LENGTH),
    wall,
    // It is derived below, if at all: Web Crypto takes its time.
    publicKeyOf: () => null,
  });
  await channel.askInParts([new TextEncoder().encode(GET_REQUEST)], (part) => reader.push(part));
  const state = reader.finish();
  if (publicKey && state.privateKey !== null) {
    state.publicKey = await derivePublicKey(state.privateKey);
  }
  return state;
}

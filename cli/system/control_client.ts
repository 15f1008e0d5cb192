import type { LongAnswer, PeerReceiver } from "../../core/uapi/long_answer.ts";
import { CONTROL_DIRECTORY, GET_REQUEST } from "../../core/uapi/client.ts";
import { LONG_ANSWER, UapiGetReader } from "../../core/uapi/get_reader.ts";
import type { InterfaceState } from "../../core/interface_state.ts";
import { derivePublicKey } from "../public_key.ts";
import { importLater } from "../import_later.ts";
import { ControlChannel } from "./control_channel.ts";

type LongAnswerModule = typeof import("../../core/uapi/long_answer.ts");
type UsualLines = typeof import("../../core/uapi/usual_lines.ts");

const SUFFIX = ".sock";
const MAX_INTERFACE_NAME_LENGTH = 15;
/** Bytes of the first part of an answer that is probably long. */
const LONG_PART = 16_384;

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
  return await readInterface(name, wall, { publicKey, receiver: null });
}

/** What is wanted of an interface. */
export interface Wanted {
  /** Whether its public key is, which may have to be derived. */
  readonly publicKey: boolean;
  /**
   * Gives who gets its peers, by the interface's name, if they are very many; null when they are wanted in
   * its state.
   */
  readonly receiver: ((name: string) => Promise<PeerReceiver | null>) | null;
  /** Whether allowed IPs in its state may be lines of the answer, as `AllowedIpList.gets` compares them. */
  readonly wholeLines?: boolean;
}

/** As {@linkcode getInterface}, but hands out the peers of a long answer while it comes. */
export async function readInterface(
  name: string,
  wall: number,
  { publicKey, receiver, wholeLines = false }: Wanted,
): Promise<InterfaceState | null> {
  using channel = await ControlChannel.open(name);
  if (channel === null) return null;
  // A socket's name may be longer; `wg` keeps as much of it as an interface's name can have.
  const shownName = name.slice(0, MAX_INTERFACE_NAME_LENGTH);
  const reader = new UapiGetReader({
    name: shownName,
    wall,
    // It is derived below, if at all: Web Crypto takes its time.
    publicKeyOf: () => null,
  });
  const decoder = new TextDecoder();
  let long: LongAnswer | null = null, isFirst = true, length = 0;
  for await (const part of channel.askInParts([new TextEncoder().encode(GET_REQUEST)])) {
    if (isFirst && part.length >= LONG_PART) {
      const peers = await receiver?.(shownName) ?? null;
      if (peers !== null) long = await longAnswer(reader, peers);
    }
    length += part.length;
    if (length >= LONG_ANSWER && reader.usualLines === null) {
      const lines = await importLater<UsualLines>("../core/uapi/usual_lines.ts");
      reader.usualLines = wholeLines ? lines.readWholeLines : lines.readUsualLines;
    }
    isFirst = false;
    if (long === null) reader.push(decoder.decode(part, { stream: true }));
    else long.push(part);
  }
  const state = (long ?? reader).finish();
  if (publicKey && state.privateKey !== null) {
    state.publicKey = await derivePublicKey(state.privateKey);
  }
  return state;
}

async function longAnswer(reader: UapiGetReader, receiver: PeerReceiver): Promise<LongAnswer> {
  const { LongAnswer } = await importLater<LongAnswerModule>("../core/uapi/long_answer.ts");
  return new LongAnswer(reader, receiver);
}

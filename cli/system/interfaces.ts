/**
 * The WireGuard interfaces of this host, whatever serves them: what all commands read them through.
 * As with `wg`, a control socket goes before an interface of the kernel's that has its name.
 *
 * @module
 */
import type { InterfaceState, PeerState } from "../../core/interface_state.ts";
import type { PeerPrinter } from "../../core/show/peer_printers.ts";
import type { TextBuffer } from "../../core/text_buffer.ts";
import { GET_REQUEST } from "../../core/uapi/client.ts";
import { UapiGetReader, WORTH_USUAL_LINES } from "../../core/uapi/get_reader.ts";
import type { LongAnswer, PeerReceiver } from "../../core/uapi/long_answer.ts";
import { importLater } from "../import_later.ts";
import { derivePublicKey } from "../public_key.ts";
import { ControlChannel, deviceName } from "./control_channel.ts";

type EndpointZones = typeof import("./endpoint_zones.ts");
type KernelInterface = typeof import("./kernel_interface.ts");
type LongAnswerModule = typeof import("../../core/uapi/long_answer.ts");
type UsualLines = typeof import("../../core/uapi/usual_lines.ts");

/** "%", which only the zone of an endpoint begins with. */
const ZONE_DELIMITER = 0x25;
/**
 * Bytes of the first part of an answer that is probably long, if more follow. An answer that comes at
 * once is read in less time as text.
 */
const LONG_PART = 16_384;

/**
 * The state of the interface `name`; `wall` is the present time in ms since 1970 UTC. `publicKey` says
 * whether its public key is wanted, which may have to be derived, `timeoutMs` for how long what serves the
 * interface may keep silent.
 *
 * @throws SysError with ENODEV when there is no such interface, EPROTONOSUPPORT when there is no such
 * control socket and the kernel lacks WireGuard, EOPNOTSUPP when it is another kind of interface, EACCES
 * or EPERM without permission, EAGAIN when it keeps silent for longer; UapiError when its control socket
 * answers an error
 */
export async function getInterface(
  name: string,
  wall: number,
  { publicKey = true, timeoutMs }: { publicKey?: boolean; timeoutMs?: number } = {},
): Promise<InterfaceState> {
  return await readInterface(name, wall, { publicKey, timeoutMs, receiver: null });
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
  /** For how long what serves the interface may keep silent; by default, for quite long. */
  readonly timeoutMs?: number | undefined;
}

/**
 * As {@linkcode getInterface}, but hands out the peers of a long answer while it comes: to keep very many
 * would take longer.
 */
export async function readInterface(
  name: string,
  wall: number,
  wanted: Wanted,
): Promise<InterfaceState> {
  return await readUserspaceInterface(name, wall, wanted) ?? await getKernelInterface(name);
}

/**
 * As {@linkcode readInterface}, of an interface that has a control socket; null when it has none.
 *
 * @throws SysError with EACCES without permission; UapiError when the answer is an error
 */
export async function readUserspaceInterface(
  name: string,
  wall: number,
  { publicKey, receiver, wholeLines = false, timeoutMs }: Wanted,
): Promise<InterfaceState | null> {
  using channel = await ControlChannel.open(name, timeoutMs);
  if (channel === null) return null;
  // A socket's name may be longer.
  const shownName = deviceName(name);
  const reader = new UapiGetReader({
    name: shownName,
    wall,
    // It is derived below, if at all: Web Crypto takes its time.
    publicKeyOf: () => null,
  });
  const decoder = new TextDecoder();
  let long: LongAnswer | null = null, isFirst = true, length = 0;
  let zones: EndpointZones | null = null;
  let state: InterfaceState;
  try {
    const request = [new TextEncoder().encode(GET_REQUEST)];
    for await (const { bytes, isLast } of channel.askInParts(request)) {
      if (isFirst && !isLast && bytes.length >= LONG_PART) {
        const peers = await receiver?.(shownName) ?? null;
        if (peers !== null) {
          long = await longAnswer(reader, peers, (peer) => zones?.rewriteZone(peer));
        }
      }
      if (zones === null && bytes.includes(ZONE_DELIMITER)) {
        zones = await importLater<EndpointZones>("system/endpoint_zones.ts");
      }
      length += bytes.length;
      if (length >= WORTH_USUAL_LINES && reader.usualLines === null) {
        const lines = await importLater<UsualLines>("../core/uapi/usual_lines.ts");
        reader.usualLines = wholeLines ? lines.readWholeLines : lines.readUsualLines;
      }
      isFirst = false;
      if (long === null) reader.push(decoder.decode(bytes, { stream: true }));
      else long.push(bytes);
      if (reader.hasEnded) break;
    }
    state = (long ?? reader).finish();
    if (zones !== null) state.peers.forEach(zones.rewriteZone);
  } finally {
    long?.wipe();
  }
  if (publicKey && state.privateKey !== null) {
    state.publicKey = await derivePublicKey(state.privateKey);
  }
  return state;
}

/** `rewrite` gets those peers first that aren't as usual. */
async function longAnswer(
  reader: UapiGetReader,
  receiver: PeerReceiver,
  rewrite: (peer: PeerState) => void,
): Promise<LongAnswer> {
  const { LongAnswer } = await importLater<LongAnswerModule>("../core/uapi/long_answer.ts");
  return new LongAnswer(reader, {
    usual: (answer, peer) => receiver.usual(answer, peer),
    other: (peer) => {
      rewrite(peer);
      receiver.other(peer);
    },
  });
}

async function getKernelInterface(name: string): Promise<InterfaceState> {
  const kernel = await importLater<KernelInterface>("system/kernel_interface.ts");
  return kernel.getKernelInterface(name);
}

/** An interface, and its peers as text where they were printed. */
export interface Shown {
  readonly state: InterfaceState;
  /** Null unless peers were printed; those aren't in the state then. Wipe it. */
  readonly peers: TextBuffer | null;
}

/** What is wanted of an interface that is shown. */
export interface WantedToShow {
  /** As in {@linkcode Wanted}. */
  readonly publicKey: boolean;
  /** What prints its peers, by the interface's name, if they are very many; null if nothing does. */
  readonly printer: ((name: string) => Promise<PeerPrinter | null>) | null;
}

/** As {@linkcode getInterface}, but prints the peers of a long answer while it comes. */
export async function readToShow(
  name: string,
  wall: number,
  { publicKey, printer }: WantedToShow,
): Promise<Shown> {
  let used: PeerPrinter | null | undefined;
  const receiver = async (shownName: string) => used = await printer?.(shownName) ?? null;
  try {
    const state = await readInterface(name, wall, { publicKey, receiver });
    return { state, peers: used?.finish() ?? null };
  } catch (error) {
    used?.wipe();
    throw error;
  }
}

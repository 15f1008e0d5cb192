import { removeSpace } from "../config/text.ts";
import type { WgChange, WgPeerChange } from "./change.ts";
import { WgError } from "./error.ts";
import type { WgSurroundings } from "./surroundings.ts";
import {
  addAllowedIps,
  newPeerSettings,
  parseWgEndpoint,
  parseWgFwmark,
  parseWgKeepalive,
  parseWgPort,
  parseWgPublicKey,
} from "./values.ts";

/** Of many peers. */
const MANY_ARGUMENTS = 100;

/** What `wg set` needs of the system. */
export interface WgSetSurroundings extends WgSurroundings {
  /**
   * The key in the file at `path`, 32 bytes; all zero for an empty file.
   * @throws WgError
   */
  readKey(path: string): Uint8Array;
}

/**
 * The change that the arguments of `wg set` behind the interface stand for. All of the interface's own
 * come before the first peer.
 *
 * @throws WgError
 */
export function parseWgSet(
  args: readonly string[],
  surroundings: WgSetSurroundings,
): WgChange {
  const change: WgChange = { replacePeers: false, peers: [] };
  for (let at = 0; at < args.length;) {
    const name = args[at++] ?? "";
    const peer = change.peers.at(-1);
    if (name === "remove" && peer !== undefined) {
      peer.remove = true;
      continue;
    }
    const value = args[at++];
    const known = value !== undefined && (
      name === "peer"
        ? change.peers.push({ publicKey: parseWgPublicKey(value), ...newPeerSettings(false) })
        : peer === undefined
        ? readOfInterface(change, name, value, surroundings)
        : readOfPeer(peer, name, value, surroundings, args.length >= MANY_ARGUMENTS)
    );
    if (!known) throw new WgError(`Invalid argument: ${name}`);
  }
  return change;
}

/** Whether an interface has an argument of this name; if so, its value is read. */
function readOfInterface(
  change: WgChange,
  name: string,
  value: string,
  surroundings: WgSetSurroundings,
): boolean {
  switch (name) {
    case "listen-port":
      change.listenPort = parseWgPort(value, surroundings);
      return true;
    case "fwmark":
      change.fwmark = parseWgFwmark(value);
      return true;
    case "private-key":
      change.privateKey = surroundings.readKey(value);
      return true;
    default:
      return false;
  }
}

/** Whether a peer has an argument of this name; if so, its value is read. */
function readOfPeer(
  peer: WgPeerChange,
  name: string,
  value: string,
  surroundings: WgSetSurroundings,
  isOneOfMany: boolean,
): boolean {
  switch (name) {
    case "endpoint":
      peer.endpoint = parseWgEndpoint(value, surroundings);
      return true;
    case "allowed-ips":
      addAllowedIps(peer, removeSpace(value), surroundings, isOneOfMany);
      return true;
    case "persistent-keepalive":
      peer.persistentKeepalive = parseWgKeepalive(value);
      return true;
    case "preshared-key":
      peer.presharedKey = surroundings.readKey(value);
      return true;
    default:
      return false;
  }
}

import type { InterfaceChange } from "../../../core/interface_change.ts";
import type { InterfaceState } from "../../../core/interface_state.ts";
import { IpAddress } from "../../../core/ip.ts";
import { parseUapiEndpoint } from "../../../core/uapi/values.ts";
import { formatUapiEndpoint } from "../../../core/uapi/values.ts";

/** A WireGuard interface; plain data with keys in hex, so that it can be cloned and compared. */
export interface ModelInterface {
  privateKey: string;
  listenPort: number;
  fwmark: number;
  /** By public key. */
  peers: Record<string, ModelPeer>;
}

/** One of its peers. */
export interface ModelPeer {
  presharedKey: string;
  /** "" when there is none. */
  endpoint: string;
  persistentKeepalive: number;
  /** Sorted. */
  allowedIps: string[];
  /**
   * Which of all sessions that peers had it has: another one after it was gone, or the private key's
   * change.
   */
  session: number;
}

const NO_KEY = "0".repeat(64);

/** An interface without anything. */
export function emptyInterface(): ModelInterface {
  return { privateKey: NO_KEY, listenPort: 0, fwmark: 0, peers: {} };
}

/** Makes a change of `target`; `nextSession` numbers sessions. */
export function changeModel(
  target: ModelInterface,
  change: InterfaceChange,
  nextSession: () => number,
): void {
  const { privateKey, listenPort, fwmark } = change;
  if (privateKey !== undefined) {
    const key = privateKey.slice();
    // Clamped, as the kernel and engines keep it.
    if (key.some((byte) => byte !== 0)) {
      key[0] = (key[0] ?? 0) & 248;
      key[31] = (key[31] ?? 0) & 127 | 64;
    }
    target.privateKey = key.toHex();
    for (const peer of Object.values(target.peers)) peer.session = nextSession();
  }
  if (listenPort !== undefined) target.listenPort = listenPort === 0 ? 40_000 : listenPort;
  if (fwmark !== undefined) target.fwmark = fwmark;
  if (change.replacePeers) target.peers = {};
  for (const item of change.peers) {
    const name = item.publicKey.toHex();
    if (item.remove) delete target.peers[name];
    if (item.remove || (item.updateOnly && !(name in target.peers))) continue;
    const peer = target.peers[name] ??= {
      presharedKey: NO_KEY,
      endpoint: "",
      persistentKeepalive: 0,
      allowedIps: [],
      session: nextSession(),
    };
    if (item.presharedKey !== undefined) peer.presharedKey = item.presharedKey.toHex();
    if (item.endpoint !== undefined) peer.endpoint = formatUapiEndpoint(item.endpoint);
    peer.persistentKeepalive = item.persistentKeepalive ?? peer.persistentKeepalive;
    if (item.replaceAllowedIps) peer.allowedIps = [];
    for (const { prefix, remove } of item.allowedIps) {
      const text = prefix.masked().toString();
      if (remove) {
        peer.allowedIps = peer.allowedIps.filter((other) => other !== text);
        continue;
      }
      for (const other of Object.values(target.peers)) {
        other.allowedIps = other.allowedIps.filter((owned) => owned !== text);
      }
      peer.allowedIps = [...peer.allowedIps, text].sort();
    }
  }
}

/** What the interface tells of itself. */
export function stateOf(name: string, model: ModelInterface): InterfaceState {
  return {
    name,
    privateKey: keyOf(model.privateKey),
    publicKey: null,
    listenPort: model.listenPort,
    fwmark: model.fwmark,
    peers: Object.entries(model.peers).map(([key, peer]) => ({
      publicKey: Uint8Array.fromHex(key),
      presharedKey: keyOf(peer.presharedKey),
      endpoint: parseUapiEndpoint(peer.endpoint),
      lastHandshake: { seconds: 0, nanoseconds: 0 },
      receivedBytes: 0,
      sentBytes: 0,
      persistentKeepalive: peer.persistentKeepalive,
      allowedIps: [...peer.allowedIps],
    })),
  };
}

/** The address that the model's resolver has for a host: always the same. */
export function addressOfHost(host: string): IpAddress {
  let sum = 7;
  for (const character of host) sum = (sum * 31 + character.charCodeAt(0)) & 0xff;
  return IpAddress.fromBytes(Uint8Array.of(192, 0, 2, sum));
}

function keyOf(hex: string): Uint8Array | null {
  return hex === NO_KEY ? null : Uint8Array.fromHex(hex);
}

/**
 * How a running interface becomes what a config says, peer by peer: what stays isn't touched, so that
 * its sessions live on.
 *
 * @module
 */
import type { ConfigEndpoint, WgConfig, WgPeerConfig } from "../config/types.ts";
import { KEY_SIZE } from "../crypto/crypto.ts";
import type { AllowedIpChange, InterfaceChange, PeerChange } from "../interface_change.ts";
import type { InterfaceState, PeerState } from "../interface_state.ts";
import { IpPrefix } from "../ip.ts";
import { changePeer } from "./stand_in.ts";
import { clampPrivateKey, equalKeys, formatPublicKey, isZeroKey } from "../keys.ts";
import { secretBytes } from "../memory.ts";
import type { UapiEndpoint } from "../uapi/command.ts";

/** Two changes, to be made one after the other. They hold secrets. */
export interface SyncChanges {
  /** What comes or changes: keys, peers, allowed IPs. One that moves is at no time nobody's. */
  readonly extend: InterfaceChange;
  /** What goes: allowed IPs, peers. */
  readonly reduce: InterfaceChange;
}

/** What {@linkcode syncInterface} is told besides the config. */
export interface SyncSurroundings {
  /** The endpoints (`endpointWords`) that the peers were given last, by public key in base64. */
  readonly givenEndpoints: Readonly<Record<string, string>>;
  /** The address of an endpoint that {@linkcode isNewEndpoint} tells of. */
  readonly resolve: (endpoint: ConfigEndpoint) => UapiEndpoint | null;
}

/** Whether there is anything in `change`. */
export function isEmptyChange({ privateKey, peers }: InterfaceChange): boolean {
  return privateKey === undefined && peers.length === 0;
}

/**
 * The peer's endpoint if it is to be set: its peer is new or has none, or the config names another one
 * than before. A peer that roamed is left where it is.
 */
export function newEndpoint(
  peer: WgPeerConfig,
  state: PeerState | undefined,
  givenEndpoints: SyncSurroundings["givenEndpoints"],
): ConfigEndpoint | null {
  if (peer.endpoint === undefined) return null;
  const isKnown = state !== undefined && state.endpoint !== null &&
    firstName(givenEndpoints[formatPublicKey(peer.publicKey)]) === peer.endpoint.text;
  return isKnown ? null : peer.endpoint;
}

/** The endpoint itself of what `endpointWords` wrote. */
export function firstName(words: string | undefined): string | undefined {
  return words?.split(" ")[0];
}

/** The peers of a running interface by their public keys in base64. */
export function peersByKey(running: InterfaceState): Map<string, PeerState> {
  return new Map(running.peers.map((peer) => [formatPublicKey(peer.publicKey), peer]));
}

/**
 * The differences between `config` and what runs. What a peer has and the config doesn't name goes:
 * preshared key, keepalive, allowed IPs; but an endpoint can't be taken away. Port and mark are not
 * looked at. The keys are the config's own, not copies.
 */
export function syncInterface(
  config: WgConfig,
  running: InterfaceState,
  { givenEndpoints, resolve }: SyncSurroundings,
): SyncChanges {
  const states = peersByKey(running);
  const owners = new Map<string, WgPeerConfig>();
  for (const peer of config.peers) {
    for (const prefix of peer.allowedIps) owners.set(prefix.toString(), peer);
  }
  const extended: PeerChange[] = [], reduced: PeerChange[] = [];
  for (const peer of config.peers) {
    const state = states.get(formatPublicKey(peer.publicKey));
    const endpoint = newEndpoint(peer, state, givenEndpoints);
    const address = endpoint === null ? null : resolve(endpoint);
    const change = extendPeer(peer, state, address);
    if (change !== null) extended.push(change);
    const lost = (state?.allowedIps ?? []).filter((text) => !owners.has(text));
    if (lost.length > 0) reduced.push(changePeer(peer.publicKey, { allowedIps: removals(lost) }));
  }
  const wanted = new Set(config.peers.map(({ publicKey }) => formatPublicKey(publicKey)));
  for (const [key, { publicKey }] of states) {
    if (!wanted.has(key)) reduced.push(changePeer(publicKey, { remove: true, updateOnly: false }));
  }
  const privateKey = config.interface.privateKey ?? new Uint8Array(KEY_SIZE);
  const keep = isSamePrivateKey(privateKey, running.privateKey);
  return {
    extend: { ...(keep ? {} : { privateKey }), replacePeers: false, peers: extended },
    reduce: { replacePeers: false, peers: reduced },
  };
}

/** Null when the peer has all that it should. */
function extendPeer(
  peer: WgPeerConfig,
  state: PeerState | undefined,
  endpoint: UapiEndpoint | null,
): PeerChange | null {
  const present = new Set(state?.allowedIps);
  const allowedIps = peer.allowedIps
    .filter((prefix) => !present.has(prefix.toString()))
    .map((prefix): AllowedIpChange => ({ prefix, remove: false }));
  const presharedKey = peer.presharedKey ?? new Uint8Array(KEY_SIZE);
  const persistentKeepalive = peer.persistentKeepalive ?? 0;
  const change = changePeer(peer.publicKey, {
    updateOnly: state !== undefined,
    ...(isSameKey(presharedKey, state?.presharedKey ?? null) ? {} : { presharedKey }),
    ...(persistentKeepalive === (state?.persistentKeepalive ?? 0) ? {} : { persistentKeepalive }),
    ...(endpoint === null || equalEndpoints(endpoint, state?.endpoint) ? {} : { endpoint }),
    allowedIps,
  });
  const isSame = change.presharedKey === undefined && change.endpoint === undefined &&
    change.persistentKeepalive === undefined && allowedIps.length === 0;
  return state !== undefined && isSame ? null : change;
}

/**
 * What makes an interface again what it was: `before`, when it is `now`. A peer's endpoint is set back only
 * where it is one of `changed`.
 */
export function restoreInterface(
  before: InterfaceState,
  now: InterfaceState,
  changed: InterfaceChange,
): SyncChanges {
  const givenEndpoints: Record<string, string> = {};
  const moved = new Set(
    changed.peers.filter(({ endpoint }) => endpoint !== undefined)
      .map(({ publicKey }) => formatPublicKey(publicKey)),
  );
  const endpoints = new Map<ConfigEndpoint, UapiEndpoint>();
  const endpointsBefore = new Set<string>();
  const peers = before.peers.map((state): WgPeerConfig => {
    const { publicKey, presharedKey, persistentKeepalive } = state;
    const key = formatPublicKey(publicKey);
    const peer: WgPeerConfig = {
      publicKey,
      persistentKeepalive,
      allowedIps: state.allowedIps.flatMap((text) => IpPrefix.parse(text) ?? []),
      line: 0,
      ...(presharedKey === null ? {} : { presharedKey }),
    };
    if (state.endpoint !== null) {
      peer.endpoint = { host: key, port: state.endpoint.port, text: key };
      endpoints.set(peer.endpoint, state.endpoint);
      endpointsBefore.add(key);
      if (!moved.has(key)) givenEndpoints[key] = key;
    }
    return peer;
  });
  const { privateKey } = before;
  const settings = privateKey === null ? {} : { privateKey };
  // An endpoint can't be taken away, but a peer that had none had no session to lose.
  const isNew = ({ publicKey }: PeerState) => {
    const key = formatPublicKey(publicKey);
    return moved.has(key) && !endpointsBefore.has(key);
  };
  const anew = now.peers.filter((peer) => isNew(peer));
  const others = { ...now, peers: now.peers.filter((peer) => !isNew(peer)) };
  const changes = syncInterface({ interface: settings, peers, warnings: [] }, others, {
    givenEndpoints,
    resolve: (endpoint) => endpoints.get(endpoint) ?? null,
  });
  const removed = anew.map(({ publicKey }) => changePeer(publicKey, { remove: true }));
  return {
    ...changes,
    extend: { ...changes.extend, peers: [...removed, ...changes.extend.peers] },
  };
}

function removals(texts: readonly string[]): AllowedIpChange[] {
  return texts.flatMap((text) => {
    const prefix = IpPrefix.parse(text);
    return prefix === null ? [] : [{ prefix, remove: true, text }];
  });
}

/** Whether a preshared key is the one that runs, of which null is all zero. */
function isSameKey(key: Uint8Array, running: Uint8Array | null): boolean {
  return running === null ? isZeroKey(key) : equalKeys(key, running);
}

/** As {@linkcode isSameKey}; interfaces clamp the private key that they get. */
function isSamePrivateKey(key: Uint8Array, running: Uint8Array | null): boolean {
  if (running === null || isZeroKey(key)) return isSameKey(key, running);
  const clamped = secretBytes(KEY_SIZE);
  clamped.set(key);
  clampPrivateKey(clamped);
  try {
    return equalKeys(clamped, running);
  } finally {
    clamped.fill(0);
  }
}

function equalEndpoints(a: UapiEndpoint, b: UapiEndpoint | null | undefined): boolean {
  return b !== null && b !== undefined && a.port === b.port && a.zone === b.zone &&
    a.address.equals(b.address);
}

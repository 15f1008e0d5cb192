import { KEY_SIZE } from "../crypto/crypto.ts";
import type { InterfaceState, PeerState } from "../interface_state.ts";
import { equalKeys, formatPublicHexKey, isZeroKey } from "../keys.ts";
import { formatUapiEndpoint } from "../uapi/values.ts";
import type { WgChange, WgPeerChange } from "./change.ts";
import { newPeerSettings } from "./values.ts";

/**
 * The change that `wg syncconf` makes of a file's change, which replaces all peers: those that are in
 * the file stay as they are but for what differs, so that their sessions live on.
 *
 * What a peer has and the file no longer names goes: preshared key, keepalive and allowed IPs; its
 * endpoint, which may have roamed, stays. `wg` sends peers of which nothing differs too; here they are left
 * alone, and none of their packets is lost while their allowed IPs are replaced by themselves.
 */
export function syncChange(file: WgChange, running: InterfaceState): WgChange {
  if (file.peers.length === 0 || running.peers.length === 0) return file;
  return syncPeers(file, running.peers);
}

/**
 * As {@linkcode syncChange}, of peers only: `file` stands for peers that are the same as well, and
 * aren't in it.
 */
export function syncPeers(file: WgChange, running: readonly PeerState[]): WgChange {
  // The first of several sections of one peer: later ones then add to it.
  const wanted = new Map<string, WgPeerChange>();
  const repeated = new Set<WgPeerChange>();
  for (const peer of file.peers) {
    const name = formatPublicHexKey(peer.publicKey);
    const first = wanted.get(name);
    if (first === undefined) wanted.set(name, peer);
    else repeated.add(first);
  }
  const removed: WgPeerChange[] = [];
  const same = new Set<WgPeerChange>(), different = new Set<WgPeerChange>();
  for (const state of running) {
    const peer = wanted.get(formatPublicHexKey(state.publicKey));
    if (peer === undefined) {
      removed.push(removalOf(state.publicKey));
    } else {
      clearWhatIsMissing(peer, state);
      // A peer that comes back while an answer is made is in it twice.
      (!repeated.has(peer) && isSame(peer, state) ? same : different).add(peer);
    }
  }
  const changed = withoutSame(file.peers, same.difference(different));
  return { ...file, replacePeers: false, peers: [...removed, ...changed] };
}

/** The change that removes the peer with a public key of 32 bytes. */
export function removalOf(publicKey: Uint8Array): WgPeerChange {
  return { publicKey, ...newPeerSettings(false), remove: true };
}

function clearWhatIsMissing(peer: WgPeerChange, state: PeerState): void {
  if (state.presharedKey !== null) peer.presharedKey ??= new Uint8Array(KEY_SIZE);
  if (state.persistentKeepalive !== 0) peer.persistentKeepalive ??= 0;
}

/** Whether `peer` changes nothing of what runs. */
function isSame(peer: WgPeerChange, state: PeerState): boolean {
  const { presharedKey, endpoint, persistentKeepalive = state.persistentKeepalive } = peer;
  return persistentKeepalive === state.persistentKeepalive &&
    (endpoint === undefined || (state.endpoint !== null &&
      formatUapiEndpoint(endpoint) === formatUapiEndpoint(state.endpoint))) &&
    (presharedKey === undefined ||
      (state.presharedKey === null
        ? isZeroKey(presharedKey)
        : equalKeys(presharedKey, state.presharedKey))) &&
    hasSameAllowedIps(peer, state);
}

function hasSameAllowedIps(
  { replaceAllowedIps, allowedIps }: WgPeerChange,
  state: PeerState,
): boolean {
  return replaceAllowedIps && allowedIps.gets(state.allowedIps);
}

/** The allowed IPs that peers get, as `IpPrefix` prints them. */
export function claimsOf(peers: Iterable<WgPeerChange>): Set<string> {
  const claimed = new Set<string>();
  for (const peer of peers) {
    for (const network of peer.allowedIps.networks()) claimed.add(network);
  }
  return claimed;
}

/**
 * All of `peers` but the same ones. One of these comes along when another peer claims an allowed IP of its:
 * who has it in the end is who comes last.
 */
function withoutSame(
  peers: readonly WgPeerChange[],
  same: ReadonlySet<WgPeerChange>,
): WgPeerChange[] {
  if (same.size === 0) return [...peers];
  const claimed = claimsOf(peers.filter((peer) => !same.has(peer)));
  return peers.filter((peer) => {
    if (!same.has(peer)) return true;
    if (claimed.size > 0 && peer.allowedIps.networks().some((network) => claimed.has(network))) {
      return true;
    }
    peer.presharedKey?.fill(0);
    return false;
  });
}

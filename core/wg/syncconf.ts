import { KEY_SIZE } from "../crypto/crypto.ts";
import type { InterfaceChange, PeerChange } from "../interface_change.ts";
import type { InterfaceState, PeerState } from "../interface_state.ts";
import { formatPublicHexKey } from "../keys.ts";
import { newPeerSettings } from "./values.ts";

/**
 * The change that `wg syncconf` makes of a file's change, which replaces all peers: those that are in
 * the file stay as they are but for what differs, so that their sessions live on.
 *
 * What a peer has and the file no longer names goes: preshared key, keepalive and allowed IPs; its
 * endpoint, which may have roamed, stays.
 */
export function syncChange(file: InterfaceChange, running: InterfaceState): InterfaceChange {
  if (file.peers.length === 0 || running.peers.length === 0) return file;
  // The first of several sections of one peer: later ones then add to it.
  const wanted = new Map<string, PeerChange>();
  for (const peer of file.peers) {
    const name = formatPublicHexKey(peer.publicKey);
    if (!wanted.has(name)) wanted.set(name, peer);
  }
  const removed: PeerChange[] = [];
  for (const state of running.peers) {
    const peer = wanted.get(formatPublicHexKey(state.publicKey));
    if (peer === undefined) {
      removed.push({ publicKey: state.publicKey, ...newPeerSettings(false), remove: true });
    } else {
      clearWhatIsMissing(peer, state);
    }
  }
  return { ...file, replacePeers: false, peers: [...removed, ...file.peers] };
}

function clearWhatIsMissing(peer: PeerChange, state: PeerState): void {
  if (state.presharedKey !== null) peer.presharedKey ??= new Uint8Array(KEY_SIZE);
  if (state.persistentKeepalive !== 0) peer.persistentKeepalive ??= 0;
}

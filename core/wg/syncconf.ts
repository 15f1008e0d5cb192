import { KEY_SIZE } from "../crypto/crypto.ts";
import type { AllowedIpChange, InterfaceChange, PeerChange } from "../interface_change.ts";
import type { InterfaceState, PeerState } from "../interface_state.ts";
import { equalKeys, formatPublicHexKey, isZeroKey } from "../keys.ts";
import { formatUapiEndpoint } from "../uapi/values.ts";
import { newPeerSettings } from "./values.ts";

/**
 * The change that `wg syncconf` makes of a file's change, which replaces all peers: those that are in
 * the file stay as they are but for what differs, so that their sessions live on.
 *
 * What a peer has and the file no longer names goes: preshared key, keepalive and allowed IPs; its
 * endpoint, which may have roamed, stays. `wg` sends peers of which nothing differs too; here they are left
 * alone, and none of their packets is lost while their allowed IPs are replaced by themselves.
 */
export function syncChange(file: InterfaceChange, running: InterfaceState): InterfaceChange {
  if (file.peers.length === 0 || running.peers.length === 0) return file;
  // The first of several sections of one peer: later ones then add to it.
  const wanted = new Map<string, PeerChange>();
  const repeated = new Set<PeerChange>();
  for (const peer of file.peers) {
    const name = formatPublicHexKey(peer.publicKey);
    const first = wanted.get(name);
    if (first === undefined) wanted.set(name, peer);
    else repeated.add(first);
  }
  const removed: PeerChange[] = [];
  const same = new Set<PeerChange>();
  for (const state of running.peers) {
    const peer = wanted.get(formatPublicHexKey(state.publicKey));
    if (peer === undefined) {
      removed.push({ publicKey: state.publicKey, ...newPeerSettings(false), remove: true });
    } else {
      clearWhatIsMissing(peer, state);
      if (!repeated.has(peer) && isSame(peer, state)) same.add(peer);
    }
  }
  const changed = withoutSame(file.peers, same);
  return { ...file, replacePeers: false, peers: [...removed, ...changed] };
}

function clearWhatIsMissing(peer: PeerChange, state: PeerState): void {
  if (state.presharedKey !== null) peer.presharedKey ??= new Uint8Array(KEY_SIZE);
  if (state.persistentKeepalive !== 0) peer.persistentKeepalive ??= 0;
}

/** Whether `peer` changes nothing of what runs. */
function isSame(peer: PeerChange, state: PeerState): boolean {
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
  { replaceAllowedIps, allowedIps }: PeerChange,
  state: PeerState,
): boolean {
  return replaceAllowedIps && allowedIps.length === state.allowedIps.length &&
    allowedIps.every((allowedIp, i) => networkText(allowedIp) === state.allowedIps[i]);
}

/** Most never ask for `prefix`, which has to be read first. */
function networkText(allowedIp: AllowedIpChange): string {
  return allowedIp.text ?? String(allowedIp.prefix.masked());
}

/**
 * All of `peers` but the same ones. One of these comes along when another peer claims an allowed IP of its:
 * who has it in the end is who comes last.
 */
function withoutSame(peers: readonly PeerChange[], same: ReadonlySet<PeerChange>): PeerChange[] {
  if (same.size === 0) return [...peers];
  const claimed = new Set<string>();
  for (const peer of peers) {
    if (same.has(peer)) continue;
    for (const allowedIp of peer.allowedIps) claimed.add(networkText(allowedIp));
  }
  return peers.filter((peer) => {
    if (!same.has(peer)) return true;
    if (claimed.size > 0 && peer.allowedIps.some((ip) => claimed.has(networkText(ip)))) return true;
    peer.presharedKey?.fill(0);
    return false;
  });
}

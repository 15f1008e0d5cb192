import { formatKey, formatPublicKey } from "../keys.ts";
import type { InterfaceState, PeerState } from "../interface_state.ts";
import { formatUapiEndpoint } from "../uapi/values.ts";

/**
 * A running interface as the config that `wg setconf` would take; what `wg showconf` prints. Holds
 * secrets.
 */
export function formatShowconf(state: InterfaceState): string {
  const lines = ["[Interface]"];
  if (state.listenPort !== 0) lines.push(`ListenPort = ${state.listenPort}`);
  if (state.fwmark !== 0) lines.push(`FwMark = 0x${state.fwmark.toString(16)}`);
  if (state.privateKey !== null) lines.push(`PrivateKey = ${formatKey(state.privateKey)}`);
  const sections = state.peers.map((peer) => formatPeerSection(peer).join("\n") + "\n");
  return lines.join("\n") + "\n\n" + sections.join("\n");
}

/** The lines of the `[Peer]` section that means `peer`. Holds secrets. */
export function formatPeerSection(peer: PeerState): string[] {
  const lines = ["[Peer]", `PublicKey = ${formatPublicKey(peer.publicKey)}`];
  if (peer.presharedKey !== null) lines.push(`PresharedKey = ${formatKey(peer.presharedKey)}`);
  if (peer.allowedIps.length > 0) lines.push(`AllowedIPs = ${peer.allowedIps.join(", ")}`);
  if (peer.endpoint !== null) lines.push(`Endpoint = ${formatUapiEndpoint(peer.endpoint)}`);
  if (peer.persistentKeepalive !== 0) {
    lines.push(`PersistentKeepalive = ${peer.persistentKeepalive}`);
  }
  return lines;
}

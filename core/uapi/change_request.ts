import type { InterfaceChange, PeerChange } from "../interface_change.ts";
import { UapiChunk } from "./chunk.ts";
import { formatUapiEndpoint } from "./values.ts";

/**
 * The `set` request that makes a change of an interface, its end included.
 *
 * Yields chunks of about 4 KiB. A chunk is valid until the next one is asked for: it is one reused
 * buffer, wiped in the end because it holds keys. An iteration that stops early must call `return()`.
 */
export function* formatUapiChange(change: InterfaceChange): Generator<Uint8Array, void, void> {
  const chunk = new UapiChunk();
  const { privateKey, listenPort, fwmark } = change;
  try {
    chunk.line("set", 1);
    if (privateKey !== undefined) chunk.key("private_key", privateKey);
    // The mark comes first: a port is bound at once, and its socket should have the mark by then.
    if (fwmark !== undefined) chunk.line("fwmark", fwmark);
    if (listenPort !== undefined) chunk.line("listen_port", listenPort);
    if (change.replacePeers) chunk.line("replace_peers", "true");
    for (const peer of change.peers) {
      if (chunk.isFull) yield chunk.take();
      writePeer(chunk, peer);
      if (peer.remove) continue;
      for (const { prefix, remove } of peer.allowedIps) {
        if (chunk.isFull) yield chunk.take();
        chunk.line("allowed_ip", `${remove ? "-" : ""}${prefix}`);
      }
    }
    chunk.text("\n");
    yield chunk.take();
  } finally {
    chunk.wipe();
  }
}

/** All of a peer but its allowed IPs. */
function writePeer(chunk: UapiChunk, peer: PeerChange): void {
  const { presharedKey, endpoint, persistentKeepalive } = peer;
  chunk.key("public_key", peer.publicKey);
  // Before all else: it decides whether a peer is made.
  if (peer.updateOnly) chunk.line("update_only", "true");
  if (peer.remove) return chunk.line("remove", "true");
  if (presharedKey !== undefined) chunk.key("preshared_key", presharedKey);
  if (endpoint !== undefined) chunk.line("endpoint", formatUapiEndpoint(endpoint));
  // Once the peer is reachable: it may start a handshake.
  if (persistentKeepalive !== undefined) {
    chunk.line("persistent_keepalive_interval", persistentKeepalive);
  }
  if (peer.replaceAllowedIps) chunk.line("replace_allowed_ips", "true");
}

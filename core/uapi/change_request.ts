import { allowedIpLines, AllowedIpList } from "../allowed_ip_list.ts";
import type { AllowedIpChanges, InterfaceChange, PeerChange } from "../interface_change.ts";
import { formatPublicHexKey } from "../keys.ts";
import { UapiChunk } from "./chunk.ts";
import { formatUapiEndpoint } from "./values.ts";

/** Bytes of a chunk: a fraction of what a socket's buffer holds. */
const CHUNK_SIZE = 32_768;

/**
 * The `set` request that makes a change of an interface, its end included.
 *
 * Yields chunks of some ten KiB; some may be empty. A chunk is valid until the next one is asked for:
 * they are one reused buffer, wiped in the end. An iteration that stops early must call `return()`.
 */
export function* formatUapiChange(
  change: InterfaceChange<AllowedIpChanges>,
): Generator<Uint8Array, void, void> {
  const chunk = new UapiChunk(CHUNK_SIZE);
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
      for (const text of textsOf(peer)) {
        const lines = allowedIpLines(text);
        for (let at = 0; at < lines.length;) {
          if (chunk.isFull) yield chunk.take();
          at = chunk.fill(lines, at);
        }
      }
    }
    chunk.text("\n");
    yield chunk.take();
  } finally {
    chunk.wipe();
  }
}

function textsOf({ allowedIps }: PeerChange<AllowedIpChanges>): readonly string[] {
  return (allowedIps instanceof AllowedIpList ? allowedIps : AllowedIpList.of(allowedIps)).texts;
}

/** All of a peer but its allowed IPs. */
function writePeer(chunk: UapiChunk, peer: PeerChange<AllowedIpChanges>): void {
  const { presharedKey, endpoint, persistentKeepalive } = peer;
  chunk.line("public_key", formatPublicHexKey(peer.publicKey));
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

import type { AllowedIpChange, InterfaceChange, PeerChange } from "../interface_change.ts";
import { formatPublicHexKey } from "../keys.ts";
import { UapiChunk } from "./chunk.ts";
import { formatUapiEndpoint } from "./values.ts";

/** Allowed IPs that are made into one text: there may be very many, and none is secret. */
const RUN = 2048;
/** Bytes of allowed IPs that a chunk always has room for. */
const SHORT = 512;
const encoder = new TextEncoder();

/**
 * The `set` request that makes a change of an interface, its end included.
 *
 * Yields chunks of about 4 KiB, and larger ones of nothing but allowed IPs; some may be empty. A chunk is
 * valid until the next one is asked for: those that hold keys are one reused buffer, wiped in the end. An iteration that stops early must call `return()`.
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
      for (let at = 0; at < peer.allowedIps.length; at += RUN) {
        const run = allowedIpLines(peer.allowedIps.slice(at, at + RUN));
        if (chunk.isFull || run.length > SHORT) yield chunk.take();
        if (run.length > SHORT) yield encoder.encode(run);
        else chunk.text(run);
      }
    }
    chunk.text("\n");
    yield chunk.take();
  } finally {
    chunk.wipe();
  }
}

function allowedIpLines(allowedIps: readonly AllowedIpChange[]): string {
  const values = allowedIps.map((allowedIp) =>
    (allowedIp.remove ? "-" : "") + (allowedIp.text ?? allowedIp.prefix)
  );
  return `allowed_ip=${values.join("\nallowed_ip=")}\n`;
}

/** All of a peer but its allowed IPs. */
function writePeer(chunk: UapiChunk, peer: PeerChange): void {
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

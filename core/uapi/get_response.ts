import type { Endpoint } from "../endpoint.ts";
import { IpAddress } from "../ip.ts";
import { isZeroKey } from "../keys.ts";
import { formatZone } from "../zone.ts";
import { UapiChunk } from "./chunk.ts";
import { formatUapiEndpoint } from "./values.ts";

/** One allowed-IPs entry. */
export interface UapiAllowedIp {
  /** 4 or 16 bytes, network byte order. */
  readonly address: Uint8Array;
  /** In bits. */
  readonly prefixLength: number;
}

/** What a `get` tells about a peer. */
export interface UapiPeer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 32 bytes; null or all zero is none. */
  readonly presharedKey: Uint8Array | null;
  /** Where it is reached; null when not known. */
  readonly endpoint: Endpoint | null;
  /** Milliseconds since 1970-01-01 UTC of the last completed handshake; 0 is never. */
  readonly lastHandshake: number;
  /** Bytes to the peer. */
  readonly sentBytes: number;
  /** Bytes from the peer. */
  readonly receivedBytes: number;
  /** Seconds; 0 is off. */
  readonly persistentKeepaliveInterval: number;
}

/** What a `get` tells: read step by step, so that it may be a live device of many peers. */
export interface UapiDevice<P extends UapiPeer> {
  /** 32 bytes; null or all zero is none. */
  readonly privateKey: Uint8Array | null;
  /** UDP port; 0 is none yet. */
  readonly listenPort: number;
  /** 0 is off. */
  readonly fwmark: number;
  /** In the order they are to be listed, none twice. Must bear that peers come and go during the iteration. */
  readonly peers: Iterable<P>;
  /**
   * A peer's allowed IPs; the same holds of this iteration. Each is read before the next one is asked for,
   * so it may be one reused object.
   */
  allowedIps(peer: P): Iterable<UapiAllowedIp>;
  /** The name of the interface that an IPv6 zone index means; the index itself when left out. */
  zoneName?(scopeId: number): string;
}

/**
 * The answer to `get=1`, `errno=0` included, in wireguard-go's order of lines.
 *
 * Yields chunks of about 4 KiB, the work of some microseconds, so that 10,000 peers can be listed
 * between packets. A chunk is valid until the next one is asked for: it is one reused buffer, wiped in
 * the end because it holds keys. An iteration that stops early must call `return()`.
 */
export function* formatUapiGet<P extends UapiPeer>(
  device: UapiDevice<P>,
): Generator<Uint8Array, void, void> {
  const chunk = new UapiChunk();
  try {
    writeDevice(chunk, device);
    for (const peer of device.peers) {
      if (chunk.isFull) yield chunk.take();
      writePeer(chunk, peer, device.zoneName);
      for (const { address, prefixLength } of device.allowedIps(peer)) {
        if (chunk.isFull) yield chunk.take();
        chunk.allowedIp(address, prefixLength);
      }
    }
    chunk.line("errno", "0");
    chunk.text("\n");
    yield chunk.take();
  } finally {
    chunk.wipe();
  }
}

function writeDevice<P extends UapiPeer>(chunk: UapiChunk, device: UapiDevice<P>): void {
  const { privateKey, listenPort, fwmark } = device;
  if (privateKey !== null && !isZeroKey(privateKey)) chunk.key("private_key", privateKey);
  if (listenPort !== 0) chunk.line("listen_port", listenPort);
  if (fwmark !== 0) chunk.line("fwmark", fwmark);
}

const NO_KEY = new Uint8Array(32);

function writePeer(
  chunk: UapiChunk,
  peer: UapiPeer,
  zoneName?: (scopeId: number) => string,
): void {
  chunk.key("public_key", peer.publicKey);
  chunk.key("preshared_key", peer.presharedKey ?? NO_KEY);
  chunk.line("protocol_version", 1);
  writePeerActivity(chunk, peer, zoneName);
}

/** Appends an endpoint as `formatUapiEndpoint` writes it. */
export function writeEndpoint(
  chunk: UapiChunk,
  { address, port, scopeId }: Endpoint,
  zoneName: (scopeId: number) => string,
): void {
  if (address.length === 4) {
    chunk.address(address);
    chunk.text(":");
    chunk.text(String(port));
    return;
  }
  const zone = formatZone(address, scopeId, zoneName);
  chunk.text(formatUapiEndpoint({ address: IpAddress.fromBytes(address), port, zone }));
}

/** The lines about a peer that hold neither keys nor allowed IPs. */
export function writePeerActivity(
  chunk: UapiChunk,
  peer: UapiPeer,
  zoneName: (scopeId: number) => string = String,
): void {
  const { endpoint, lastHandshake } = peer;
  if (endpoint !== null) {
    chunk.text("endpoint=");
    writeEndpoint(chunk, endpoint, zoneName);
    chunk.text("\n");
  }
  const seconds = Math.floor(lastHandshake / 1000);
  chunk.line("last_handshake_time_sec", seconds);
  chunk.line("last_handshake_time_nsec", Math.floor(lastHandshake - seconds * 1000) * 1_000_000);
  chunk.line("tx_bytes", peer.sentBytes);
  chunk.line("rx_bytes", peer.receivedBytes);
  chunk.line("persistent_keepalive_interval", peer.persistentKeepaliveInterval);
}

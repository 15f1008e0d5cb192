import type { Now } from "./clock.ts";
import type { Endpoint } from "./endpoint.ts";

/** One peer of a device. Made by {@linkcode Device.addPeer} only. */
export class Peer {
  /** Where the peer is reached; null when not known yet. Changes when the peer roams. */
  endpoint: Endpoint | null = null;
  /** Wall clock (ms) when the last handshake was completed; 0 when never. */
  lastHandshake = 0;
  /** Bytes of valid datagrams from the peer: whole UDP payloads, handshake messages included. */
  receivedBytes = 0;
  /** Bytes of datagrams to the peer: whole UDP payloads, handshake messages included. */
  sentBytes = 0;

  constructor(
    /** The peer's public key, 32 bytes. */
    readonly publicKey: Uint8Array,
  ) {}

  /** The preshared key, 32 bytes; null when there is none. Not a copy: don't keep it. */
  get presharedKey(): Uint8Array | null {
    throw new Error("unfinished");
  }

  /** Sets the preshared key (32 bytes, copied); null or all zero removes it. */
  setPresharedKey(_key: Uint8Array | null): void {
    throw new Error("unfinished");
  }

  /** Sets where the peer is reached, until it roams. */
  setEndpoint(_endpoint: Endpoint | null): void {
    throw new Error("unfinished");
  }

  /** Seconds between keepalives that are sent whatever else happens; 0 for none. */
  get persistentKeepaliveInterval(): number {
    throw new Error("unfinished");
  }

  /** Sets that interval, 0 to 65535 s. A change from 0 sends a keepalive at once. */
  setPersistentKeepaliveInterval(_seconds: number, _now: Now): void {
    throw new Error("unfinished");
  }
}

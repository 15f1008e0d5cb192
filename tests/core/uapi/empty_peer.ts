import type { UapiPeer } from "../../../core/uapi/get_response.ts";

/** A peer of which there is nothing to tell. */
export const EMPTY_PEER: UapiPeer = {
  publicKey: new Uint8Array(32).fill(1),
  presharedKey: null,
  endpoint: null,
  lastHandshake: 0,
  sentBytes: 0,
  receivedBytes: 0,
  persistentKeepaliveInterval: 0,
};

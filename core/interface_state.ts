import type { UapiEndpoint } from "./uapi/command.ts";

/** A running interface as it tells of itself: what `show` shows. */
export interface InterfaceState {
  /** The interface's name. */
  readonly name: string;
  /** 32 bytes, or null when there is none. */
  privateKey: Uint8Array | null;
  /** 32 bytes, or null when there is no private key. */
  publicKey: Uint8Array | null;
  /** UDP port; 0 is none. */
  listenPort: number;
  /** 0 is off. */
  fwmark: number;
  /** In the order of the answer. */
  peers: PeerState[];
}

/** What a running interface tells of a peer besides its configuration. */
export interface PeerActivity {
  /** Where it is reached; null when not known. */
  endpoint: UapiEndpoint | null;
  /** Time of the last completed handshake since 1970-01-01 UTC; both 0 is never. */
  lastHandshake: { seconds: number; nanoseconds: number };
  /** Bytes from the peer. */
  receivedBytes: number;
  /** Bytes to the peer. */
  sentBytes: number;
  /** Seconds; 0 is off. */
  persistentKeepalive: number;
}

/** One peer of a running interface. */
export interface PeerState extends PeerActivity {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 32 bytes, or null when there is none. */
  presharedKey: Uint8Array | null;
  /**
   * In the order of the answer, as `IpPrefix` prints them: there may be very many. Who asked for whole lines
   * of the control protocol gets up to 64 of these in one text.
   */
  allowedIps: string[];
}

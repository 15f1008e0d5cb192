/**
 * What `wg set`, `setconf`, `addconf` and `syncconf` do to a running interface, whatever serves it: the
 * control protocol and generic netlink are two encodings of this.
 */
import type { AllowedIpList } from "./allowed_ip_list.ts";
import type { IpPrefix } from "./ip.ts";
import type { UapiEndpoint } from "./uapi/command.ts";

/** How the allowed IPs of a change are kept: each for itself, or all as text. */
export type AllowedIpChanges = AllowedIpChange[] | AllowedIpList;

/** A change of an interface. What is undefined stays as it is. Holds secrets. */
export interface InterfaceChange<AllowedIps extends AllowedIpChanges = AllowedIpChange[]> {
  /** 32 bytes; all zero removes it. */
  privateKey?: Uint8Array;
  /** UDP port, 0 to 65535; 0 lets the system choose. */
  listenPort?: number;
  /** 32 bits; 0 is off. */
  fwmark?: number;
  /** Whether all peers that are there now go first. */
  replacePeers: boolean;
  /** Applied in order; a public key may come more than once. */
  peers: PeerChange<AllowedIps>[];
}

/** A change of one peer, which is made if it isn't there. What is undefined stays as it is. */
export interface PeerChange<AllowedIps extends AllowedIpChanges = AllowedIpChange[]> {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The peer goes; nothing else is looked at. */
  remove: boolean;
  /** Nothing happens when the peer isn't there. */
  updateOnly: boolean;
  /** 32 bytes; all zero removes it. */
  presharedKey?: Uint8Array;
  /** Where to reach it. */
  endpoint?: UapiEndpoint;
  /** Seconds, 0 to 65535; 0 is off. */
  persistentKeepalive?: number;
  /** Whether all allowed IPs that it has now go first. */
  replaceAllowedIps: boolean;
  /** Applied in order; host bits may be set. */
  allowedIps: AllowedIps;
}

/** An allowed IP that a peer gets, or loses if it is this peer's. */
export interface AllowedIpChange {
  /** Host bits may be set. */
  readonly prefix: IpPrefix;
  /** Written with a leading `-`. */
  readonly remove: boolean;
}

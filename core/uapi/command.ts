import type { ConfigEndpoint } from "../config/types.ts";
import type { IpAddress, IpPrefix } from "../ip.ts";
import type { PrintRequest } from "./print_request.ts";

/** EIO: a line is too long. */
export const EIO = 5;
/** EINVAL: an unknown key or a bad value. */
export const EINVAL = 22;
/** EPROTO: a line without `=`. */
export const EPROTO = 71;
/** EADDRINUSE: the listen port or the fwmark couldn't be set. */
export const EADDRINUSE = 98;

/** An endpoint as the control protocol writes it: `ADDRESS:PORT` or `[ADDRESS%ZONE]:PORT`. */
export interface UapiEndpoint {
  /** The remote address. */
  readonly address: IpAddress;
  /** UDP port, 0 to 65535. */
  readonly port: number;
  /** IPv6 zone: an interface name or index, or "". */
  readonly zone: string;
}

/** One line of a `set=1` request. The kinds are the protocol's keys; peer lines follow a `public_key`. */
export type UapiCommand =
  /** 32 bytes, the receiver's to wipe, and good until the next event only; all zero clears. */
  | { readonly kind: "private_key"; readonly value: Uint8Array }
  /** 0 to 65535; 0 lets the system choose. */
  | { readonly kind: "listen_port"; readonly value: number }
  /** 32 bits; 0 is off. */
  | { readonly kind: "fwmark"; readonly value: number }
  | { readonly kind: "replace_peers" }
  /** 32 bytes: the peer that the lines after it are about. */
  | { readonly kind: "public_key"; readonly value: Uint8Array }
  | { readonly kind: "update_only" }
  | { readonly kind: "remove" }
  /** As that of a private key. */
  | { readonly kind: "preshared_key"; readonly value: Uint8Array }
  | { readonly kind: "endpoint"; readonly value: UapiEndpoint }
  /** Seconds, 0 to 65535; 0 is off. */
  | { readonly kind: "persistent_keepalive_interval"; readonly value: number }
  | { readonly kind: "replace_allowed_ips" }
  /** Host bits may be set. `remove`: written with a leading `-`. */
  | { readonly kind: "allowed_ip"; readonly value: IpPrefix; readonly remove: boolean }
  /** Of wgts' own: how its administrator calls the peer; null takes the name away. */
  | { readonly kind: "name"; readonly value: string | null }
  /** Of wgts' own: the system's name servers before the tunnel stood; none for an empty value. */
  | { readonly kind: "name_servers"; readonly value: readonly UapiEndpoint[] }
  /** Of wgts' own: whether the system's name servers as they are at the time are asked, too. */
  | { readonly kind: "follow_system_resolver"; readonly value: boolean }
  /** Of wgts' own: seconds between lookups of endpoints by name; 0 for only when handshakes fail. */
  | { readonly kind: "reresolve_interval"; readonly value: number }
  /** Of wgts' own: an address of the `endpoint_name` that follows. */
  | { readonly kind: "endpoint_address"; readonly value: UapiEndpoint }
  /** Of wgts' own: where to look for the peer as well, once the `endpoint_name` follows. */
  | { readonly kind: "fallback_endpoint"; readonly value: ConfigEndpoint }
  /** Of wgts' own: how the config names the endpoint; null takes the name away. */
  | { readonly kind: "endpoint_name"; readonly value: ConfigEndpoint | null }
  | { readonly kind: "protocol_version" };

/** What a {@linkcode UapiRequestParser} finds in the bytes of a connection, in order. */
export type UapiEvent =
  /** A complete `get=1` request: answer with the state. */
  | { readonly kind: "get" }
  /** A complete `status=1` request, which only wgts knows: answer with how the engine runs. */
  | { readonly kind: "status" }
  /** A complete `events=1` request, which only wgts knows: tell what happens from now on. */
  | { readonly kind: "events" }
  /** A complete `print=` request, which only wgts knows: answer with what it asks for. */
  | { readonly kind: "print"; readonly request: PrintRequest }
  /** A `set=1` request begins; its commands follow. */
  | { readonly kind: "set" }
  | UapiCommand
  /** The `set=1` request is complete: answer with the result. */
  | { readonly kind: "end" }
  /** The request is wrong: answer `errno` now. `problem` is for the log and holds no secret. */
  | { readonly kind: "error"; readonly errno: number; readonly problem: string }
  /** Not this protocol: close the connection without an answer. */
  | { readonly kind: "close" };

/**
 * The end of every answer: `errno=0`, or the errno (positive, as in errno.h) negated, as wireguard-go
 * does and `wg` expects of a `set`.
 */
export function formatUapiResult(errno: number): string {
  return `errno=${errno === 0 ? 0 : -errno}\n\n`;
}

import type { Endpoint } from "./endpoint.ts";
import type { Peer } from "./peer.ts";

/**
 * What happened in a device, for logs and `status`. Never holds a secret. The number of events is
 * bounded by the number of handshakes: no packet of transport data causes one by itself.
 */
export type DeviceEvent =
  /** A handshake initiation was sent; `attempt` counts from 1. */
  | { type: "handshake-initiated"; peer: Peer; attempt: number }
  /** A valid handshake initiation was answered. */
  | { type: "handshake-answered"; peer: Peer }
  /** A session is confirmed: both sides have its keys. */
  | { type: "handshake-completed"; peer: Peer; initiator: boolean }
  /** No answer to so many initiations: staged packets were dropped, and nothing is tried any more. */
  | { type: "handshake-given-up"; peer: Peer; initiations: number }
  /** The peer is reached elsewhere from now on. */
  | { type: "roamed"; peer: Peer; from: Endpoint | null; to: Endpoint }
  /** The peer is now sought at another address of its endpoint's name, or at a fallback endpoint. */
  | { type: "endpoint-reresolved"; peer: Peer; name: string; from: Endpoint | null; to: Endpoint }
  /** All keys shared with the peer were erased. */
  | { type: "sessions-erased"; peer: Peer }
  /** A handshake message was dropped for this reason. */
  | { type: "handshake-dropped"; reason: HandshakeDropReason; source: Endpoint }
  /** Too many handshake messages wait: from now on their senders must prove their address. */
  | { type: "under-load"; waiting: number };

/**
 * Why a handshake message was dropped: its sender sends too many; it isn't valid (wrong keys, replayed,
 * for nobody here); or no key slot or receiver index is free for the session.
 */
export type HandshakeDropReason =
  | "rate-limited"
  | "invalid-initiation"
  | "invalid-response"
  | "invalid-cookie-reply"
  | "out-of-memory";

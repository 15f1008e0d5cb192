/** What happens to tunnels, as their administrators are told of it. */

import type { UapiEndpoint } from "../uapi/command.ts";

/** All kinds of events, and what each is about. */
export const TUNNEL_EVENTS = {
  "handshake-completed": "a session was made: both sides have its keys",
  "handshake-failed": "nothing is tried any more, since many initiations had no answer",
  "roamed": "the peer is reached at another endpoint from now on",
  "sessions-expired": "all keys shared with the peer were erased: there was no handshake for long",
  "endpoint-reresolved": "the peer is sought at another address of its name, or at a fallback",
  "interface-up": "the interface is up and has its UDP port",
  "interface-down": "the interface was set down",
  "interface-added": "an interface is there that wasn't",
  "interface-removed": "an interface is gone, or the engine that served it",
  "lost": "the reader was too slow: so many events before this one were dropped",
} as const;

/** What kind of event it is. */
export type TunnelEventType = keyof typeof TUNNEL_EVENTS;

/** The peer that an event is about. */
export interface EventPeer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** How its administrator calls it, fit to be shown; null when it has no name. */
  readonly name: string | null;
}

/** Something that happened to an interface. Never holds a secret. */
export interface TunnelEvent {
  /** What kind it is. */
  readonly type: TunnelEventType;
  /** When it happened, milliseconds since 1970-01-01 UTC. */
  readonly time: number;
  /** Of all events of peers. */
  readonly peer?: EventPeer;
  /** Of a completed handshake: which part this side had; null when that isn't known. */
  readonly role?: "initiator" | "responder" | null;
  /** Where the peer is reached now; null when that isn't known. */
  readonly endpoint?: UapiEndpoint | null;
  /** Where it was reached before; null when that wasn't known. */
  readonly previousEndpoint?: UapiEndpoint | null;
  /** How the config names the endpoint, `HOST:PORT`. */
  readonly endpointName?: string;
  /** How often a handshake was tried. */
  readonly initiations?: number;
  /** UDP port of an interface that is up. */
  readonly listenPort?: number;
  /** Why the interface is gone, in words; null when that isn't known. */
  readonly reason?: string | null;
  /** How many events were lost. */
  readonly count?: number;
}

/** An event and the interface that it happened to. */
export interface InterfaceEvent extends TunnelEvent {
  /** Its name. */
  readonly interface: string;
}

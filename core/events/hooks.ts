/** Which commands of a config an event runs, and what they are told of it. */

import type { EventHookKey } from "../config/keys.ts";
import { formatKey } from "../keys.ts";
import type { UapiEndpoint } from "../uapi/command.ts";
import { formatUapiEndpoint } from "../uapi/values.ts";
import type { InterfaceEvent, TunnelEventType } from "./event.ts";

const KEYS: Readonly<Partial<Record<TunnelEventType, EventHookKey>>> = {
  "handshake-completed": "OnHandshake",
  "roamed": "OnRoam",
  "sessions-expired": "OnSessionExpired",
  "endpoint-reresolved": "OnReresolve",
};

/** The key of the commands that events of a type run; null when there are none for it. */
export function eventHookKey(type: TunnelEventType): EventHookKey | null {
  return KEYS[type] ?? null;
}

/**
 * The environment variables that tell a command of an event. All are always there, "" when there is nothing
 * to tell. Some come from the network: they must never be part of a command's text.
 */
export function eventEnvironment(event: InterfaceEvent): Record<string, string> {
  const { peer } = event;
  return {
    WGTS_EVENT: event.type,
    WGTS_INTERFACE: event.interface,
    WGTS_PEER: peer === undefined ? "" : formatKey(peer.publicKey),
    WGTS_PEER_NAME: peer?.name ?? "",
    WGTS_ENDPOINT: endpointText(event.endpoint),
    WGTS_OLD_ENDPOINT: endpointText(event.previousEndpoint),
    WGTS_ENDPOINT_NAME: event.endpointName ?? "",
    WGTS_ROLE: event.role ?? "",
  };
}

function endpointText(endpoint: UapiEndpoint | null | undefined): string {
  return endpoint ? formatUapiEndpoint(endpoint) : "";
}

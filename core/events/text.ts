/** Events as text for people, and as JSON for programs. */

import { formatKey } from "../keys.ts";
import { printable, UNICODE } from "../terminal_text.ts";
import type { UapiEndpoint } from "../uapi/command.ts";
import { formatUapiEndpoint } from "../uapi/values.ts";
import type { EventPeer, InterfaceEvent } from "./event.ts";

/** The version of the form of {@linkcode formatEventJson}; another one when what is there changes. */
const JSON_VERSION = 1;

/** The text of a time, milliseconds since 1970-01-01 UTC: in UTC, with milliseconds (RFC 3339). */
export type FormatTime = (time: number) => string;

/** One line for programs, without its newline; cli/share/events.schema.json tells what is in it. */
export function formatEventJson(event: InterfaceEvent, formatTime: FormatTime): string {
  const { type, time, peer, endpoint, previousEndpoint, interface: name, ...rest } = event;
  return JSON.stringify({
    version: JSON_VERSION,
    time: formatTime(time),
    interface: name,
    event: type,
    ...(peer === undefined
      ? {}
      : { peer: { publicKey: formatKey(peer.publicKey), name: peer.name } }),
    ...(previousEndpoint === undefined ? {} : { previousEndpoint: endpointOf(previousEndpoint) }),
    ...(endpoint === undefined ? {} : { endpoint: endpointOf(endpoint) }),
    ...rest,
  });
}

/** One line for people, without its newline. */
export function formatEventText(event: InterfaceEvent, formatTime: FormatTime): string {
  const peer = event.peer === undefined ? "" : `${peerText(event.peer)}: `;
  return `${formatTime(event.time)} ${printable(event.interface, UNICODE)}: ${peer}${
    describe(event)
  }`;
}

function describe(event: InterfaceEvent): string {
  const { endpoint = null, previousEndpoint = null } = event;
  switch (event.type) {
    case "handshake-completed": {
      const role = event.role ? ` as ${event.role}` : "";
      return `handshake completed${role}${endpoint === null ? "" : `, endpoint ${text(endpoint)}`}`;
    }
    case "handshake-failed":
      return `no answer to ${event.initiations ?? 0} handshake initiations`;
    case "roamed":
      return `roamed from ${text(previousEndpoint)} to ${text(endpoint)}`;
    case "sessions-expired":
      return "sessions expired";
    case "endpoint-reresolved": {
      const before = previousEndpoint === null ? "" : `, before at ${text(previousEndpoint)}`;
      return `${event.endpointName ?? "endpoint"} is sought at ${text(endpoint)}${before}`;
    }
    case "interface-up":
      return `up, UDP port ${event.listenPort ?? 0}`;
    case "interface-down":
      return "down";
    case "interface-added":
      return "added";
    case "interface-removed":
      return event.reason ? `removed: ${event.reason}` : "removed";
    case "lost":
      return `${event.count ?? 0} events were lost`;
  }
}

/** With its name in front, as there may be several of that name. */
function peerText({ publicKey, name }: EventPeer): string {
  const key = formatKey(publicKey);
  return name === null ? key : `${name} (${key})`;
}

function text(endpoint: UapiEndpoint | null): string {
  return endpointOf(endpoint) ?? "(none)";
}

function endpointOf(endpoint: UapiEndpoint | null): string | null {
  return endpoint === null ? null : formatUapiEndpoint(endpoint);
}

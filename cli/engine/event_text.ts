import type { DeviceEvent } from "../../core/device_event.ts";
import type { Endpoint } from "../../core/endpoint.ts";
import { IpAddress } from "../../core/ip.ts";
import { formatKey } from "../../core/keys.ts";
import { formatUapiEndpoint } from "../../core/uapi/values.ts";

/** One line for the log about `event`. */
export function describeEvent(event: DeviceEvent): string {
  switch (event.type) {
    case "handshake-initiated":
      return `${peerName(event.peer)}: sending handshake initiation (attempt ${event.attempt})`;
    case "handshake-answered":
      return `${peerName(event.peer)}: answered a handshake initiation`;
    case "handshake-completed":
      return `${peerName(event.peer)}: handshake complete (as ${
        event.initiator ? "initiator" : "responder"
      })`;
    case "handshake-given-up":
      return `${
        peerName(event.peer)
      }: no answer to ${event.initiations} handshake initiations, giving up`;
    case "roamed":
      return `${peerName(event.peer)}: endpoint is now ${endpointText(event.to)}`;
    case "endpoint-reresolved":
      return `${peerName(event.peer)}: endpoint ${event.name} is now sought at ${
        endpointText(event.to)
      }`;
    case "sessions-erased":
      return `${peerName(event.peer)}: erased all session keys`;
    case "handshake-dropped":
      return `dropped a handshake message from ${endpointText(event.source)}: ${event.reason}`;
    case "under-load":
      return `under load: ${event.waiting} handshake messages wait, asking senders for cookies`;
  }
}

/** A peer by its shortened public key, as wireguard-go's logs have it. */
function peerName(peer: { readonly publicKey: Uint8Array }): string {
  const base64 = formatKey(peer.publicKey);
  return `peer(${base64.slice(0, 4)}…${base64.slice(39, 43)})`;
}

function endpointText(endpoint: Endpoint): string {
  const zone = endpoint.scopeId === 0 ? "" : String(endpoint.scopeId);
  return formatUapiEndpoint({
    address: IpAddress.fromBytes(endpoint.address),
    port: endpoint.port,
    zone,
  });
}

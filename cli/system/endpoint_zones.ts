/**
 * Zones of endpoints, as control sockets tell them and as `wg` shows them. wireguard-go repeats what it was
 * given, and other implementations tell numbers.
 *
 * @module
 */
import type { PeerActivity } from "../../core/interface_state.ts";
import { formatZone, parseZone } from "../../core/zone.ts";
import { indexOfName, interfaceNameOf } from "../../ffi/interface_name.ts";

/**
 * Writes the zone of the peer's endpoint as getnameinfo(3) does, as if getaddrinfo(3) had read it. One that
 * this doesn't understand, because its interface is gone or in another namespace, stays: `wg` gives all of
 * the interface up then.
 */
export function rewriteZone(peer: PeerActivity): void {
  if (peer.endpoint === null || peer.endpoint.zone === "") return;
  const { bytes } = peer.endpoint.address;
  const scopeId = parseZone(bytes, peer.endpoint.zone, indexOfName);
  if (scopeId === null) return;
  peer.endpoint = { ...peer.endpoint, zone: formatZone(bytes, scopeId, interfaceNameOf) };
}

/** Events of interfaces that tell none: what must have happened between two looks at them. */

import { formatKey } from "../keys.ts";
import type { PeerActivity } from "../interface_state.ts";
import type { InterfaceStatus, PeerStatus } from "../uapi/status.ts";
import { formatUapiEndpoint } from "../uapi/values.ts";
import type { TunnelEvent } from "./event.ts";

/**
 * What happened between two looks at an interface, as far as its state tells: completed handshakes, of
 * several the last one, and peers that roamed. `time` is that of the later look, ms since 1970 UTC.
 */
export function deriveEvents(
  before: InterfaceStatus,
  after: InterfaceStatus,
  time: number,
): TunnelEvent[] {
  const known = new Map(before.peers.map((peer) => [formatKey(peer.publicKey), peer]));
  return after.peers.flatMap((peer) => {
    const earlier = known.get(formatKey(peer.publicKey));
    return eventsOfPeer(earlier ?? { lastHandshake: NEVER, endpoint: peer.endpoint }, peer, time);
  });
}

const NEVER = { seconds: 0, nanoseconds: 0 };

function eventsOfPeer(
  before: Pick<PeerActivity, "lastHandshake" | "endpoint">,
  after: PeerStatus,
  time: number,
): TunnelEvent[] {
  const { publicKey, name, endpoint, lastHandshake } = after;
  const peer = { publicKey, name };
  const events: TunnelEvent[] = [];
  const { seconds, nanoseconds } = lastHandshake;
  const isLater = seconds > before.lastHandshake.seconds ||
    seconds === before.lastHandshake.seconds && nanoseconds > before.lastHandshake.nanoseconds;
  if (isLater) {
    const at = seconds * 1000 + Math.floor(nanoseconds / 1e6);
    events.push({ type: "handshake-completed", time: at, peer, role: null, endpoint });
  }
  const { endpoint: previousEndpoint } = before;
  const isSame = previousEndpoint === null || endpoint === null
    ? previousEndpoint === endpoint
    : formatUapiEndpoint(previousEndpoint) === formatUapiEndpoint(endpoint);
  if (!isSame) events.push({ type: "roamed", time, peer, previousEndpoint, endpoint });
  return events;
}

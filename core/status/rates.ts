import { formatKey } from "../keys.ts";
import type { InterfaceStatus } from "../uapi/status.ts";

/** How fast a peer moves data, in bytes per second. */
export interface Rate {
  readonly received: number;
  readonly sent: number;
}

/** The rates of an interface's peers, by their public keys in base64. */
export type PeerRates = ReadonlyMap<string, Rate>;

/**
 * The rates between two readings of an interface, `seconds` apart. A peer that came in between, or whose
 * counters began anew, has none.
 */
export function ratesBetween(
  before: InterfaceStatus,
  after: InterfaceStatus,
  seconds: number,
): PeerRates {
  const earlier = new Map(before.peers.map((peer) => [formatKey(peer.publicKey), peer]));
  const rates = new Map<string, Rate>();
  if (!(seconds > 0)) return rates;
  for (const { publicKey, receivedBytes, sentBytes } of after.peers) {
    const key = formatKey(publicKey);
    const past = earlier.get(key);
    if (past === undefined) continue;
    const received = receivedBytes - past.receivedBytes, sent = sentBytes - past.sentBytes;
    if (received < 0 || sent < 0) continue;
    rates.set(key, { received: received / seconds, sent: sent / seconds });
  }
  return rates;
}

import { HIDDEN } from "../hidden_keys.ts";
import type { InterfaceChange, PeerChange } from "../interface_change.ts";
import { formatPublicKey, isZeroKey } from "../keys.ts";
import { formatUapiEndpoint } from "../uapi/values.ts";

/** The commands of wg(8) that do the same as `change` on `device`, one for each peer; without secrets. */
export function* describeChange(change: InterfaceChange, device: string): Generator<string> {
  const { privateKey, peers } = change;
  if (privateKey !== undefined) yield `wg set ${device} private-key ${keyWord(privateKey)}`;
  for (const peer of peers) yield `wg set ${device} peer ${peerWords(peer)}`;
}

function peerWords(peer: PeerChange): string {
  const words = [formatPublicKey(peer.publicKey)];
  if (peer.remove) return `${words} remove`;
  const { presharedKey, endpoint, persistentKeepalive, allowedIps } = peer;
  if (presharedKey !== undefined) words.push("preshared-key", keyWord(presharedKey));
  if (endpoint !== undefined) words.push("endpoint", formatUapiEndpoint(endpoint));
  if (persistentKeepalive !== undefined) {
    words.push("persistent-keepalive", String(persistentKeepalive || "off"));
  }
  if (allowedIps.length > 0) {
    const texts = allowedIps.map(({ prefix, remove }) => `${remove ? "-" : "+"}${prefix}`);
    words.push("allowed-ips", texts.join(","));
  }
  return words.join(" ");
}

/** `/dev/null` takes a key away. */
function keyWord(key: Uint8Array): string {
  return isZeroKey(key) ? "/dev/null" : HIDDEN;
}

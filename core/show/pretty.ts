/** What `wg show` prints for people, byte for byte. */

import { formatKey, formatPublicKey } from "../keys.ts";
import type { InterfaceState, PeerState } from "../interface_state.ts";
import { formatUapiEndpoint } from "../uapi/values.ts";
import { formatAge, formatBytes, formatDuration, type Style, styleOf } from "./style.ts";

/** How an interface is shown. */
export interface ShowOptions {
  /** Milliseconds since 1970-01-01 UTC, from which ages are counted. */
  readonly wall: number;
  /** Terminal colours, even if the output is no terminal (`WG_COLOR_MODE=always`). */
  readonly color: boolean;
  /** Private and preshared keys instead of `(hidden)` (`WG_HIDE_KEYS=never`). */
  readonly showKeys: boolean;
}

/**
 * One interface as `wg show` prints it, peers with the newest handshake first. Several interfaces are
 * printed with a blank line between them.
 */
export function formatShow(state: InterfaceState, options: ShowOptions): string {
  const style = styleOf(options.color);
  const secret = (key: Uint8Array) => options.showKeys ? formatKey(key) : "(hidden)";
  // Joined in the end: of many peers, texts that are joined as they come keep the garbage collector busy.
  const parts = [
    `${style.start}${style.green(style.bold("interface"))}: ${style.green(state.name)}\n`,
  ];
  const field = (name: string, value: string) => {
    parts.push("  ", style.bold(name), ": ", value, "\n");
  };
  if (state.publicKey !== null) field("public key", formatKey(state.publicKey));
  if (state.privateKey !== null) field("private key", secret(state.privateKey));
  if (state.listenPort !== 0) field("listening port", String(state.listenPort));
  if (state.fwmark !== 0) field("fwmark", `0x${state.fwmark.toString(16)}`);
  const interval = memoized((seconds) => formatDuration(seconds, style));
  const title = style.yellow(style.bold("peer"));
  for (const peer of state.peers.toSorted(newestHandshakeFirst)) {
    parts.push("\n", title, ": ", style.yellow(formatPublicKey(peer.publicKey)), "\n");
    if (peer.presharedKey !== null) field("preshared key", secret(peer.presharedKey));
    if (peer.endpoint !== null) field("endpoint", formatUapiEndpoint(peer.endpoint));
    field("allowed ips", formatAllowedIps(peer, style));
    if (peer.lastHandshake.seconds !== 0) {
      field("latest handshake", formatAge(peer.lastHandshake.seconds, options.wall, style));
    }
    if (peer.receivedBytes !== 0 || peer.sentBytes !== 0) {
      const received = formatBytes(peer.receivedBytes, style);
      field("transfer", `${received} received, ${formatBytes(peer.sentBytes, style)} sent`);
    }
    if (peer.persistentKeepalive !== 0) {
      field("persistent keepalive", `every ${interval(peer.persistentKeepalive)}`);
    }
  }
  return parts.join("");
}

/** `format`, which is asked once for each value: peers have few intervals between them. */
function memoized(format: (value: number) => string): (value: number) => string {
  const texts = new Map<number, string>();
  return (value) => {
    const text = texts.get(value) ?? format(value);
    texts.set(value, text);
    return text;
  };
}

function newestHandshakeFirst(a: PeerState, b: PeerState): number {
  return b.lastHandshake.seconds - a.lastHandshake.seconds ||
    b.lastHandshake.nanoseconds - a.lastHandshake.nanoseconds;
}

function formatAllowedIps(peer: PeerState, style: Style): string {
  if (peer.allowedIps.length === 0) return "(none)";
  const slash = style.cyan("/"), text = peer.allowedIps.join(", ");
  return slash === "/" ? text : text.replaceAll("/", slash);
}

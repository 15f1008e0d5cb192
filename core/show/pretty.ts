/** What `wg show` prints for people, byte for byte. */

import { formatKey, formatPublicKey } from "../keys.ts";
import type { InterfaceState, PeerState } from "../interface_state.ts";
import { formatUapiEndpoint } from "../uapi/values.ts";
import { formatAge, formatBytes, formatDuration, type Style, styleOf } from "./style.ts";

/** How an interface is shown. */
export interface ShowOptions {
  /** Milliseconds since 1970-01-01 UTC, from which ages are counted. */
  readonly wall: () => number;
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
  const show = new PrettyShow(options);
  show.interface(state);
  const byHandshake = (a: PeerState, b: PeerState) =>
    newestHandshakeFirst(a.lastHandshake, b.lastHandshake);
  for (const peer of state.peers.toSorted(byHandshake)) show.peer(peer);
  return show.take();
}

/** Sorts handshakes by their times; peers in whose times there is no difference stay in their order. */
export function newestHandshakeFirst(a: Handshake, b: Handshake): number {
  return b.seconds - a.seconds || b.nanoseconds - a.nanoseconds;
}

type Handshake = PeerState["lastHandshake"];

/** Prints an interface and peers as `wg show` does. */
export class PrettyShow {
  readonly #options: ShowOptions;
  readonly #style: Style;
  readonly #peerTitle: string;
  /** Peers have few intervals between them. */
  readonly #intervals = new Map<number, string>();
  // Joined in the end: of many peers, texts that are joined as they come keep the garbage collector busy.
  #parts: string[] = [];

  /** Prints nothing yet. */
  constructor(options: ShowOptions) {
    this.#options = options;
    this.#style = styleOf(options.color);
    this.#peerTitle = this.#style.yellow(this.#style.bold("peer"));
  }

  /** Prints an interface without its peers. */
  interface(state: InterfaceState): void {
    const { start, green, bold } = this.#style;
    this.#parts.push(`${start}${green(bold("interface"))}: ${green(state.name)}\n`);
    if (state.publicKey !== null) this.#field("public key", formatKey(state.publicKey));
    if (state.privateKey !== null) this.#field("private key", this.#secret(state.privateKey));
    if (state.listenPort !== 0) this.#field("listening port", String(state.listenPort));
    if (state.fwmark !== 0) this.#field("fwmark", `0x${state.fwmark.toString(16)}`);
  }

  /** Prints a peer, with a blank line in front. */
  peer(peer: PeerState): void {
    const { lastHandshake, receivedBytes, sentBytes, persistentKeepalive } = peer;
    const publicKey = this.#style.yellow(formatPublicKey(peer.publicKey));
    this.#parts.push("\n", this.#peerTitle, ": ", publicKey, "\n");
    if (peer.presharedKey !== null) this.#field("preshared key", this.#secret(peer.presharedKey));
    if (peer.endpoint !== null) this.#field("endpoint", formatUapiEndpoint(peer.endpoint));
    this.#field("allowed ips", formatAllowedIps(peer, this.#style));
    this.activity(lastHandshake.seconds, receivedBytes, sentBytes);
    this.keepalive(persistentKeepalive);
  }

  /** Prints when a peer was last heard of, and how much. */
  activity(handshake: number, received: number, sent: number): void {
    const style = this.#style;
    if (handshake !== 0) {
      this.#field("latest handshake", formatAge(handshake, this.#options.wall(), style));
    }
    if (received !== 0 || sent !== 0) {
      const text = `${formatBytes(received, style)} received, ${formatBytes(sent, style)} sent`;
      this.#field("transfer", text);
    }
  }

  /** Prints a persistent keepalive. */
  keepalive(seconds: number): void {
    if (seconds !== 0) this.#field("persistent keepalive", `every ${this.#interval(seconds)}`);
  }

  /** What was printed since the last time. */
  take(): string {
    const text = this.#parts.join("");
    this.#parts = [];
    return text;
  }

  #field(name: string, value: string): void {
    this.#parts.push("  ", this.#style.bold(name), ": ", value, "\n");
  }

  #secret(key: Uint8Array): string {
    return this.#options.showKeys ? formatKey(key) : "(hidden)";
  }

  #interval(seconds: number): string {
    const text = this.#intervals.get(seconds) ?? formatDuration(seconds, this.#style);
    this.#intervals.set(seconds, text);
    return text;
  }
}

function formatAllowedIps(peer: PeerState, style: Style): string {
  if (peer.allowedIps.length === 0) return "(none)";
  const slash = style.cyan("/"), text = peer.allowedIps.join(", ");
  return slash === "/" ? text : text.replaceAll("/", slash);
}

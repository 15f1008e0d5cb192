/** How `show` prints the peers of a long answer: byte for byte what it prints of any, without colours. */

import type { PeerState } from "../interface_state.ts";
import { TextBuffer } from "../text_buffer.ts";
import { decimal } from "../ascii_text.ts";
import type { UsualPeer } from "../uapi/usual_peer.ts";
import { PeerPrinter } from "./peer_printers.ts";
import { newestHandshakeFirst, PrettyShow, type ShowOptions } from "./pretty.ts";

const encoder = new TextEncoder();
const PEER = encoder.encode("\npeer: ");
const PRESHARED_KEY = encoder.encode("\n  preshared key: ");
const HIDDEN = encoder.encode("(hidden)");
const ENDPOINT = encoder.encode("\n  endpoint: ");
const ALLOWED_IPS = encoder.encode("\n  allowed ips: ");
const COMMA_SPACE = encoder.encode(", ");
const NONE = encoder.encode("(none)");
const NEWLINE = encoder.encode("\n");
const ZERO = 0x30;

/** A peer that was printed: its last handshake, and where its text begins. */
interface Printed {
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly start: number;
}

/** What `show` prints of peers, those with the newest handshake first. */
export class PrettyPrinter extends PeerPrinter {
  readonly #show: PrettyShow;
  readonly #showKeys: boolean;
  readonly #keepalives = new Map<number, Uint8Array>();
  /** In turn. */
  readonly #printed: Printed[] = [];
  /** Whether they came in the order in which they are shown. */
  #isSorted = true;

  /** A printer for `options`, which are without colours. */
  constructor(options: ShowOptions) {
    super();
    this.#show = new PrettyShow(options);
    this.#showKeys = options.showKeys;
  }

  override usual(answer: Uint8Array, peer: UsualPeer): boolean {
    const { text } = this;
    const { endpoint, allowedIps, handshake, nanoseconds, received, sent, keepalive } = peer;
    const isQuiet = answer[handshake.start] === ZERO && answer[nanoseconds.start] === ZERO &&
      answer[received.start] === ZERO && answer[sent.start] === ZERO;
    const seconds = isQuiet ? 0 : decimal(answer, handshake.start, handshake.end);
    this.#begin(seconds, isQuiet ? 0 : decimal(answer, nanoseconds.start, nanoseconds.end));
    text.append(PEER);
    text.append(peer.publicKey);
    if (peer.hasPresharedKey) {
      text.append(PRESHARED_KEY);
      text.append(this.#showKeys ? peer.presharedKey : HIDDEN);
    }
    if (endpoint.start < endpoint.end) {
      text.append(ENDPOINT);
      text.append(answer, endpoint.start, endpoint.end);
    }
    text.append(ALLOWED_IPS);
    if (allowedIps.start === allowedIps.end) text.append(NONE);
    else peer.appendAllowedIps(text, answer, COMMA_SPACE);
    text.append(NEWLINE);
    if (!isQuiet) {
      const receivedBytes = decimal(answer, received.start, received.end);
      this.#show.activity(seconds, receivedBytes, decimal(answer, sent.start, sent.end));
      text.append(encoder.encode(this.#show.take()));
    }
    if (answer[keepalive.start] !== ZERO) {
      text.append(this.#keepalive(decimal(answer, keepalive.start, keepalive.end)));
    }
    return true;
  }

  override other(peer: PeerState): void {
    this.#begin(peer.lastHandshake.seconds, peer.lastHandshake.nanoseconds);
    this.#show.peer(peer);
    this.text.append(encoder.encode(this.#show.take()));
  }

  override finish(): TextBuffer {
    if (this.#isSorted) return this.text;
    const text = this.text.toBytes(), sorted = new TextBuffer();
    const peers = this.#printed.map((peer, i) => ({
      ...peer,
      text: text.subarray(peer.start, this.#printed[i + 1]?.start),
    }));
    for (const peer of peers.sort(newestHandshakeFirst)) sorted.append(peer.text);
    text.fill(0);
    this.wipe();
    return sorted;
  }

  #begin(seconds: number, nanoseconds: number): void {
    const peer = { seconds, nanoseconds, start: this.text.length };
    const before = this.#printed.at(-1);
    if (before !== undefined && newestHandshakeFirst(before, peer) > 0) this.#isSorted = false;
    this.#printed.push(peer);
  }

  /** What is printed of a keepalive: peers have few between them. */
  #keepalive(seconds: number): Uint8Array {
    let printed = this.#keepalives.get(seconds);
    if (printed === undefined) {
      this.#show.keepalive(seconds);
      printed = encoder.encode(this.#show.take());
      this.#keepalives.set(seconds, printed);
    }
    return printed;
  }
}

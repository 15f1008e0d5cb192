/** How `dump` and `showconf` print the peers of a long answer: byte for byte what they print of any. */

import type { PeerState } from "../interface_state.ts";
import { TextBuffer } from "../text_buffer.ts";
import type { PeerReceiver } from "../uapi/long_answer.ts";
import type { UsualPeer } from "../uapi/usual_peer.ts";
import { dumpLine } from "./fields.ts";
import { formatPeerSection } from "./showconf.ts";

/** Prints the peers that it receives. Holds secrets if what it prints does. */
export abstract class PeerPrinter implements PeerReceiver {
  /** What was printed. */
  protected readonly text: TextBuffer = new TextBuffer();

  /** Prints a peer from its bytes. */
  abstract usual(answer: Uint8Array, peer: UsualPeer): boolean;

  /** Prints any peer. */
  abstract other(peer: PeerState): void;

  /** What was printed, the caller's to wipe. */
  finish(): TextBuffer {
    return this.text;
  }

  /** Overwrites what was printed. */
  wipe(): void {
    this.text.wipe();
  }
}

const encoder = new TextEncoder();
const NEWLINE = encoder.encode("\n");
const TAB = encoder.encode("\t");
const COMMA = encoder.encode(",");
const COMMA_SPACE = encoder.encode(", ");
const NONE = encoder.encode("(none)");
const OFF = encoder.encode("off");
const ZERO = 0x30;

/** The lines of `show INTERFACE dump`, each with a prefix in front of it. */
export class DumpPrinter extends PeerPrinter {
  readonly #prefix: string;
  readonly #start: Uint8Array;

  /** A printer of lines that begin with `prefix`. */
  constructor(prefix: string) {
    super();
    this.#prefix = prefix;
    this.#start = encoder.encode(prefix);
  }

  override usual(answer: Uint8Array, peer: UsualPeer): boolean {
    const { text } = this;
    const { endpoint, allowedIps, handshake, received, sent, keepalive } = peer;
    text.append(this.#start);
    text.append(peer.publicKey);
    text.append(TAB);
    text.append(peer.hasPresharedKey ? peer.presharedKey : NONE);
    text.append(TAB);
    if (endpoint.start === endpoint.end) text.append(NONE);
    else text.append(answer, endpoint.start, endpoint.end);
    text.append(TAB);
    if (allowedIps.start === allowedIps.end) text.append(NONE);
    else peer.appendAllowedIps(text, answer, COMMA);
    text.append(TAB);
    text.append(answer, handshake.start, handshake.end);
    text.append(TAB);
    text.append(answer, received.start, received.end);
    text.append(TAB);
    text.append(answer, sent.start, sent.end);
    text.append(TAB);
    if (answer[keepalive.start] === ZERO) text.append(OFF);
    else text.append(answer, keepalive.start, keepalive.end);
    text.append(NEWLINE);
    return true;
  }

  override other(peer: PeerState): void {
    this.text.append(encoder.encode(`${this.#prefix}${dumpLine(peer)}\n`));
  }
}

const PUBLIC_KEY = encoder.encode("[Peer]\nPublicKey = ");
const PRESHARED_KEY = encoder.encode("\nPresharedKey = ");
const ALLOWED_IPS = encoder.encode("\nAllowedIPs = ");
const ENDPOINT = encoder.encode("\nEndpoint = ");
const KEEPALIVE = encoder.encode("\nPersistentKeepalive = ");

/** The sections of `showconf`, with a blank line between two. */
export class ShowconfPrinter extends PeerPrinter {
  #isFirst = true;

  override usual(answer: Uint8Array, peer: UsualPeer): boolean {
    const { text } = this;
    const { endpoint, allowedIps, keepalive } = peer;
    this.#begin();
    text.append(PUBLIC_KEY);
    text.append(peer.publicKey);
    if (peer.hasPresharedKey) {
      text.append(PRESHARED_KEY);
      text.append(peer.presharedKey);
    }
    if (allowedIps.start < allowedIps.end) {
      text.append(ALLOWED_IPS);
      peer.appendAllowedIps(text, answer, COMMA_SPACE);
    }
    if (endpoint.start < endpoint.end) {
      text.append(ENDPOINT);
      text.append(answer, endpoint.start, endpoint.end);
    }
    if (answer[keepalive.start] !== ZERO) {
      text.append(KEEPALIVE);
      text.append(answer, keepalive.start, keepalive.end);
    }
    text.append(NEWLINE);
    return true;
  }

  override other(peer: PeerState): void {
    this.#begin();
    this.text.append(encoder.encode(`${formatPeerSection(peer).join("\n")}\n`));
  }

  #begin(): void {
    if (!this.#isFirst) this.text.append(NEWLINE);
    this.#isFirst = false;
  }
}

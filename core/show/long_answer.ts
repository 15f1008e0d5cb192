/** What is shown of the peers of a long answer to a `get`, made while the answer comes. */

import type { InterfaceState, PeerState } from "../interface_state.ts";
import { isAt } from "../uapi/ascii.ts";
import type { UapiGetReader } from "../uapi/get_reader.ts";
import { USUAL_PEER_SIZE, UsualPeer } from "../uapi/usual_peer.ts";
import { TextBuffer } from "../text_buffer.ts";

/** How peers are printed. Both ways give the same text for the same peer. */
export interface PeerFormat {
  /** Appends a peer to `text`; `answer` is where its values are. */
  usual(text: TextBuffer, answer: Uint8Array, peer: UsualPeer): void;
  /** The text of a peer. */
  other(peer: PeerState): string;
}

/** An interface, and the text of those of its peers that aren't in its state any more. */
export interface ShownAnswer {
  readonly state: InterfaceState;
  /** Holds secrets if the format does. */
  readonly peers: TextBuffer;
}

const NEWLINE = 0x0a;
const PUBLIC_KEY = new TextEncoder().encode("public_key=");
const SUCCESS = new TextEncoder().encode("errno=0\n\n");
const RESULT = SUCCESS.subarray(0, 6);
const INITIAL_SIZE = 524_288;

/**
 * Turns peers into text as they come: usual ones byte by byte, others by way of a {@linkcode UapiGetReader},
 * which reads all that isn't about peers too.
 */
export class LongAnswer {
  readonly #reader: UapiGetReader;
  readonly #format: PeerFormat;
  readonly #text = new TextBuffer();
  readonly #decoder = new TextDecoder();
  readonly #encoder = new TextEncoder();
  #answer = new Uint8Array(INITIAL_SIZE);
  /** Where the answer ends, as far as it has come. */
  #end = 0;
  /** Where the first line begins that wasn't dealt with. */
  #at = 0;
  readonly #peer = new UsualPeer();
  /** Whether the peer's lines before its allowed IPs were read. */
  #inPeer = false;

  /** An answer that `reader` is to read, and whose peers are printed in `format`. */
  constructor(reader: UapiGetReader, format: PeerFormat) {
    this.#reader = reader;
    this.#format = format;
  }

  /** The next part of the answer, which may be cut anywhere, and is copied. */
  push(part: Uint8Array): void {
    this.#makeRoom(part.length);
    this.#answer.set(part, this.#end);
    this.#end += part.length;
    while (this.#proceed(false));
  }

  /** What the complete answer tells. Throws {@linkcode UapiError} as the reader does. */
  finish(): ShownAnswer {
    try {
      while (this.#proceed(true));
      this.#passOn(this.#end);
      const state = this.#reader.finish();
      this.#printOthers();
      return { state, peers: this.#text };
    } catch (error) {
      this.#text.wipe();
      throw error;
    } finally {
      this.#answer.fill(0);
      this.#peer.presharedKey.fill(0);
    }
  }

  /** Deals with a line or with a peer; false when more has to come before. */
  #proceed(isComplete: boolean): boolean {
    if (this.#inPeer) return this.#readAllowedIp(isComplete);
    const enough = isComplete || this.#end - this.#at > USUAL_PEER_SIZE;
    if (!enough) return false;
    if (this.#reader.readsPlainPeers) {
      this.#inPeer = this.#peer.read(this.#answer, this.#at) > 0;
      if (this.#inPeer) return true;
    }
    return this.#passOnLines();
  }

  /** Reads an allowed IP of the peer at hand, or ends that peer. */
  #readAllowedIp(isComplete: boolean): boolean {
    const answer = this.#answer;
    if (this.#peer.readAllowedIp(answer)) return true;
    const at = this.#peer.allowedIps.end;
    const isNextPeer = isAt(answer, at, PUBLIC_KEY);
    if (!isComplete && !isNextPeer) {
      // Of what comes last, only all of it tells that nothing else follows. Behind the end there are zeros.
      if (isAt(answer, at, RESULT) || answer.indexOf(NEWLINE, at) < 0) return false;
    }
    this.#inPeer = false;
    if (isNextPeer || isAt(answer, at, SUCCESS)) {
      this.#printOthers();
      this.#format.usual(this.#text, answer, this.#peer);
      this.#at = at;
    } else {
      // A line of this peer isn't usual.
      this.#passOn(at);
    }
    return true;
  }

  /** Leaves the lines up to the next peer to the reader; false when none is complete. */
  #passOnLines(): boolean {
    let at = this.#at;
    do {
      const newline = this.#answer.indexOf(NEWLINE, at);
      if (newline < 0) break;
      at = newline + 1;
    } while (!isAt(this.#answer, at, PUBLIC_KEY));
    if (at === this.#at) return false;
    this.#passOn(at);
    return true;
  }

  #passOn(end: number): void {
    this.#reader.push(this.#decoder.decode(this.#answer.subarray(this.#at, end)));
    this.#at = end;
  }

  /** Prints the peers that the reader has read since. */
  #printOthers(): void {
    for (const peer of this.#reader.takePeers()) {
      this.#text.append(this.#encoder.encode(this.#format.other(peer)));
    }
  }

  /** Makes room for `size` more bytes, by moving what wasn't dealt with to the front, or to a larger buffer. */
  #makeRoom(size: number): void {
    const old = this.#answer, rest = old.subarray(this.#at, this.#end);
    if (this.#end + size <= old.length) return;
    // What is moved, and read again, is never much more than what was dealt with since the last time.
    if (rest.length < this.#at && rest.length + size <= old.length) {
      old.copyWithin(0, this.#at, this.#end);
      old.fill(0, rest.length);
    } else {
      this.#answer = new Uint8Array(Math.max(2 * old.length, rest.length + size));
      this.#answer.set(rest);
      old.fill(0);
    }
    this.#end = rest.length;
    this.#at = 0;
    this.#inPeer = false;
  }
}

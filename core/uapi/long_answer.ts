/** A long answer to a `get`, whose peers are dealt with while it comes. */

import type { InterfaceState, PeerState } from "../interface_state.ts";
import { isAt } from "../ascii_text.ts";
import type { UapiGetReader } from "./get_reader.ts";
import { USUAL_PEER_SIZE, UsualPeer } from "./usual_peer.ts";

/** Who gets the peers of a long answer, in its order. */
export interface PeerReceiver {
  /**
   * Gets a peer that is as usual; `answer` is where its values are, until this returns. False when it is
   * wanted by `other` instead.
   */
  usual(answer: Uint8Array, peer: UsualPeer): boolean;
  /** Gets a peer, which isn't kept otherwise. */
  other(peer: PeerState): void;
}

const NEWLINE = 0x0a;
const PUBLIC_KEY = new TextEncoder().encode("public_key=");
const SUCCESS = new TextEncoder().encode("errno=0\n\n");
const RESULT = SUCCESS.subarray(0, 6);
/**
 * Bytes that are dealt with at once. What happens at the end of a piece happens often then, before V8 optimises
 * the code: when it does for the first time later, V8 gives that up, and has many peers interpreted again.
 */
const PIECE_SIZE = 2048;
const INITIAL_SIZE = 524_288;

/**
 * Hands out peers as they come: usual ones as they stand in the answer, others by way of a
 * {@linkcode UapiGetReader}, which reads all that isn't about peers too.
 */
export class LongAnswer {
  readonly #reader: UapiGetReader;
  readonly #receiver: PeerReceiver;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #answer = new Uint8Array(INITIAL_SIZE);
  /** Where the answer ends, as far as it has come. */
  #end = 0;
  /** Where the first line begins that wasn't dealt with. */
  #at = 0;
  readonly #peer = new UsualPeer();
  /** Whether the peer's lines before its allowed IPs were read. */
  #inPeer = false;

  /** An answer that `reader` is to read, and whose peers `receiver` gets. */
  constructor(reader: UapiGetReader, receiver: PeerReceiver) {
    this.#reader = reader;
    this.#receiver = receiver;
  }

  /** The next part of the answer, which may be cut anywhere, and is copied. */
  push(part: Uint8Array): void {
    for (let at = 0; at < part.length; at += PIECE_SIZE) {
      this.#pushPiece(part.subarray(at, at + PIECE_SIZE));
    }
  }

  #pushPiece(piece: Uint8Array): void {
    this.#makeRoom(piece.length);
    this.#answer.set(piece, this.#end);
    this.#end += piece.length;
    while (this.#proceed(false));
  }

  /** What the complete answer tells but for its peers. Throws {@linkcode UapiError} as the reader does. */
  finish(): InterfaceState {
    while (this.#proceed(true));
    this.#passOn(this.#end);
    const state = this.#reader.finish();
    this.#handOutOthers();
    return state;
  }

  /** Overwrites the answer, which may hold secrets, complete or not. */
  wipe(): void {
    this.#answer.fill(0);
    this.#peer.presharedKey.fill(0);
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
      if (isAt(answer, at, RESULT) || this.#lineEnd(at) < 0) return false;
    }
    this.#inPeer = false;
    const isUsual = isNextPeer || isAt(answer, at, SUCCESS);
    if (isUsual) this.#handOutOthers();
    if (isUsual && this.#receiver.usual(answer, this.#peer)) this.#at = at;
    else this.#passOn(at);
    return true;
  }

  /** Leaves the lines up to the next peer to the reader; false when none is complete. */
  #passOnLines(): boolean {
    let at = this.#at;
    do {
      const newline = this.#lineEnd(at);
      if (newline < 0) break;
      at = newline + 1;
    } while (!isAt(this.#answer, at, PUBLIC_KEY));
    if (at === this.#at) return false;
    this.#passOn(at);
    return true;
  }

  /** Where the line that begins at `at` ends; -1 when it isn't complete. What is behind the end isn't looked at. */
  #lineEnd(at: number): number {
    const end = this.#answer.subarray(at, this.#end).indexOf(NEWLINE);
    return end < 0 ? -1 : at + end;
  }

  #passOn(end: number): void {
    this.#reader.push(this.#decoder.decode(this.#answer.subarray(this.#at, end)));
    this.#at = end;
  }

  /** Hands out the peers that the reader has read since. */
  #handOutOthers(): void {
    for (const peer of this.#reader.takePeers()) this.#receiver.other(peer);
  }

  /**
   * Makes room for `size` more bytes, by moving what wasn't dealt with to the front, or to a larger
   * buffer.
   */
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

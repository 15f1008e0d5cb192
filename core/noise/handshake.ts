/**
 * WireGuard's handshake (whitepaper section 5.4): IKpsk2 with indices, timestamps and what is kept
 * for each peer. MACs are the matter of cookie.ts: they are checked before, and added after, what is
 * here.
 *
 * ```
 * initiator                                 responder
 *   createInitiation    ----------------->    consumeInitiation
 *   consumeResponse     <-----------------    createResponse
 * ```
 *
 * A peer keeps its own initiation while that awaits the response, and of those it answers only what
 * rejects replays. So both roles may be under way between two peers, and when both initiate at the
 * same moment, both handshakes succeed.
 */

import type { Now } from "../clock.ts";
import { INITIATION_INTERVAL_MS, KEY_SIZE, TIMESTAMP_SIZE } from "../constants.ts";
import { secretBytes } from "../memory.ts";
import { isLater, writeTimestamp } from "../tai64n.ts";
import type { HandshakeContext, LocalIdentity } from "./context.ts";
import {
  type KeyPair,
  readFirstMessagePayload,
  readFirstMessageStatic,
  readSecondMessage,
  writeFirstMessage,
  writeSecondMessage,
} from "./ikpsk2.ts";
import {
  initiationNoise,
  responseNoise,
  responseReceiverIndex,
  senderIndex,
  writeInitiationHeader,
  writeResponseHeader,
} from "./messages.ts";
import { SYMMETRIC_STATE_SIZE, type SymmetricState } from "./symmetric_state.ts";

const EMPTY = new Uint8Array(0);

/** What a completed handshake hands to the session that comes of it. */
export class SessionKeys {
  /** Key of what this side sends. */
  readonly sendKey: Uint8Array;
  /** Key of what this side receives. */
  readonly receiveKey: Uint8Array;
  /** Whether this side sent the initiation. A responder must not send before it has received. */
  initiator = false;
  /** Index (u32) that the other side puts into its messages. */
  localIndex = 0;
  /** Index (u32) that this side puts into its messages. */
  remoteIndex = 0;

  /** The keys are written to `sendKey` and `receiveKey` (32 bytes each), or to secret bytes of ours. */
  constructor(
    sendKey: Uint8Array = secretBytes(KEY_SIZE),
    receiveKey: Uint8Array = secretBytes(KEY_SIZE),
  ) {
    this.sendKey = sendKey;
    this.receiveKey = receiveKey;
  }

  /** Overwrites the keys. */
  wipe(): void {
    this.sendKey.fill(0);
    this.receiveKey.fill(0);
  }
}

/** An initiation that was consumed: what its response depends on. It can be answered once. */
export class ReceivedInitiation<P> {
  /** The peer that sent it. */
  readonly peer: P;
  /** The sender's index (u32). */
  readonly remoteIndex: number;
  /** The sender's ephemeral public key. */
  readonly remoteEphemeral: Uint8Array;
  readonly #saved = secretBytes(SYMMETRIC_STATE_SIZE);
  #answered = false;

  /** Copies what is needed of `message` (148 bytes) and of `state`. */
  constructor(peer: P, message: Uint8Array, state: SymmetricState) {
    this.peer = peer;
    this.remoteIndex = senderIndex(message);
    this.remoteEphemeral = initiationNoise(message).slice(0, KEY_SIZE);
    state.save(this.#saved);
  }

  /** Moves the handshake into `state` to be answered; false when it was moved or wiped before. */
  resume(state: SymmetricState): boolean {
    if (this.#answered) return false;
    state.load(this.#saved);
    this.wipe();
    return true;
  }

  /** Erases the handshake: call it when it won't be answered. */
  wipe(): void {
    this.#answered = true;
    this.#saved.fill(0);
  }
}

/**
 * The handshakes with one peer: its public key and preshared key, what rejects replayed initiations,
 * and the initiation of ours that awaits its response.
 *
 * @internal
 */
export class Handshake {
  /** The peer's public key. */
  readonly remoteStatic: Uint8Array;

  readonly #context: HandshakeContext;
  readonly #presharedKey = secretBytes(KEY_SIZE);

  /** The identity that what follows was made with. */
  #identity: LocalIdentity | null = null;
  /** X25519 of both static keys. */
  readonly #staticStatic = secretBytes(KEY_SIZE);
  /** Whether an initiation of ours awaits its response; the next three are that initiation's. */
  #pending = false;
  #localIndex = 0;
  readonly #ephemeral: KeyPair = {
    privateKey: secretBytes(KEY_SIZE),
    publicKey: new Uint8Array(KEY_SIZE),
  };
  readonly #saved = secretBytes(SYMMETRIC_STATE_SIZE);

  /** Tick of the last initiation sent. */
  #sentTick = 0;
  /** Timestamp of the last initiation accepted. */
  readonly #acceptedTimestamp = new Uint8Array(TIMESTAMP_SIZE);
  /** When that was, boot time in milliseconds. */
  #acceptedAt = -Infinity;

  /** Copies `remoteStatic` (32 bytes). */
  constructor(context: HandshakeContext, remoteStatic: Uint8Array) {
    this.#context = context;
    this.remoteStatic = remoteStatic.slice();
  }

  /** The preshared key, 32 bytes, all zero when there is none. Not a copy. */
  get presharedKey(): Uint8Array {
    return this.#presharedKey;
  }

  /** Copies `key` (32 bytes), for handshakes from now on; null for none. */
  setPresharedKey(key: Uint8Array | null): void {
    if (key === null) this.#presharedKey.fill(0);
    else this.#presharedKey.set(key);
  }

  /** Whether an initiation of ours awaits its response, under {@linkcode localIndex}. */
  get pending(): boolean {
    return this.#pending;
  }

  /** Index (u32) of the pending initiation; meaningless without one. */
  get localIndex(): number {
    return this.#localIndex;
  }

  /**
   * Writes an initiation but for its MACs to `message` (148 bytes), in place of a pending one.
   * False, and none pending, when the device has no identity or the peer's key is of low order.
   */
  createInitiation(message: Uint8Array, localIndex: number, now: Now): boolean {
    this.clear();
    const { identity, clock, state } = this.#context;
    if (identity === null || !this.#computeStaticStatic(identity)) return false;
    this.#sentTick = Math.max(clock.tick(now.wall), this.#sentTick + 1);
    const timestamp = new Uint8Array(TIMESTAMP_SIZE);
    writeTimestamp(timestamp, this.#sentTick);
    this.#context.generateKeyPair(this.#ephemeral);
    this.#context.begin();
    this.#pending = writeFirstMessage(state, initiationNoise(message), {
      s: identity,
      e: this.#ephemeral,
      rs: this.remoteStatic,
      ss: this.#staticStatic,
    }, timestamp);
    if (this.#pending) {
      writeInitiationHeader(message, localIndex);
      this.#localIndex = localIndex;
      state.save(this.#saved);
    } else {
      this.clear();
    }
    state.wipe();
    return this.#pending;
  }

  /**
   * Reads an initiation (148 bytes, type and mac1 checked) from the peer that `findPeer` finds by its
   * public key (valid during the call only); answer it by {@linkcode createResponse}. Null, and
   * nothing changed, when it isn't authentic, is of no such peer, is a replay, or comes within 20 ms
   * of the one before.
   */
  static consumeInitiation<P extends { readonly handshake: Handshake }>(
    context: HandshakeContext,
    message: Uint8Array,
    findPeer: (publicKey: Uint8Array) => P | null | undefined,
    now: Now,
  ): ReceivedInitiation<P> | null {
    const { identity, state } = context;
    if (identity === null) return null;
    const noise = initiationNoise(message);
    const remoteStatic = new Uint8Array(KEY_SIZE);
    let received: ReceivedInitiation<P> | null = null;
    context.begin();
    if (readFirstMessageStatic(state, noise, identity, remoteStatic)) {
      const peer = findPeer(remoteStatic);
      if (peer && peer.handshake.#accept(noise, identity, now)) {
        received = new ReceivedInitiation(peer, message, state);
      }
    }
    state.wipe();
    return received;
  }

  /**
   * Writes the response to `initiation`, but for its MACs, to `message` (92 bytes) and the session's
   * keys to `keys`. False when it was answered before or its ephemeral key is of low order.
   */
  createResponse(
    message: Uint8Array,
    localIndex: number,
    initiation: ReceivedInitiation<unknown>,
    keys: SessionKeys,
  ): boolean {
    const { state } = this.#context;
    if (!initiation.resume(state)) return false;
    const ephemeral = { privateKey: secretBytes(KEY_SIZE), publicKey: new Uint8Array(KEY_SIZE) };
    this.#context.generateKeyPair(ephemeral);
    const written = writeSecondMessage(state, responseNoise(message), {
      e: ephemeral,
      re: initiation.remoteEphemeral,
      rs: this.remoteStatic,
      psk: this.#presharedKey,
    }, EMPTY);
    ephemeral.privateKey.fill(0);
    if (written) {
      writeResponseHeader(message, localIndex, initiation.remoteIndex);
      state.split(keys.receiveKey, keys.sendKey);
      keys.initiator = false;
      keys.localIndex = localIndex;
      keys.remoteIndex = initiation.remoteIndex;
    }
    state.wipe();
    return written;
  }

  /**
   * Reads the response (92 bytes, type and mac1 checked) to the pending initiation, which ends it,
   * and writes the session's keys to `keys`. False, and nothing changed, when it is none.
   */
  consumeResponse(message: Uint8Array, keys: SessionKeys): boolean {
    const { identity, state } = this.#context;
    if (!this.#pending || identity === null) return false;
    if (responseReceiverIndex(message) !== this.#localIndex) return false;
    state.load(this.#saved);
    const authentic = readSecondMessage(state, responseNoise(message), {
      s: identity.privateKey,
      e: this.#ephemeral.privateKey,
      psk: this.#presharedKey,
    }, EMPTY);
    if (authentic) {
      state.split(keys.sendKey, keys.receiveKey);
      keys.initiator = true;
      keys.localIndex = this.#localIndex;
      keys.remoteIndex = senderIndex(message);
      this.clear();
    }
    state.wipe();
    return authentic;
  }

  /** Erases the pending initiation, if any: call it when the handshake is given up. */
  clear(): void {
    this.#pending = false;
    this.#localIndex = 0;
    this.#ephemeral.privateKey.fill(0);
    this.#saved.fill(0);
  }

  /** Erases what was made with the device's private key: call it when that changes. */
  forgetIdentity(): void {
    this.clear();
    this.#staticStatic.fill(0);
    this.#identity = null;
  }

  /** Erases every secret: call it when the peer is removed. */
  wipe(): void {
    this.forgetIdentity();
    this.setPresharedKey(null);
  }

  /** The part of consuming an initiation that concerns this peer; changes nothing unless it's true. */
  #accept(noise: Uint8Array, identity: LocalIdentity, now: Now): boolean {
    if (!this.#computeStaticStatic(identity)) return false;
    const timestamp = new Uint8Array(TIMESTAMP_SIZE);
    const { state } = this.#context;
    if (!readFirstMessagePayload(state, noise, this.#staticStatic, timestamp)) return false;
    if (!isLater(timestamp, this.#acceptedTimestamp)) return false;
    if (now.boot - this.#acceptedAt < INITIATION_INTERVAL_MS) return false;
    this.#acceptedTimestamp.set(timestamp);
    this.#acceptedAt = now.boot;
    return true;
  }

  /** Once per identity. False when the result is zero, because the peer's key is of low order. */
  #computeStaticStatic(identity: LocalIdentity): boolean {
    if (this.#identity === identity) return true;
    this.forgetIdentity();
    const { crypto } = this.#context;
    if (!crypto.x25519(this.#staticStatic, identity.privateKey, this.remoteStatic)) return false;
    this.#identity = identity;
    return true;
  }
}

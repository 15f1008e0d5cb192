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

// Where things are in a handshake's slot.
const REMOTE_STATIC = 0;
const PRESHARED_KEY = KEY_SIZE;
const STATIC_STATIC = 2 * KEY_SIZE;
const EPHEMERAL = 3 * KEY_SIZE;
const SAVED = 4 * KEY_SIZE;
const ACCEPTED_TIMESTAMP = SAVED + SYMMETRIC_STATE_SIZE;

/** Bytes that a {@linkcode Handshake} needs of its device's {@linkcode HandshakeContext.slots}. */
export const HANDSHAKE_SLOT_SIZE: number = ACCEPTED_TIMESTAMP + TIMESTAMP_SIZE;

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
  readonly #context: HandshakeContext;
  /** Where keys and timestamps are; -1 after {@linkcode wipe}. */
  #slot: number;

  /** The identity that the X25519 of both static keys, and the pending initiation, was made with. */
  #identity: LocalIdentity | null = null;
  /** Whether an initiation of ours awaits its response; index, ephemeral key and state are its. */
  #pending = false;
  #localIndex = 0;

  /** Tick of the last initiation sent. */
  #sentTick = 0;
  /** When the last initiation was accepted, boot time in milliseconds. */
  #acceptedAt = -Infinity;

  /** Copies `remoteStatic` (32 bytes). */
  constructor(context: HandshakeContext, remoteStatic: Uint8Array) {
    this.#context = context;
    this.#slot = context.slots.allocate();
    this.remoteStatic.set(remoteStatic);
  }

  /** The peer's public key, 32 bytes; zeros after {@linkcode wipe}. Not a copy. */
  get remoteStatic(): Uint8Array {
    return this.#field(REMOTE_STATIC, KEY_SIZE);
  }

  /** The preshared key, 32 bytes, all zero when there is none. Not a copy. */
  get presharedKey(): Uint8Array {
    return this.#field(PRESHARED_KEY, KEY_SIZE);
  }

  /** Copies `key` (32 bytes), for handshakes from now on; null for none. */
  setPresharedKey(key: Uint8Array | null): void {
    if (key === null) this.presharedKey.fill(0);
    else this.presharedKey.set(key);
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
    const ephemeral = {
      privateKey: this.#field(EPHEMERAL, KEY_SIZE),
      publicKey: new Uint8Array(KEY_SIZE),
    };
    this.#context.generateKeyPair(ephemeral);
    this.#context.begin();
    this.#pending = writeFirstMessage(state, initiationNoise(message), {
      s: identity,
      e: ephemeral,
      rs: this.remoteStatic,
      ss: this.#field(STATIC_STATIC, KEY_SIZE),
    }, timestamp);
    if (this.#pending) {
      writeInitiationHeader(message, localIndex);
      this.#localIndex = localIndex;
      state.save(this.#field(SAVED, SYMMETRIC_STATE_SIZE));
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
      psk: this.presharedKey,
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
    state.load(this.#field(SAVED, SYMMETRIC_STATE_SIZE));
    const authentic = readSecondMessage(state, responseNoise(message), {
      s: identity.privateKey,
      e: this.#field(EPHEMERAL, KEY_SIZE),
      psk: this.presharedKey,
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
    this.#field(EPHEMERAL, KEY_SIZE).fill(0);
    this.#field(SAVED, SYMMETRIC_STATE_SIZE).fill(0);
  }

  /** Erases what was made with the device's private key: call it when that changes. */
  forgetIdentity(): void {
    this.clear();
    this.#field(STATIC_STATIC, KEY_SIZE).fill(0);
    this.#identity = null;
  }

  /** Erases all that is kept, for good: call it when the peer is removed. No handshake is made then. */
  wipe(): void {
    if (this.#slot < 0) return;
    this.forgetIdentity();
    this.#context.slots.release(this.#slot);
    this.#slot = -1;
  }

  /** The part of consuming an initiation that concerns this peer; changes nothing unless it's true. */
  #accept(noise: Uint8Array, identity: LocalIdentity, now: Now): boolean {
    if (!this.#computeStaticStatic(identity)) return false;
    const timestamp = new Uint8Array(TIMESTAMP_SIZE);
    const { state } = this.#context;
    const staticStatic = this.#field(STATIC_STATIC, KEY_SIZE);
    if (!readFirstMessagePayload(state, noise, staticStatic, timestamp)) return false;
    const accepted = this.#field(ACCEPTED_TIMESTAMP, TIMESTAMP_SIZE);
    if (!isLater(timestamp, accepted)) return false;
    if (now.boot - this.#acceptedAt < INITIATION_INTERVAL_MS) return false;
    accepted.set(timestamp);
    this.#acceptedAt = now.boot;
    return true;
  }

  /** Once per identity. False when the result is zero, because the peer's key is of low order. */
  #computeStaticStatic(identity: LocalIdentity): boolean {
    if (this.#identity === identity) return true;
    if (this.#slot < 0) return false;
    this.forgetIdentity();
    const { crypto } = this.#context;
    const staticStatic = this.#field(STATIC_STATIC, KEY_SIZE);
    if (!crypto.x25519(staticStatic, identity.privateKey, this.remoteStatic)) return false;
    this.#identity = identity;
    return true;
  }

  /** Part of the slot, in place; zeros of no consequence once there is no slot. */
  #field(offset: number, length: number): Uint8Array {
    if (this.#slot < 0) return new Uint8Array(length);
    return this.#context.slots.bytes(this.#slot, offset, length);
  }
}

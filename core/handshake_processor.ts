import type { Now } from "./clock.ts";
import { UNDER_LOAD_AFTER_MS } from "./constants.ts";
import type { DeviceContext } from "./device_context.ts";
import type { HandshakeDropReason } from "./device_event.ts";
import type { Endpoint } from "./endpoint.ts";
import { HandshakeQueue, MAX_QUEUED_HANDSHAKES } from "./handshake_queue.ts";
import { CookieChecker } from "./noise/cookie.ts";
import { Handshake, type ReceivedInitiation, SessionKeys } from "./noise/handshake.ts";
import {
  COOKIE_REPLY_SIZE,
  cookieReplyReceiverIndex,
  INITIATION_SIZE,
  MAX_HANDSHAKE_SIZE,
  MESSAGE_COOKIE_REPLY,
  MESSAGE_INITIATION,
  MESSAGE_RESPONSE,
  type MessageType,
  messageType,
  RESPONSE_SIZE,
  responseReceiverIndex,
} from "./noise/messages.ts";
import type { Peer } from "./peer.ts";
import { RateLimiter } from "./rate_limiter.ts";
import { Session } from "./session.ts";

/** So many waiting handshake messages mean that the device is under load. */
const UNDER_LOAD_HANDSHAKES = MAX_QUEUED_HANDSHAKES / 8;
/** Messages processed in one call, as long as each costs a few microseconds: a flood drains fast. */
const CHEAP_MESSAGES_AT_ONCE = 32;

/** What handshakes bring about elsewhere in the device. */
export interface HandshakeListener {
  /** The peer with this public key, if it is one of the device's. */
  findPeer(publicKey: Uint8Array): Peer | undefined;
  /** An initiation was answered: the peer can send, and by that confirm the session. */
  onAnswered(peer: Peer): void;
  /** A response was received: the session can be used. */
  onCompleted(peer: Peer, now: Now): void;
}

/** Sends, receives and answers the messages of handshakes, and defends the device against too many. */
export class HandshakeProcessor {
  readonly #context: DeviceContext;
  readonly #listener: HandshakeListener;
  readonly #queue = new HandshakeQueue();
  readonly #rateLimiter = new RateLimiter();
  readonly #findPeer: (publicKey: Uint8Array) => Peer | undefined;
  /** Null without a private key. */
  #checker: CookieChecker | null = null;
  #lastUnderLoad = -Infinity;

  constructor(context: DeviceContext, listener: HandshakeListener) {
    this.#context = context;
    this.#listener = listener;
    this.#findPeer = (publicKey) => listener.findPeer(publicKey);
  }

  /** How many messages wait. */
  get waiting(): number {
    return this.#queue.count;
  }

  /** Drops waiting messages: call it when the interface goes down. */
  clear(): void {
    this.#queue.clear();
  }

  /** The device has another identity: what was addressed to the old one is dropped. */
  onIdentityChanged(): void {
    const { crypto, random, noise } = this.#context;
    this.#queue.clear();
    this.#checker?.wipe();
    this.#checker = noise.identity === null
      ? null
      : new CookieChecker(crypto.handshake, random, noise.identity.publicKey);
  }

  /**
   * Queues the handshake message of `length` bytes at `message` when it is worth processing: one can
   * get that far only by knowing the device's public key, or an index in use.
   */
  receive(type: MessageType, message: number, length: number, source: Endpoint): void {
    // In a flood, not even MAC1 is worth computing for what would be dropped.
    if (this.#queue.full) return;
    const { memory } = this.#context;
    const bytes = memory.bytes.subarray(message, message + length);
    if (this.#isAddressedToUs(type, bytes)) this.#queue.push(memory, message, length, source);
  }

  /** {@linkcode Device.processNextHandshake} */
  processNext(now: Now): boolean {
    let processed = false;
    for (let left = CHEAP_MESSAGES_AT_ONCE; left > 0; left--) {
      const source = this.#queue.firstSource();
      if (source === null || !this.#hasRoom()) break;
      const underLoad = this.#isUnderLoad(now);
      const message = this.#queue.firstMessage();
      this.#queue.shift();
      processed = true;
      if (this.#process(message, source, underLoad, now)) break;
    }
    return processed;
  }

  /** Sends an initiation to `peer`, if that is possible at all; false when there is no room. */
  sendInitiation(peer: Peer, now: Now): boolean {
    const { endpoint, timers } = peer;
    if (endpoint === null) return true;
    if (!this.#hasRoom()) return false;
    const { indices, memory, transmit } = this.#context;
    const offset = transmit.allocate(INITIATION_SIZE);
    const message = memory.bytes.subarray(offset, offset + INITIATION_SIZE);
    peer.clearHandshake();
    const index = indices.allocate(peer);
    if (!peer.handshake.createInitiation(message, index, now)) {
      indices.release(index);
      transmit.release(offset);
      return true;
    }
    peer.cookies.addMacs(message, now.boot);
    this.#send(peer, offset, INITIATION_SIZE, endpoint, now);
    // The same message: whoever gets it a second time drops it as a replay.
    for (const rival of peer.rivalEndpoints) this.#send(peer, offset, INITIATION_SIZE, rival, now);
    timers.onHandshakeInitiated(now.boot);
    this.#context.emit({
      type: "handshake-initiated",
      peer,
      attempt: timers.handshakeAttempts + 1,
    });
    return true;
  }

  /** The cheap part of the checks: what fails here costs no asymmetric cryptography and no memory. */
  #isAddressedToUs(type: MessageType, message: Uint8Array): boolean {
    const { indices } = this.#context;
    if (this.#checker === null) return false;
    switch (type) {
      case MESSAGE_INITIATION:
        return this.#checker.checkMac1(message);
      case MESSAGE_RESPONSE:
        return indices.get(responseReceiverIndex(message)) !== undefined &&
          this.#checker.checkMac1(message);
      case MESSAGE_COOKIE_REPLY:
        return indices.get(cookieReplyReceiverIndex(message)) !== undefined;
      default:
        return false;
    }
  }

  #isUnderLoad(now: Now): boolean {
    const waiting = this.#queue.count;
    const wasUnderLoad = now.boot - this.#lastUnderLoad < UNDER_LOAD_AFTER_MS;
    if (waiting < UNDER_LOAD_HANDSHAKES) return wasUnderLoad;
    this.#lastUnderLoad = now.boot;
    if (!wasUnderLoad) this.#context.emit({ type: "under-load", waiting });
    return true;
  }

  /** Processes one message; false when that cost no asymmetric cryptography. */
  #process(message: Uint8Array, source: Endpoint, underLoad: boolean, now: Now): boolean {
    const { buffer, byteOffset, length } = message;
    const type = messageType(new DataView(buffer, byteOffset, length), 0, length);
    if (type === MESSAGE_COOKIE_REPLY) {
      this.#consumeCookieReply(message, source, now);
      return false;
    }
    if (underLoad && !this.#provesItsAddress(message, source, now)) return false;
    if (type === MESSAGE_INITIATION) this.#consumeInitiation(message, source, now);
    else this.#consumeResponse(message, source, now);
    return true;
  }

  /** Under load: a valid cookie and a rate that isn't too high; without a cookie, one is sent. */
  #provesItsAddress(message: Uint8Array, source: Endpoint, now: Now): boolean {
    const checker = this.#checker;
    if (checker === null) return false;
    if (checker.checkMac2(message, source, now.boot)) {
      if (this.#rateLimiter.allow(source.address, now.boot)) return true;
      this.#drop("rate-limited", source);
      return false;
    }
    const { memory, outgoing, transmit } = this.#context;
    const offset = transmit.allocate(COOKIE_REPLY_SIZE);
    const reply = memory.bytes.subarray(offset, offset + COOKIE_REPLY_SIZE);
    checker.createReply(reply, message, source, now.boot);
    outgoing.push(offset, COOKIE_REPLY_SIZE, source, null);
    return false;
  }

  #consumeInitiation(message: Uint8Array, source: Endpoint, now: Now): void {
    const { noise } = this.#context;
    const initiation = Handshake.consumeInitiation(noise, message, this.#findPeer, now);
    if (initiation === null) {
      this.#drop("invalid-initiation", source);
      return;
    }
    initiation.peer.updateEndpoint(source);
    this.#sendResponse(initiation, source, now);
    this.#received(initiation.peer, INITIATION_SIZE, now);
  }

  #sendResponse(initiation: ReceivedInitiation<Peer>, endpoint: Endpoint, now: Now): void {
    const { peer } = initiation;
    const { indices, keySlots, memory, transmit } = this.#context;
    const slot = keySlots.allocate();
    if (slot < 0) {
      initiation.wipe();
      this.#drop("out-of-memory", endpoint);
      return;
    }
    const keys = new SessionKeys(keySlots.sendKey(slot), keySlots.receiveKey(slot));
    const offset = transmit.allocate(RESPONSE_SIZE);
    const message = memory.bytes.subarray(offset, offset + RESPONSE_SIZE);
    const index = indices.allocate(peer);
    if (!peer.handshake.createResponse(message, index, initiation, keys)) {
      indices.release(index);
      keySlots.release(slot);
      transmit.release(offset);
      return;
    }
    peer.cookies.addMacs(message, now.boot);
    peer.sessions.add(new Session(this.#context, peer, keys, slot, now.boot));
    peer.timers.onSessionDerived(now.boot);
    this.#send(peer, offset, RESPONSE_SIZE, endpoint, now);
    peer.timers.onHandshakeAnswered(now.boot);
    this.#listener.onAnswered(peer);
  }

  #consumeResponse(message: Uint8Array, source: Endpoint, now: Now): void {
    const { indices, keySlots } = this.#context;
    const peer = indices.get(responseReceiverIndex(message));
    // A session under this index: the response is a duplicate.
    if (peer === undefined || peer instanceof Session) return;
    const slot = keySlots.allocate();
    if (slot < 0) {
      this.#drop("out-of-memory", source);
      return;
    }
    const keys = new SessionKeys(keySlots.sendKey(slot), keySlots.receiveKey(slot));
    if (!peer.handshake.consumeResponse(message, keys)) {
      keySlots.release(slot);
      this.#drop("invalid-response", source);
      return;
    }
    peer.updateEndpoint(source);
    peer.sessions.add(new Session(this.#context, peer, keys, slot, now.boot));
    peer.timers.onSessionDerived(now.boot);
    this.#received(peer, RESPONSE_SIZE, now);
    this.#listener.onCompleted(peer, now);
  }

  #consumeCookieReply(message: Uint8Array, source: Endpoint, now: Now): void {
    const owner = this.#context.indices.get(cookieReplyReceiverIndex(message));
    const peer = owner instanceof Session ? owner.peer : owner;
    if (peer === undefined || peer.cookies.consumeReply(message, now.boot)) return;
    this.#drop("invalid-cookie-reply", source);
  }

  #send(peer: Peer, offset: number, length: number, endpoint: Endpoint, now: Now): void {
    peer.timers.onAnyAuthenticatedPacketTraversal(now.boot);
    peer.timers.onAnyAuthenticatedPacketSent();
    if (this.#context.outgoing.push(offset, length, endpoint, peer)) peer.sentBytes += length;
  }

  #received(peer: Peer, length: number, now: Now): void {
    peer.receivedBytes += length;
    peer.timers.onAnyAuthenticatedPacketTraversal(now.boot);
    peer.timers.onAnyAuthenticatedPacketReceived();
  }

  /** Whether any handshake message can be built and sent. */
  #hasRoom(): boolean {
    const { outgoing, transmit } = this.#context;
    return !outgoing.full && transmit.available >= MAX_HANDSHAKE_SIZE;
  }

  #drop(reason: HandshakeDropReason, source: Endpoint): void {
    this.#context.emit({ type: "handshake-dropped", reason, source });
  }
}

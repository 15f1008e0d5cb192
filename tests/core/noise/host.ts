import assert from "node:assert/strict";
import type { Now, Random } from "../../../core/clock.ts";
import type { HandshakeCrypto } from "../../../core/crypto/crypto.ts";
import { createNobleCrypto } from "../../../core/crypto/noble.ts";
import { Endpoint } from "../../../core/endpoint.ts";
import { memoryOf } from "../../../core/memory.ts";
import { HandshakeContext, LocalIdentity } from "../../../core/noise/context.ts";
import { CookieChecker, CookieGenerator } from "../../../core/noise/cookie.ts";
import { Handshake, type ReceivedInitiation, SessionKeys } from "../../../core/noise/handshake.ts";
import { INITIATION_SIZE, messageType, RESPONSE_SIZE } from "../../../core/noise/messages.ts";
import { Bytes } from "../crypto/bytes.ts";

export const noble: HandshakeCrypto = createNobleCrypto(memoryOf(new ArrayBuffer(16))).handshake;

/** The same randomness in every run. */
export function seededRandom(seed: number): Random {
  const bytes = new Bytes(seed);
  return (target) => target.set(bytes.take(target.length));
}

/** A time `ms` after the tests' start, by both clocks. */
export function at(ms: number): Now {
  return { boot: 1000 + ms, wall: 1_700_000_000_000 + ms };
}

export const SOURCE = new Endpoint(Uint8Array.of(192, 0, 2, 1), 51820);

/** One peer of a {@linkcode Host}. */
export class HostPeer {
  readonly cookies: CookieGenerator;
  constructor(readonly host: Host, readonly handshake: Handshake) {
    this.cookies = new CookieGenerator(host.crypto, handshake.remoteStatic);
  }

  /** An initiation with MACs. */
  initiate(index: number, now: Now): Uint8Array {
    const message = new Uint8Array(INITIATION_SIZE);
    if (!this.handshake.createInitiation(message, index, now)) throw new Error("no initiation");
    this.cookies.addMacs(message, now.boot);
    return message;
  }

  /** The keys of a response, checked as a device does that isn't under load. */
  complete(response: Uint8Array): SessionKeys | null {
    if (!this.host.checked(response, 2)) return null;
    const keys = new SessionKeys();
    return this.handshake.consumeResponse(response, keys) ? keys : null;
  }
}

/** A device's handshakes without its sockets and sessions. */
export class Host {
  readonly context: HandshakeContext;
  readonly identity: LocalIdentity;
  readonly checker: CookieChecker;
  readonly peers: HostPeer[] = [];
  /** Messages made here at the same times, but by different randomness, differ. */
  readonly random: Random;

  constructor(seed: number, readonly crypto: HandshakeCrypto = noble) {
    this.random = seededRandom(seed);
    const privateKey = new Uint8Array(32);
    this.random(privateKey);
    this.identity = new LocalIdentity(crypto, privateKey);
    this.context = new HandshakeContext(crypto, this.random);
    this.context.identity = this.identity;
    this.checker = new CookieChecker(crypto, this.random, this.identity.publicKey);
  }

  addPeer(publicKey: Uint8Array, presharedKey: Uint8Array | null = null): HostPeer {
    const handshake = new Handshake(this.context, publicKey);
    handshake.setPresharedKey(presharedKey);
    const peer = new HostPeer(this, handshake);
    this.peers.push(peer);
    return peer;
  }

  checked(message: Uint8Array, type: number): boolean {
    const view = new DataView(message.buffer, message.byteOffset);
    return messageType(view, 0, message.length) === type && this.checker.checkMac1(message);
  }

  /** Consumes an initiation, checked as a device does that isn't under load. */
  receive(initiation: Uint8Array, now: Now): ReceivedInitiation<HostPeer> | null {
    if (!this.checked(initiation, 1)) return null;
    return this.consume(initiation, now);
  }

  /** Consumes an initiation whatever its MACs are. */
  consume(initiation: Uint8Array, now: Now): ReceivedInitiation<HostPeer> | null {
    const find = (publicKey: Uint8Array) => {
      const hex = publicKey.toHex();
      return this.peers.find(({ handshake }) => handshake.remoteStatic.toHex() === hex);
    };
    return Handshake.consumeInitiation(this.context, initiation, find, now);
  }

  /** The response with MACs, and the keys, to an initiation. */
  answer(received: ReceivedInitiation<HostPeer>, index: number, now: Now) {
    const response = new Uint8Array(RESPONSE_SIZE);
    const keys = new SessionKeys();
    const { handshake, cookies } = received.peer;
    if (!handshake.createResponse(response, index, received, keys)) throw new Error("no response");
    cookies.addMacs(response, now.boot);
    return { response, keys };
  }

  /** Both in one. */
  respond(initiation: Uint8Array, index: number, now: Now) {
    const received = this.receive(initiation, now);
    return received === null ? null : this.answer(received, index, now);
  }
}

/** Two hosts that know each other. */
export function pair(presharedKey: Uint8Array | null = null, crypto: HandshakeCrypto = noble) {
  const initiator = new Host(1, crypto), responder = new Host(2, crypto);
  const toResponder = initiator.addPeer(responder.identity.publicKey, presharedKey);
  const toInitiator = responder.addPeer(initiator.identity.publicKey, presharedKey);
  return { initiator, responder, toResponder, toInitiator };
}

/** `message` with one bit of one byte inverted. */
export function tampered(message: Uint8Array, byte: number, bit = byte % 8): Uint8Array {
  return message.map((value, i) => i === byte ? value ^ (1 << bit) : value);
}

/** Asserts nothing by itself: the value, or an error that names what is missing. */
export function present<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new Error(`${what} is missing`);
  return value;
}

/** The methods of `crypto` as own properties, to spread. */
export function boundMethods(crypto: HandshakeCrypto): HandshakeCrypto {
  return {
    hash: crypto.hash.bind(crypto),
    mac: crypto.mac.bind(crypto),
    hmac: crypto.hmac.bind(crypto),
    seal: crypto.seal.bind(crypto),
    open: crypto.open.bind(crypto),
    sealX: crypto.sealX.bind(crypto),
    openX: crypto.openX.bind(crypto),
    x25519: crypto.x25519.bind(crypto),
    x25519Base: crypto.x25519Base.bind(crypto),
  };
}

/** Asserts that both sides of a handshake came to the same session. */
export function assertSameSession(initiator: SessionKeys, responder: SessionKeys): void {
  assert.deepEqual(initiator.sendKey, responder.receiveKey);
  assert.deepEqual(initiator.receiveKey, responder.sendKey);
  assert.notDeepEqual(initiator.sendKey, initiator.receiveKey);
  assert.equal(initiator.initiator, true);
  assert.equal(responder.initiator, false);
  assert.equal(initiator.localIndex, responder.remoteIndex);
  assert.equal(initiator.remoteIndex, responder.localIndex);
}

/** MACs anew for a message changed by somebody who knows the receiver's public key. */
export function withMacs(message: Uint8Array, receiver: Host): Uint8Array {
  const copy = message.slice();
  new CookieGenerator(noble, receiver.identity.publicKey).addMacs(copy, 0);
  return copy;
}

/**
 * The MACs of handshake messages and the cookies that a device under load demands (whitepaper
 * sections 5.3, 5.4.4 and 5.4.7). `message` is an initiation or a response throughout; times are boot
 * time in milliseconds.
 */

import type { Random } from "../clock.ts";
import {
  COOKIE_SECRET_LATENCY_MS,
  COOKIE_SECRET_MAX_AGE_MS,
  KEY_SIZE,
  LABEL_COOKIE,
  LABEL_MAC1,
  MAC_SIZE,
} from "../constants.ts";
import type { HandshakeCrypto } from "../crypto/crypto.ts";
import type { Endpoint } from "../endpoint.ts";
import { equalBytes, secretBytes } from "../memory.ts";
import { SlotPool } from "../slot_pool.ts";
import { asciiBytes } from "./ascii.ts";
import {
  cookieReplyCookie,
  cookieReplyNonce,
  coveredByMac1,
  coveredByMac2,
  mac1,
  mac2,
  senderIndex,
  writeCookieReplyHeader,
} from "./messages.ts";

const MAX_ADDRESS_SIZE = 16;
const PORT_SIZE = 2;

/** The key of mac1, which follows from the public key of the message's receiver. */
function mac1KeyOf(crypto: HandshakeCrypto, publicKey: Uint8Array): Uint8Array {
  return labelled(crypto, LABEL_MAC1, publicKey);
}

/** The key that encrypts cookies, which follows from the public key of their sender. */
function cookieKeyOf(crypto: HandshakeCrypto, publicKey: Uint8Array): Uint8Array {
  return labelled(crypto, LABEL_COOKIE, publicKey);
}

function labelled(crypto: HandshakeCrypto, label: string, publicKey: Uint8Array): Uint8Array {
  const key = new Uint8Array(KEY_SIZE);
  crypto.hash(key, asciiBytes(label), publicKey);
  return key;
}

/** A device's side: checks the MACs of what it receives and hands out cookies. One per identity. */
export class CookieChecker {
  readonly #crypto: HandshakeCrypto;
  readonly #random: Random;
  readonly #mac1Key: Uint8Array;
  readonly #cookieKey: Uint8Array;
  readonly #secret = secretBytes(KEY_SIZE);
  #secretSetAt = -Infinity;
  readonly #cookie = secretBytes(MAC_SIZE);
  readonly #mac = new Uint8Array(MAC_SIZE);
  readonly #source = new Uint8Array(MAX_ADDRESS_SIZE + PORT_SIZE);

  /** `publicKey` is the device's own. */
  constructor(crypto: HandshakeCrypto, random: Random, publicKey: Uint8Array) {
    this.#crypto = crypto;
    this.#random = random;
    this.#mac1Key = mac1KeyOf(crypto, publicKey);
    this.#cookieKey = cookieKeyOf(crypto, publicKey);
  }

  /** Whether mac1 is right: without that a message isn't looked at any further. */
  checkMac1(message: Uint8Array): boolean {
    this.#crypto.mac(this.#mac, this.#mac1Key, coveredByMac1(message));
    return equalBytes(this.#mac, mac1(message));
  }

  /** Whether mac2 is right, made with a cookie that this device gave to `source` and still accepts. */
  checkMac2(message: Uint8Array, source: Endpoint, now: number): boolean {
    if (this.#secretExpired(now)) return false;
    this.#computeCookie(source);
    this.#crypto.mac(this.#mac, this.#cookie, coveredByMac2(message));
    this.#cookie.fill(0);
    return equalBytes(this.#mac, mac2(message));
  }

  /** Writes the cookie reply to `message`, which came from `source`, to `reply` (64 bytes). */
  createReply(reply: Uint8Array, message: Uint8Array, source: Endpoint, now: number): void {
    if (this.#secretExpired(now)) {
      this.#random(this.#secret);
      this.#secretSetAt = now;
    }
    this.#computeCookie(source);
    writeCookieReplyHeader(reply, senderIndex(message));
    const nonce = cookieReplyNonce(reply);
    this.#random(nonce);
    this.#crypto.sealX(
      cookieReplyCookie(reply),
      this.#cookieKey,
      nonce,
      this.#cookie,
      mac1(message),
    );
    this.#cookie.fill(0);
  }

  /** Overwrites the secret: no cookie given out so far is accepted any more. */
  wipe(): void {
    this.#secret.fill(0);
    this.#secretSetAt = -Infinity;
  }

  #secretExpired(now: number): boolean {
    return now - this.#secretSetAt >= COOKIE_SECRET_MAX_AGE_MS;
  }

  /** The cookie is the MAC of IP address and port (network byte order) under the secret. */
  #computeCookie(source: Endpoint): void {
    const { address, port } = source;
    this.#source.set(address);
    this.#source[address.length] = port >> 8;
    this.#source[address.length + 1] = port;
    const covered = this.#source.subarray(0, address.length + PORT_SIZE);
    this.#crypto.mac(this.#cookie, this.#secret, covered);
  }
}

// Where things are in a generator's slot.
const PUBLIC_KEY = 0;
const COOKIE = KEY_SIZE;
const LAST_MAC1 = COOKIE + MAC_SIZE;

/** Bytes that a {@linkcode CookieGenerator} needs. */
export const COOKIE_SLOT_SIZE: number = LAST_MAC1 + MAC_SIZE;

/**
 * A peer's side: adds the MACs to what is sent to it, and takes up the cookies it replies with. The
 * keys are computed for each message: that takes less than a handshake's hundredth part, and a device
 * may have very many peers.
 *
 * @internal
 */
export class CookieGenerator {
  readonly #crypto: HandshakeCrypto;
  readonly #slots: SlotPool;
  /** Where key and cookie are; -1 after {@linkcode wipe}. */
  #slot: number;
  #cookieSetAt = -Infinity;
  #awaitsReply = false;

  /** `publicKey` (32 bytes, copied) is the peer's; `slots`, of {@linkcode COOKIE_SLOT_SIZE}, a device's. */
  constructor(
    crypto: HandshakeCrypto,
    publicKey: Uint8Array,
    slots: SlotPool = new SlotPool(COOKIE_SLOT_SIZE, 1),
  ) {
    this.#crypto = crypto;
    this.#slots = slots;
    this.#slot = slots.allocate();
    this.#field(PUBLIC_KEY, KEY_SIZE).set(publicKey);
  }

  /** Writes both MACs of `message`, complete but for them. Without a fresh cookie mac2 is zero. */
  addMacs(message: Uint8Array, now: number): void {
    const key = mac1KeyOf(this.#crypto, this.#field(PUBLIC_KEY, KEY_SIZE));
    this.#crypto.mac(mac1(message), key, coveredByMac1(message));
    this.#field(LAST_MAC1, MAC_SIZE).set(mac1(message));
    this.#awaitsReply = true;
    if (now - this.#cookieSetAt < COOKIE_SECRET_MAX_AGE_MS - COOKIE_SECRET_LATENCY_MS) {
      this.#crypto.mac(mac2(message), this.#field(COOKIE, MAC_SIZE), coveredByMac2(message));
    } else {
      this.#eraseCookie();
      mac2(message).fill(0);
    }
  }

  /**
   * Takes up the cookie of `reply` (64 bytes, type checked). False, and nothing changed, when it
   * doesn't answer the message sent last, or that has been answered already.
   */
  consumeReply(reply: Uint8Array, now: number): boolean {
    if (!this.#awaitsReply) return false;
    const cookie = secretBytes(MAC_SIZE);
    const authentic = this.#crypto.openX(
      cookie,
      cookieKeyOf(this.#crypto, this.#field(PUBLIC_KEY, KEY_SIZE)),
      cookieReplyNonce(reply),
      cookieReplyCookie(reply),
      this.#field(LAST_MAC1, MAC_SIZE),
    );
    if (authentic) {
      this.#field(COOKIE, MAC_SIZE).set(cookie);
      this.#cookieSetAt = now;
      this.#awaitsReply = false;
    }
    cookie.fill(0);
    return authentic;
  }

  /** Erases the cookie and all else, for good: call it when the peer is removed. */
  wipe(): void {
    if (this.#slot < 0) return;
    this.#slots.release(this.#slot);
    this.#slot = -1;
    this.#cookieSetAt = -Infinity;
    this.#awaitsReply = false;
  }

  #eraseCookie(): void {
    this.#field(COOKIE, MAC_SIZE).fill(0);
    this.#cookieSetAt = -Infinity;
  }

  /** Part of the slot, in place; zeros of no consequence once there is no slot. */
  #field(offset: number, length: number): Uint8Array {
    if (this.#slot < 0) return new Uint8Array(length);
    return this.#slots.bytes(this.#slot, offset, length);
  }
}

/**
 * The MACs of handshake messages and the cookies that a device under load demands (whitepaper
 * sections 5.3, 5.4.4 and 5.4.7). `message` is an initiation or a response throughout; times are boot
 * time in milliseconds.
 */

import type { Random } from "../clock.ts";
import { equalBytes } from "../constant_time.ts";
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
import { secretBytes } from "../memory.ts";
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

/** The keys that follow from the public key of the message's receiver. */
class ReceiverKeys {
  /** Key of mac1. */
  readonly mac1Key = new Uint8Array(KEY_SIZE);
  /** Key that encrypts cookies. */
  readonly cookieKey = new Uint8Array(KEY_SIZE);

  constructor(crypto: HandshakeCrypto, publicKey: Uint8Array) {
    crypto.hash(this.mac1Key, asciiBytes(LABEL_MAC1), publicKey);
    crypto.hash(this.cookieKey, asciiBytes(LABEL_COOKIE), publicKey);
  }
}

/** A device's side: checks the MACs of what it receives and hands out cookies. One per identity. */
export class CookieChecker {
  readonly #crypto: HandshakeCrypto;
  readonly #random: Random;
  readonly #keys: ReceiverKeys;
  readonly #secret = secretBytes(KEY_SIZE);
  #secretSetAt = -Infinity;
  readonly #cookie = secretBytes(MAC_SIZE);
  readonly #mac = new Uint8Array(MAC_SIZE);
  readonly #source = new Uint8Array(MAX_ADDRESS_SIZE + PORT_SIZE);

  /** `publicKey` is the device's own. */
  constructor(crypto: HandshakeCrypto, random: Random, publicKey: Uint8Array) {
    this.#crypto = crypto;
    this.#random = random;
    this.#keys = new ReceiverKeys(crypto, publicKey);
  }

  /** Whether mac1 is right: without that a message isn't looked at any further. */
  checkMac1(message: Uint8Array): boolean {
    this.#crypto.mac(this.#mac, this.#keys.mac1Key, coveredByMac1(message));
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
      this.#keys.cookieKey,
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

/**
 * A peer's side: adds the MACs to what is sent to it, and takes up the cookies it replies with.
 *
 * @internal
 */
export class CookieGenerator {
  readonly #crypto: HandshakeCrypto;
  readonly #keys: ReceiverKeys;
  readonly #cookie = secretBytes(MAC_SIZE);
  #cookieSetAt = -Infinity;
  readonly #lastMac1 = new Uint8Array(MAC_SIZE);
  #awaitsReply = false;

  /** `publicKey` is the peer's. */
  constructor(crypto: HandshakeCrypto, publicKey: Uint8Array) {
    this.#crypto = crypto;
    this.#keys = new ReceiverKeys(crypto, publicKey);
  }

  /** Writes both MACs of `message`, complete but for them. Without a fresh cookie mac2 is zero. */
  addMacs(message: Uint8Array, now: number): void {
    this.#crypto.mac(mac1(message), this.#keys.mac1Key, coveredByMac1(message));
    this.#lastMac1.set(mac1(message));
    this.#awaitsReply = true;
    if (now - this.#cookieSetAt < COOKIE_SECRET_MAX_AGE_MS - COOKIE_SECRET_LATENCY_MS) {
      this.#crypto.mac(mac2(message), this.#cookie, coveredByMac2(message));
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
      this.#keys.cookieKey,
      cookieReplyNonce(reply),
      cookieReplyCookie(reply),
      this.#lastMac1,
    );
    if (authentic) {
      this.#cookie.set(cookie);
      this.#cookieSetAt = now;
      this.#awaitsReply = false;
    }
    cookie.fill(0);
    return authentic;
  }

  /** Forgets the cookie and the message sent last. */
  wipe(): void {
    this.#eraseCookie();
    this.#lastMac1.fill(0);
    this.#awaitsReply = false;
  }

  #eraseCookie(): void {
    this.#cookie.fill(0);
    this.#cookieSetAt = -Infinity;
  }
}

/**
 * One handshake and its cookie, byte for byte, against the formulas of the WireGuard whitepaper
 * (sections 5.4.2 to 5.4.7), written down as they stand there, with the noble libraries.
 */

import assert from "node:assert/strict";
import { chacha20poly1305, xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { blake2s } from "@noble/hashes/blake2.js";
import { hmac } from "@noble/hashes/hmac.js";
import type { Random } from "../../../core/clock.ts";
import type { HandshakeCrypto } from "../../../core/crypto/crypto.ts";
import { HandshakeContext, LocalIdentity } from "../../../core/noise/context.ts";
import { CookieChecker, CookieGenerator } from "../../../core/noise/cookie.ts";
import { Handshake, SessionKeys } from "../../../core/noise/handshake.ts";
import { Bytes } from "../crypto/bytes.ts";
import { testEach } from "../crypto/implementations.ts";
import { present, SOURCE } from "./host.ts";

type Key = Uint8Array;

const concat = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const ascii = (text: string) => new TextEncoder().encode(text);
const EMPTY = new Uint8Array(0);
const byte = (value: number) => Uint8Array.of(value);
const u32 = (value: number) => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
};

// Section 5.4, in its order.
const Dh = (privateKey: Key, publicKey: Key) => x25519.getSharedSecret(privateKey, publicKey);
const Aead = (key: Key, counter: number, plaintext: Uint8Array, authText: Uint8Array) =>
  chacha20poly1305(key, concat(u32(0), u32(counter), u32(0)), authText).encrypt(plaintext);
const Xaead = (key: Key, nonce: Uint8Array, plaintext: Uint8Array, authText: Uint8Array) =>
  xchacha20poly1305(key, nonce, authText).encrypt(plaintext);
const Hash = (...input: Uint8Array[]) => blake2s(concat(...input));
const Mac = (key: Key, ...input: Uint8Array[]) => blake2s(concat(...input), { key, dkLen: 16 });
const Hmac = (key: Key, ...input: Uint8Array[]) => hmac(blake2s, key, concat(...input));

function Kdf(n: number, key: Key, input: Uint8Array): Key[] {
  const t0 = Hmac(key, input);
  const outputs: Key[] = [];
  let previous = EMPTY as Uint8Array;
  for (let i = 1; i <= n; i++) outputs.push(previous = Hmac(t0, previous, byte(i)));
  return outputs;
}
const Kdf1 = (key: Key, input: Uint8Array) => Kdf(1, key, input) as [Key];
const Kdf2 = (key: Key, input: Uint8Array) => Kdf(2, key, input) as [Key, Key];
const Kdf3 = (key: Key, input: Uint8Array) => Kdf(3, key, input) as [Key, Key, Key];

const CONSTRUCTION = ascii("Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s");
const IDENTIFIER = ascii("WireGuard v1 zx2c4 Jason@zx2c4.com");
const LABEL_MAC1 = ascii("mac1----");
const LABEL_COOKIE = ascii("cookie--");

interface Secrets {
  initiatorStatic: Key;
  responderStatic: Key;
  initiatorEphemeral: Key;
  responderEphemeral: Key;
  psk: Key;
}

/** Everything that goes over the wire and comes out of a handshake, by the whitepaper. */
function whitepaperHandshake(
  secrets: Secrets,
  timestamp: Uint8Array,
  initiatorIndex: number,
  responderIndex: number,
  cookie: Key | null,
) {
  const { initiatorStatic, responderStatic, initiatorEphemeral, responderEphemeral, psk } = secrets;
  const S_i = x25519.getPublicKey(initiatorStatic), S_r = x25519.getPublicKey(responderStatic);
  const E_i = x25519.getPublicKey(initiatorEphemeral);
  const E_r = x25519.getPublicKey(responderEphemeral);
  let k: Key;

  // 5.4.2, first message
  let C: Key = Hash(CONSTRUCTION);
  let H: Key = Hash(C, IDENTIFIER);
  H = Hash(H, S_r);
  [C] = Kdf1(C, E_i);
  H = Hash(H, E_i);
  [C, k] = Kdf2(C, Dh(initiatorEphemeral, S_r));
  const sealedStatic = Aead(k, 0, S_i, H);
  H = Hash(H, sealedStatic);
  [C, k] = Kdf2(C, Dh(initiatorStatic, S_r));
  const sealedTimestamp = Aead(k, 0, timestamp, H);
  H = Hash(H, sealedTimestamp);
  const initiation = withMacs(
    concat(
      byte(1),
      byte(0),
      byte(0),
      byte(0),
      u32(initiatorIndex),
      E_i,
      sealedStatic,
      sealedTimestamp,
    ),
    S_r,
    cookie,
  );

  // 5.4.3, second message
  [C] = Kdf1(C, E_r);
  H = Hash(H, E_r);
  [C] = Kdf1(C, Dh(responderEphemeral, E_i));
  [C] = Kdf1(C, Dh(responderEphemeral, S_i));
  let t: Key;
  [C, t, k] = Kdf3(C, psk);
  H = Hash(H, t);
  const sealedNothing = Aead(k, 0, EMPTY, H);
  H = Hash(H, sealedNothing);
  const response = withMacs(
    concat(u32(2), u32(responderIndex), u32(initiatorIndex), E_r, sealedNothing),
    S_i,
    null,
  );

  // 5.4.5, transport data keys
  const [initiatorSends, responderSends] = Kdf2(C, EMPTY);
  return { initiation, response, initiatorSends, responderSends };
}

/** 5.4.4, MACs */
function withMacs(message: Uint8Array, receiver: Key, cookie: Key | null): Uint8Array {
  const mac1 = Mac(Hash(LABEL_MAC1, receiver), message);
  const mac2 = cookie === null ? new Uint8Array(16) : Mac(cookie, message, mac1);
  return concat(message, mac1, mac2);
}

/** 5.4.7, cookie reply */
function whitepaperCookieReply(
  message: Uint8Array,
  responder: Key,
  secret: Key,
  nonce: Uint8Array,
  source: Uint8Array,
) {
  const cookie = Mac(secret, source);
  const mac1 = message.subarray(message.length - 32, message.length - 16);
  const sealedCookie = Xaead(Hash(LABEL_COOKIE, responder), nonce, cookie, mac1);
  return { cookie, reply: concat(u32(3), message.subarray(4, 8), nonce, sealedCookie) };
}

/** Draws the given values one after the other. */
function drawing(...values: Uint8Array[]): Random {
  return (target) => target.set(present(values.shift(), "randomness"));
}

/** One handshake between two devices of ours with the given secrets and, for the first, a cookie. */
function handshake(crypto: HandshakeCrypto, seed: number, withPsk: boolean): void {
  const bytes = new Bytes(seed);
  const secrets: Secrets = {
    initiatorStatic: bytes.take(32),
    responderStatic: bytes.take(32),
    initiatorEphemeral: bytes.take(32),
    responderEphemeral: bytes.take(32),
    psk: withPsk ? bytes.take(32) : new Uint8Array(32),
  };
  const cookieSecret = bytes.take(32), nonce = bytes.take(24);
  const initiatorIndex = bytes.u32(), responderIndex = bytes.u32();
  const S_i = x25519.getPublicKey(secrets.initiatorStatic);
  const S_r = x25519.getPublicKey(secrets.responderStatic);
  // 2023-11-14 22:13:20.5 UTC; 0x6553f100 + 10 s, and 0x1dcd6500 ns with 24 bits hidden.
  const now = { boot: 5000, wall: 1_700_000_000_500 };
  const timestamp = Uint8Array.fromHex("400000006553f10a1d000000");

  const initiator = new HandshakeContext(crypto, drawing(secrets.initiatorEphemeral));
  initiator.identity = new LocalIdentity(crypto, secrets.initiatorStatic);
  const toResponder = new Handshake(initiator, S_r);
  toResponder.setPresharedKey(secrets.psk);
  const cookies = new CookieGenerator(crypto, S_r);
  const initiation = new Uint8Array(148);
  assert.ok(toResponder.createInitiation(initiation, initiatorIndex, now));
  cookies.addMacs(initiation, now.boot);
  const expected = whitepaperHandshake(secrets, timestamp, initiatorIndex, responderIndex, null);
  assert.deepEqual(initiation, expected.initiation);

  // The same initiation again, after a cookie reply.
  const source = concat(SOURCE.address, byte(SOURCE.port >> 8), byte(SOURCE.port & 255));
  const { cookie, reply } = whitepaperCookieReply(initiation, S_r, cookieSecret, nonce, source);
  const checker = new CookieChecker(crypto, drawing(cookieSecret, nonce), S_r);
  const ourReply = new Uint8Array(64);
  checker.createReply(ourReply, initiation, SOURCE, now.boot);
  assert.deepEqual(ourReply, reply);
  assert.ok(cookies.consumeReply(reply, now.boot));
  cookies.addMacs(initiation, now.boot);
  const second = whitepaperHandshake(secrets, timestamp, initiatorIndex, responderIndex, cookie);
  assert.deepEqual(initiation, second.initiation);
  assert.ok(checker.checkMac1(initiation));
  assert.ok(checker.checkMac2(initiation, SOURCE, now.boot));

  const responder = new HandshakeContext(crypto, drawing(secrets.responderEphemeral));
  responder.identity = new LocalIdentity(crypto, secrets.responderStatic);
  const peer = { handshake: new Handshake(responder, S_i) };
  peer.handshake.setPresharedKey(secrets.psk);
  const received = present(
    Handshake.consumeInitiation(responder, expected.initiation, () => peer, now),
    "initiation",
  );
  const response = new Uint8Array(92), responderKeys = new SessionKeys();
  assert.ok(peer.handshake.createResponse(response, responderIndex, received, responderKeys));
  new CookieGenerator(crypto, S_i).addMacs(response, now.boot);
  assert.deepEqual(response, expected.response);
  assert.deepEqual(responderKeys.receiveKey, expected.initiatorSends);
  assert.deepEqual(responderKeys.sendKey, expected.responderSends);

  const initiatorKeys = new SessionKeys();
  assert.ok(toResponder.consumeResponse(expected.response, initiatorKeys));
  assert.deepEqual(initiatorKeys.sendKey, expected.initiatorSends);
  assert.deepEqual(initiatorKeys.receiveKey, expected.responderSends);
  assert.equal(initiatorKeys.remoteIndex, responderIndex);
}

for (const withPsk of [false, true]) {
  testEach(
    `handshakes ${withPsk ? "with" : "without"} a preshared key equal the whitepaper's formulas`,
    ({ crypto }) => {
      for (let seed = 1; seed <= 8; seed++) handshake(crypto.handshake, seed, withPsk);
    },
  );
}

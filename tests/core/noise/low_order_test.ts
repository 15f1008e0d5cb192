import assert from "node:assert/strict";
import { asciiBytes } from "../../../core/noise/ascii.ts";
import { SessionKeys } from "../../../core/noise/handshake.ts";
import {
  initiationNoise,
  responseNoise,
  writeInitiationHeader,
  writeResponseHeader,
} from "../../../core/noise/messages.ts";
import { SymmetricState } from "../../../core/noise/symmetric_state.ts";
import { writeTimestamp } from "../../../core/tai64n.ts";
import { fromHex } from "../crypto/bytes.ts";
import { testEach } from "../crypto/implementations.ts";
import { at, noble, pair, present } from "./host.ts";

/** The u-coordinates of order 1, 2, 4 and 8, and those that equal them modulo 2^255 - 19. */
const LOW_ORDER_POINTS = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
].map(fromHex);
const ZERO = new Uint8Array(32);

testEach("nothing is sent to a peer whose public key is of low order", ({ crypto }) => {
  for (const point of LOW_ORDER_POINTS) {
    const { initiator } = pair(null, crypto.handshake);
    const peer = initiator.addPeer(point);
    const message = new Uint8Array(148);
    assert.ok(!peer.handshake.createInitiation(message, 1, at(0)));
    assert.ok(!peer.handshake.pending);
    assert.deepEqual(message, new Uint8Array(148));
  }
});

/**
 * What a peer with genuine static keys could send with a low-order ephemeral key: it knows all shared
 * secrets, zeros, without a private key.
 */
function initiationWithEphemeral(point: Uint8Array, secret: Uint8Array) {
  const { initiator, responder } = pair();
  const state = new SymmetricState(noble);
  state.initialize(asciiBytes("Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"));
  state.mixHash(asciiBytes("WireGuard v1 zx2c4 Jason@zx2c4.com"));
  state.mixHash(responder.identity.publicKey);
  const message = new Uint8Array(148);
  writeInitiationHeader(message, 1);
  const noise = initiationNoise(message);
  noise.set(point);
  state.mixHash(point);
  state.mixKey(point);
  state.mixKey(secret);
  state.encryptAndHash(noise.subarray(32, 80), initiator.identity.publicKey);
  const staticStatic = new Uint8Array(32);
  noble.x25519(staticStatic, initiator.identity.privateKey, responder.identity.publicKey);
  state.mixKey(staticStatic);
  const timestamp = new Uint8Array(12);
  writeTimestamp(timestamp, 1);
  state.encryptAndHash(noise.subarray(80), timestamp);
  return { responder, message };
}

Deno.test("an initiation whose ephemeral key is of low order is refused", () => {
  for (const point of LOW_ORDER_POINTS) {
    const { responder, message } = initiationWithEphemeral(point, ZERO);
    assert.equal(responder.consume(message, at(0)), null, point.toHex());
  }
});

Deno.test("the same initiation with an honest ephemeral key is accepted", () => {
  const privateKey = new Uint8Array(32).fill(0x42), publicKey = new Uint8Array(32);
  noble.x25519Base(publicKey, privateKey);
  const secret = new Uint8Array(32);
  noble.x25519(secret, privateKey, pair().responder.identity.publicKey);
  const { responder, message } = initiationWithEphemeral(publicKey, secret);
  assert.ok(responder.consume(message, at(0)));
});

/** What a responder that knows the initiation's state could answer with such a key. */
function responseWithEphemeral(
  point: Uint8Array,
  secretWith: (publicKey: Uint8Array) => Uint8Array,
) {
  const { initiator, responder, toResponder } = pair();
  const initiation = toResponder.initiate(1, at(0));
  const received = present(responder.consume(initiation, at(0)), "initiation");
  const state = new SymmetricState(noble);
  received.resume(state);
  const message = new Uint8Array(92);
  writeResponseHeader(message, 2, 1);
  const noise = responseNoise(message);
  noise.set(point);
  state.mixHash(point);
  state.mixKey(point);
  state.mixKey(secretWith(received.remoteEphemeral));
  state.mixKey(secretWith(initiator.identity.publicKey));
  state.mixKeyAndHash(ZERO);
  state.encryptAndHash(noise.subarray(32), new Uint8Array(0));
  return { handshake: toResponder.handshake, message };
}

Deno.test("a response whose ephemeral key is of low order is refused", () => {
  for (const point of LOW_ORDER_POINTS) {
    const { handshake, message } = responseWithEphemeral(point, () => ZERO);
    assert.equal(handshake.consumeResponse(message, new SessionKeys()), false, point.toHex());
    assert.ok(handshake.pending);
  }
});

Deno.test("the same response with an honest ephemeral key is accepted", () => {
  const privateKey = new Uint8Array(32).fill(0x42), ephemeral = new Uint8Array(32);
  noble.x25519Base(ephemeral, privateKey);
  const { handshake, message } = responseWithEphemeral(ephemeral, (publicKey) => {
    const secret = new Uint8Array(32);
    noble.x25519(secret, privateKey, publicKey);
    return secret;
  });
  assert.ok(handshake.consumeResponse(message, new SessionKeys()));
});

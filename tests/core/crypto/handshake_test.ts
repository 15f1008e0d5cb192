import assert from "node:assert/strict";
import { MAX_HANDSHAKE_INPUT, TAG_SIZE } from "../../../core/crypto/crypto.ts";
import { createNobleCrypto } from "../../../core/crypto/noble.ts";
import { memoryOf } from "../../../core/memory.ts";
import { Bytes, fromHex } from "./bytes.ts";
import { testEach } from "./implementations.ts";

const LONGEST = 2000;

const reference = createNobleCrypto(memoryOf(new ArrayBuffer(0))).handshake;

testEach("BLAKE2s, keyed BLAKE2s and HMAC equal noble's at every length", ({ crypto }) => {
  const random = new Bytes(1);
  for (let length = 0; length <= LONGEST; length++) {
    const input = random.take(length);
    const expected = new Uint8Array(32);
    const out = new Uint8Array(32);
    const split = random.below(length + 1);
    const [first, second] = [input.subarray(0, split), input.subarray(split)];

    reference.hash(expected, input);
    crypto.handshake.hash(out, input);
    assert.deepEqual(out, expected, `hash ${length}`);
    crypto.handshake.hash(out.fill(0), first, second);
    assert.deepEqual(out, expected, `hash ${length} in two parts`);

    const key = random.take(32);
    reference.hmac(expected, key, input);
    crypto.handshake.hmac(out, key, input);
    assert.deepEqual(out, expected, `hmac ${length}`);
    crypto.handshake.hmac(out.fill(0), key, first, second);
    assert.deepEqual(out, expected, `hmac ${length} in two parts`);

    const macKey = key.subarray(0, 1 + length % 32);
    reference.mac(expected.fill(0).subarray(0, 16), macKey, input);
    crypto.handshake.mac(out.fill(0).subarray(0, 16), macKey, input);
    assert.deepEqual(out, expected, `mac ${length}, key of ${macKey.length}`);
  }
});

testEach("seal and sealX equal noble's at every length", ({ crypto: { handshake } }) => {
  const random = new Bytes(2);
  for (let length = 0; length <= LONGEST; length++) {
    const key = random.take(32);
    const nonce = random.take(24);
    const additionalData = random.take(length % 67);
    const plaintext = random.take(length);
    const expected = new Uint8Array(length + TAG_SIZE);
    const sealed = new Uint8Array(length + TAG_SIZE);
    const opened = new Uint8Array(length);

    reference.seal(expected, key, plaintext, additionalData);
    handshake.seal(sealed, key, plaintext, additionalData);
    assert.deepEqual(sealed, expected, `seal ${length}`);
    assert.equal(handshake.open(opened, key, sealed, additionalData), true, `open ${length}`);
    assert.deepEqual(opened, plaintext);

    reference.sealX(expected, key, nonce, plaintext, additionalData);
    handshake.sealX(sealed, key, nonce, plaintext, additionalData);
    assert.deepEqual(sealed, expected, `sealX ${length}`);
    opened.fill(0);
    assert.equal(handshake.openX(opened, key, nonce, sealed, additionalData), true);
    assert.deepEqual(opened, plaintext);
  }
});

testEach("open and openX refuse what was changed, and zero their output", ({ crypto }) => {
  const { handshake } = crypto;
  const random = new Bytes(3);
  const key = random.take(32);
  const nonce = random.take(24);
  const additionalData = random.take(32);
  const plaintext = random.take(32);
  const sealed = new Uint8Array(32 + TAG_SIZE);
  const sealedX = new Uint8Array(32 + TAG_SIZE);
  handshake.seal(sealed, key, plaintext, additionalData);
  handshake.sealX(sealedX, key, nonce, plaintext, additionalData);

  const refuse = (open: (out: Uint8Array) => boolean, what: string) => {
    const out = new Uint8Array(32).fill(0xaa);
    assert.equal(open(out), false, what);
    assert.deepEqual(out, new Uint8Array(32), what);
  };
  for (let bit = 0; bit < 8 * sealed.length; bit++) {
    refuse((out) => handshake.open(out, key, flip(sealed, bit), additionalData), `bit ${bit}`);
    refuse(
      (out) => handshake.openX(out, key, nonce, flip(sealedX, bit), additionalData),
      `bit ${bit} of sealX`,
    );
  }
  for (let bit = 0; bit < 8 * additionalData.length; bit++) {
    refuse((out) => handshake.open(out, key, sealed, flip(additionalData, bit)), `data bit ${bit}`);
  }
  for (let bit = 0; bit < 8 * nonce.length; bit++) {
    refuse(
      (out) => handshake.openX(out, key, flip(nonce, bit), sealedX, additionalData),
      `nonce bit ${bit}`,
    );
  }
  refuse((out) => handshake.open(out, key, sealed.subarray(0, 15), additionalData), "too short");
  refuse((out) => handshake.open(out, key, sealed, additionalData.subarray(1)), "less data");
});

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.map((byte, i) => i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte);
}

testEach("X25519 equals noble's on random keys and on points at the edges", ({ crypto }) => {
  const random = new Bytes(4);
  const points = Array.from({ length: 100 }, () => random.take(32));
  // 2^255 - 20 to 2^255 - 17 are p - 1, p, p + 1 and p + 2; then the largest encodings.
  for (const low of ["ec", "ed", "ee", "ef", "fe", "ff"]) {
    points.push(fromHex(`${low}${"ff".repeat(30)}7f`), fromHex(`${low}${"ff".repeat(31)}`));
  }
  // Runs of ones and zeros reach the ends of limbs.
  for (let bit = 8; bit < 256; bit += 8) {
    points.push(
      new Uint8Array(32).fill(0xff, bit >> 3),
      new Uint8Array(32).fill(0xff, 0, bit >> 3),
    );
  }
  const expected = new Uint8Array(32);
  const out = new Uint8Array(32);
  for (const point of points) {
    const privateKey = random.take(32);
    const agreed = reference.x25519(expected, privateKey, point);
    assert.equal(crypto.handshake.x25519(out, privateKey, point), agreed);
    assert.deepEqual(out, expected, `${privateKey.toHex()} ${point.toHex()}`);
  }
  for (let i = 0; i < 20; i++) {
    const privateKey = random.take(32);
    const copy = privateKey.slice();
    reference.x25519Base(expected, privateKey);
    crypto.handshake.x25519Base(out, privateKey);
    assert.deepEqual(out, expected);
    assert.deepEqual(privateKey, copy);
  }
});

testEach("inputs may have up to their limit", ({ crypto: { handshake } }) => {
  const random = new Bytes(5);
  const key = random.take(32);
  const longest = random.take(MAX_HANDSHAKE_INPUT);
  const plaintext = longest.subarray(TAG_SIZE);
  const expected = new Uint8Array(32);
  const out = new Uint8Array(32);
  reference.hmac(expected, key, longest, longest);
  handshake.hmac(out, key, longest, longest);
  assert.deepEqual(out, expected);
  const sealed = new Uint8Array(MAX_HANDSHAKE_INPUT);
  const opened = new Uint8Array(plaintext.length);
  handshake.seal(sealed, key, plaintext, longest);
  assert.equal(reference.open(opened, key, sealed, longest), true);
  assert.equal(handshake.open(opened, key, sealed, longest), true);
  assert.deepEqual(opened, plaintext);
});

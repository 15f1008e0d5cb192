import assert from "node:assert/strict";
import type {
  ChecksumKernel,
  HandshakeCrypto,
  TransportAead,
  X25519,
} from "../../../core/crypto/crypto.ts";
import {
  SELF_TEST_SIZE,
  testChecksum,
  testHandshake,
  testTransport,
  testX25519,
} from "../../../core/crypto/self_test.ts";
import { IMPLEMENTATIONS, type Subject, testEach, TRANSPORTS } from "./implementations.ts";

const REGION = 4096;

testEach("passes the self-test of transport data, which leaves nothing behind", (subject) => {
  const { crypto: { transport, handshake }, memory: { bytes } } = subject;
  bytes[REGION - 1] = bytes[REGION + SELF_TEST_SIZE] = 0xa5;
  assert.equal(testTransport(transport, subject.memory, REGION, handshake), null);
  assert.ok(bytes.subarray(REGION, REGION + SELF_TEST_SIZE).every((byte) => byte === 0));
  assert.equal(bytes[REGION - 1], 0xa5);
  assert.equal(bytes[REGION + SELF_TEST_SIZE], 0xa5);
}, TRANSPORTS);

testEach("passes the self-tests of all else", ({ crypto, memory }) => {
  assert.equal(testHandshake(crypto.handshake), null);
  assert.equal(testX25519(crypto.handshake), null);
  assert.equal(testChecksum(crypto.checksum, memory, REGION), null);
});

function wasm(): Subject {
  const create = IMPLEMENTATIONS.wasm;
  assert.ok(create);
  return create();
}

/** `target`, but what `changes` has in place of its methods. */
function but<T extends object>(target: T, changes: Partial<T>): T {
  return new Proxy(target, {
    get(_, name) {
      const change = changes[name as keyof T];
      if (change !== undefined) return change;
      const value = target[name as keyof T];
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Ways in which an implementation of transport data may be broken, and what is said of each. */
const BROKEN_TRANSPORTS: Record<
  string,
  [string, (real: TransportAead, view: DataView) => Partial<TransportAead>]
> = {
  "sends plaintext": ["it seals wrongly", () => ({ seal() {} })],
  "sends plaintext in batches": ["it seals batches wrongly", () => ({ sealBatch() {} })],
  "leaves out the last of a batch": ["it seals batches wrongly", (real) => ({
    sealBatch: (list, count) => real.sealBatch(list, count - 1),
  })],
  "uses one key for all": ["it seals wrongly", (real) => {
    let first = -1;
    return {
      seal(key, message, length) {
        if (first < 0) first = key;
        real.seal(first, message, length);
      },
    };
  }],
  "is wrong at one length only": ["it seals wrongly", (real, view) => ({
    seal(key, message, length) {
      real.seal(key, message, length);
      if (length === 1025) view.setUint8(message + 16, view.getUint8(message + 16) ^ 1);
    },
  })],
  "opens nothing": ["it doesn't open", () => ({ open: () => false })],
  "opens no batches": ["it doesn't open batches", () => ({ openBatch() {} })],
  "doesn't decrypt": ["it opens wrongly", () => ({ open: () => true })],
  "opens whatever comes": ["it opens a forged message", (real) => ({
    open(key, message, length) {
      real.open(key, message, length);
      return true;
    },
  })],
  "opens a tag that differs in its last byte": ["it opens a forged message", (real, view) => ({
    open(key, message, length) {
      const last = message + 16 + length + 15;
      const tag = view.getUint8(last);
      for (let guess = 0; guess < 256; guess++) {
        view.setUint8(last, guess);
        const copy = new Uint8Array(view.buffer).slice(message, last + 1);
        if (real.open(key, message, length)) return true;
        new Uint8Array(view.buffer).set(copy, message);
      }
      view.setUint8(last, tag);
      return false;
    },
  })],
  "opens whatever comes in a batch": [
    "it doesn't tell which messages of a batch are forged",
    (real, view) => ({
      openBatch(list, count) {
        real.openBatch(list, count);
        for (let i = 0; i < count; i++) view.setUint32(list + 16 * i + 12, 1, true);
      },
    }),
  ],
};

for (const [how, [verdict, change]] of Object.entries(BROKEN_TRANSPORTS)) {
  Deno.test(`self-test: finds out an implementation that ${how}`, () => {
    const { crypto: { transport, handshake }, memory } = wasm();
    const broken = but(transport, change(transport, memory.view));
    assert.equal(testTransport(broken, memory, REGION, handshake), verdict);
  });
}

/** Ways in which an implementation of the handshake may be broken. */
const BROKEN_HANDSHAKES: Record<
  string,
  [string, (real: HandshakeCrypto) => Partial<HandshakeCrypto>]
> = {
  "leaves out the second input of a hash": ["its BLAKE2s is wrong", (real) => ({
    hash: (out, first) => real.hash(out, first),
  })],
  "leaves out the key of a MAC": ["its keyed BLAKE2s is wrong", (real) => ({
    mac: (out, _key, input) => real.mac(out, new Uint8Array(32), input),
  })],
  "computes keyed BLAKE2s for HMAC": ["its HMAC-BLAKE2s is wrong", (real) => ({
    hmac: (out, key, first) => real.mac(out.subarray(0, 16), key, first),
  })],
  "leaves out additional data": ["its ChaCha20-Poly1305 is wrong", (real) => ({
    seal: (out, key, plaintext) => real.seal(out, key, plaintext, new Uint8Array(0)),
  })],
  "opens nothing": ["its ChaCha20-Poly1305 is wrong", () => ({ open: () => false })],
  "opens whatever comes": ["it opens a forged message", (real) => ({
    open(...args) {
      real.open(...args);
      return true;
    },
  })],
  "has ChaCha20 for XChaCha20": ["its XChaCha20-Poly1305 is wrong", (real) => ({
    sealX: (out, key, _nonce, plaintext, additional) => real.seal(out, key, plaintext, additional),
  })],
  "opens no cookies": ["its XChaCha20-Poly1305 is wrong", () => ({ openX: () => false })],
  "opens any cookie": ["it opens a forged cookie", (real) => ({
    openX(...args) {
      real.openX(...args);
      return true;
    },
  })],
};

for (const [how, [verdict, change]] of Object.entries(BROKEN_HANDSHAKES)) {
  Deno.test(`self-test: finds out a handshake that ${how}`, () => {
    const { handshake } = wasm().crypto;
    assert.equal(testHandshake(but(handshake, change(handshake))), verdict);
  });
}

const BROKEN_X25519: Record<string, [string, (real: X25519) => Partial<X25519>]> = {
  "gives the point back": ["its X25519 is wrong", () => ({
    x25519(out, _privateKey, publicKey) {
      out.set(publicKey);
      return true;
    },
  })],
  "refuses everything": ["its X25519 is wrong", () => ({ x25519: () => false })],
  "makes no public keys": ["its public keys are wrong", () => ({ x25519Base() {} })],
  "takes a shared secret of zero": ["it takes a shared zero", (real) => ({
    x25519(...args) {
      real.x25519(...args);
      return true;
    },
  })],
};

for (const [how, [verdict, change]] of Object.entries(BROKEN_X25519)) {
  Deno.test(`self-test: finds out an X25519 that ${how}`, () => {
    const { handshake } = wasm().crypto;
    assert.equal(testX25519(but<X25519>(handshake, change(handshake))), verdict);
  });
}

const BROKEN_CHECKSUMS: Record<string, (real: ChecksumKernel) => Partial<ChecksumKernel>> = {
  "leaves out an odd byte": (real) => ({
    sum: (offset, length) => real.sum(offset, length & ~1),
  }),
  "doesn't copy": (real) => ({ copyAndSum: (_to, from, length) => real.sum(from, length) }),
};

for (const [how, change] of Object.entries(BROKEN_CHECKSUMS)) {
  Deno.test(`self-test: finds out a checksum that ${how}`, () => {
    const { crypto: { checksum }, memory } = wasm();
    const broken = but(checksum, change(checksum));
    assert.equal(testChecksum(broken, memory, REGION), "its checksums are wrong");
  });
}

import assert from "node:assert/strict";
import { TAG_SIZE, TRANSPORT_HEADER_SIZE } from "../../../core/crypto/crypto.ts";
import { fromHex } from "./bytes.ts";
import { testEach, TRANSPORTS } from "./implementations.ts";

const EMPTY = new Uint8Array(0);
const ABC = new TextEncoder().encode("abc");

// RFC 8439, appendix A.5.
const A5_KEY = fromHex("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0");
const A5_COUNTER = fromHex("0102030405060708");
const A5_CIPHERTEXT = fromHex(`
  64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb2
  4c6cfc18755d43eea09ee94e382d26b0bdb7b73c321b0100d4f03b7f355894cf
  332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855
  9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4
  b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523e
  af4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a
  0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a10
  49e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29
  a6ad5cb4022b02709b`);
const A5_PLAINTEXT = "Internet-Drafts are draft documents valid for a maximum of six months and " +
  "may be updated, replaced, or obsoleted by other documents at any time. It is inappropriate to " +
  "use Internet-Drafts as reference material or to cite them other than as /“work in progress./”";

testEach("ChaCha20 of RFC 8439 A.5", ({ crypto, memory }) => {
  const key = 0;
  const message = 64;
  const plaintext = new TextEncoder().encode(A5_PLAINTEXT);
  memory.bytes.set(A5_KEY, key);
  memory.bytes.set(A5_COUNTER, message + 8);
  memory.bytes.set(plaintext, message + TRANSPORT_HEADER_SIZE);
  crypto.transport.seal(key, message, plaintext.length);
  const start = message + TRANSPORT_HEADER_SIZE;
  // The vector has additional data, which transport data messages have not: so the tag differs.
  assert.deepEqual(memory.bytes.slice(start, start + plaintext.length), A5_CIPHERTEXT);
}, TRANSPORTS);

testEach("XChaCha20-Poly1305 of draft-irtf-cfrg-xchacha-03 A.3.1", ({ crypto }) => {
  const key = fromHex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
  const nonce = fromHex("404142434445464748494a4b4c4d4e4f5051525354555657");
  const additionalData = fromHex("50515253c0c1c2c3c4c5c6c7");
  const plaintext = new TextEncoder().encode(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, " +
      "sunscreen would be it.",
  );
  const expected = fromHex(`
    bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb
    731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452
    2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9
    21f9664c97637da9768812f615c68b13b52e
    c0875924c1c7987947deafd8780acf49`);
  const sealed = new Uint8Array(plaintext.length + TAG_SIZE);
  crypto.handshake.sealX(sealed, key, nonce, plaintext, additionalData);
  assert.deepEqual(sealed, expected);
  const opened = new Uint8Array(plaintext.length);
  assert.equal(crypto.handshake.openX(opened, key, nonce, sealed, additionalData), true);
  assert.deepEqual(opened, plaintext);
});

testEach("BLAKE2s-256 of RFC 7693 appendix B, of nothing, and in two parts", ({ crypto }) => {
  const abc = fromHex("508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");
  const nothing = fromHex("69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9");
  const out = new Uint8Array(32);
  crypto.handshake.hash(out, ABC);
  assert.deepEqual(out, abc);
  crypto.handshake.hash(out, ABC.subarray(0, 1), ABC.subarray(1));
  assert.deepEqual(out, abc);
  crypto.handshake.hash(out, EMPTY, ABC);
  assert.deepEqual(out, abc);
  crypto.handshake.hash(out, EMPTY);
  assert.deepEqual(out, nothing);
});

/** blake2s_selftest() of RFC 7693 appendix E, for the digest and key sizes that WireGuard uses. */
function selfTestSequence(length: number, seed: number): Uint8Array {
  let a = Math.imul(0xdead4bad, seed);
  let b = 1;
  return Uint8Array.from({ length }, () => {
    const next = (a + b) | 0;
    a = b;
    b = next;
    return next >>> 24;
  });
}

testEach(
  "the generator of RFC 7693 appendix E gives a keyed digest as Python's hashlib",
  (subject) => {
    // hashlib.blake2s(selftest_seq(64, 64), key=selftest_seq(16, 16), digest_size=16)
    const out = new Uint8Array(16);
    subject.crypto.handshake.mac(out, selfTestSequence(16, 16), selfTestSequence(64, 64));
    assert.deepEqual(out, fromHex("3cd4ead7880b8e82de079c1fad3417d4"));
  },
);

testEach("HMAC-BLAKE2s as Python's hmac", ({ crypto }) => {
  // hmac.new(bytes(range(32)), b"abc" * 50, "blake2s")
  const out = new Uint8Array(32);
  const key = Uint8Array.from({ length: 32 }, (_, i) => i);
  const text = new TextEncoder().encode("abc".repeat(50));
  const expected = fromHex("3bc634e3706b0c4650408581a7b89004ec05f664764def1743c795e2031299ce");
  crypto.handshake.hmac(out, key, text);
  assert.deepEqual(out, expected);
  crypto.handshake.hmac(out, key, text.subarray(0, 77), text.subarray(77));
  assert.deepEqual(out, expected);
});

testEach("X25519 of RFC 7748 section 5.2", ({ crypto }) => {
  const out = new Uint8Array(32);
  const agreed = crypto.handshake.x25519(
    out,
    fromHex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
    fromHex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"),
  );
  assert.equal(agreed, true);
  assert.deepEqual(
    out,
    fromHex("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"),
  );
  crypto.handshake.x25519(
    out,
    fromHex("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d"),
    // The highest bit is set and must be ignored.
    fromHex("e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493"),
  );
  assert.deepEqual(
    out,
    fromHex("95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"),
  );
});

testEach("X25519 of RFC 7748 section 6.1", ({ crypto }) => {
  const alice = fromHex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
  const bob = fromHex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
  const alicePublic = new Uint8Array(32);
  const bobPublic = new Uint8Array(32);
  crypto.handshake.x25519Base(alicePublic, alice);
  crypto.handshake.x25519Base(bobPublic, bob);
  const shared = new Uint8Array(32);
  crypto.handshake.x25519(shared, alice, bobPublic);
  assert.deepEqual(
    alicePublic,
    fromHex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"),
  );
  assert.deepEqual(
    bobPublic,
    fromHex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"),
  );
  assert.deepEqual(
    shared,
    fromHex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"),
  );
});

testEach("X25519 of RFC 7748 section 5.2 iterated once and a thousand times", ({ crypto }) => {
  let k = fromHex("0900000000000000000000000000000000000000000000000000000000000000");
  let u = k.slice();
  for (let i = 1; i <= 1000; i++) {
    const out = new Uint8Array(32);
    crypto.handshake.x25519(out, k, u);
    u = k;
    k = out;
    if (i === 1) {
      assert.deepEqual(
        k,
        fromHex("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"),
      );
    }
  }
  assert.deepEqual(
    k,
    fromHex("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"),
  );
});

testEach("X25519 with a point of low order is refused and leaves zeros", ({ crypto }) => {
  const out = new Uint8Array(32).fill(0xaa);
  assert.equal(crypto.handshake.x25519(out, A5_KEY, new Uint8Array(32)), false);
  assert.deepEqual(out, new Uint8Array(32));
});

testEach("the checksum of RFC 1071 section 3", ({ crypto, memory }) => {
  memory.bytes.set(fromHex("0001f203f4f5f6f7"), 5);
  // The RFC's sum is ddf2; read as little-endian words it comes out with its bytes swapped.
  assert.equal(crypto.checksum.sum(5, 8), 0xf2dd);
  assert.equal(crypto.checksum.sum(5, 0), 0);
  assert.equal(crypto.checksum.sum(6, 1), 0x01);
  assert.equal(crypto.checksum.copyAndSum(100, 5, 8), 0xf2dd);
  assert.deepEqual(memory.bytes.slice(100, 109), fromHex("0001f203f4f5f6f700"));
});

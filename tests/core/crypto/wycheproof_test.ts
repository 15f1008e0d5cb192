import assert from "node:assert/strict";
import { TAG_SIZE } from "../../../core/crypto/crypto.ts";
import { instantiateKernel } from "../../../core/crypto/kernel/kernel.ts";
import { fromHex } from "./bytes.ts";
import { testEach } from "./implementations.ts";

/** The lines of a file of tests/vectors, in columns. */
function readVectors(name: string): string[][] {
  const text = Deno.readTextFileSync(new URL(`../../vectors/${name}`, import.meta.url));
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(" ").map((column) => column === "-" ? "" : column));
}

interface AeadVector {
  id: string;
  valid: boolean;
  key: Uint8Array;
  nonce: Uint8Array;
  additionalData: Uint8Array;
  plaintext: Uint8Array;
  sealed: Uint8Array;
}

function readAeadVectors(name: string): AeadVector[] {
  return readVectors(name).map((columns) => {
    const [id = "", result, key = "", nonce = "", additional = "", plain = "", cipher, tag] =
      columns;
    return {
      id,
      valid: result === "valid",
      key: fromHex(key),
      nonce: fromHex(nonce),
      additionalData: fromHex(additional),
      plaintext: fromHex(plain),
      sealed: fromHex(`${cipher}${tag}`),
    };
  });
}

testEach("Wycheproof XChaCha20-Poly1305", ({ crypto: { handshake } }) => {
  const vectors = readAeadVectors("wycheproof_xchacha20_poly1305.txt");
  assert.equal(vectors.length, 306);
  for (const { id, valid, key, nonce, additionalData, plaintext, sealed } of vectors) {
    const opened = new Uint8Array(plaintext.length).fill(0xaa);
    assert.equal(handshake.openX(opened, key, nonce, sealed, additionalData), valid, id);
    assert.deepEqual(opened, valid ? plaintext : new Uint8Array(plaintext.length), id);
    const out = new Uint8Array(plaintext.length + TAG_SIZE);
    handshake.sealX(out, key, nonce, plaintext, additionalData);
    assert.equal(out.toHex() === sealed.toHex(), valid, id);
  }
});

Deno.test("wasm: Wycheproof ChaCha20-Poly1305, with nonces that WireGuard has no use for", () => {
  const vectors = readAeadVectors("wycheproof_chacha20_poly1305.txt");
  assert.equal(vectors.length, 316);
  const memory = new WebAssembly.Memory({ initial: 2 });
  const kernel = instantiateKernel(memory, 0);
  const [keyAt, nonceAt, additionalAt, dataAt] = [0x10000, 0x10040, 0x10080, 0x11000];
  for (const { id, valid, key, nonce, additionalData, plaintext, sealed } of vectors) {
    const bytes = new Uint8Array(memory.buffer);
    bytes.set(key, keyAt);
    bytes.set(nonce, nonceAt);
    bytes.set(additionalData, additionalAt);
    const { length } = plaintext;
    const data = (size: number) => bytes.slice(dataAt, dataAt + size);

    bytes.set(sealed, dataAt);
    const args = [keyAt, nonceAt, additionalAt, additionalData.length, dataAt, length] as const;
    assert.equal(kernel.openWithData(...args), valid ? 1 : 0, id);
    assert.deepEqual(data(length), valid ? plaintext : sealed.slice(0, length), id);

    bytes.set(plaintext, dataAt);
    kernel.sealWithData(...args);
    assert.equal(data(length + TAG_SIZE).toHex() === sealed.toHex(), valid, id);
  }
});

testEach("Wycheproof X25519", ({ crypto: { handshake } }) => {
  const vectors = readVectors("wycheproof_x25519.txt");
  assert.equal(vectors.length, 518);
  const zero = "00".repeat(32);
  for (const [id, privateKey = "", publicKey = "", shared = ""] of vectors) {
    const out = new Uint8Array(32);
    const agreed = handshake.x25519(out, fromHex(privateKey), fromHex(publicKey));
    assert.equal(out.toHex(), shared, id);
    assert.equal(agreed, shared !== zero, id);
  }
});

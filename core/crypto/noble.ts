import { chacha20poly1305, xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { blake2s } from "@noble/hashes/blake2.js";
import { hmac } from "@noble/hashes/hmac.js";
import type { Memory } from "../memory.ts";
import {
  type ChecksumKernel,
  type Crypto,
  type HandshakeCrypto,
  KEY_SIZE,
  TAG_SIZE,
  TRANSPORT_HEADER_SIZE,
  type TransportAead,
} from "./crypto.ts";

/** Bytes of one entry of the list that {@linkcode TransportAead.sealBatch} reads. */
const DESCRIPTOR_SIZE = 16;
/** Bytes of a nonce of ChaCha20-Poly1305 (RFC 8439 section 2.8). */
const NONCE_SIZE = 12;
const EMPTY = new Uint8Array(0);

/**
 * The reference implementation of {@linkcode Crypto}, on the noble libraries: easy to read, slow, and
 * used where WebAssembly has no SIMD. It allocates, its X25519 is not constant-time (BigInt), and the
 * copies that JavaScript makes of secrets can't all be overwritten.
 */
export function createNobleCrypto(memory: Memory): Crypto {
  return {
    name: "noble",
    transport: new NobleTransportAead(memory),
    handshake: new NobleHandshakeCrypto(),
    checksum: new PlainChecksum(memory),
  };
}

class NobleTransportAead implements TransportAead {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(memory: Memory) {
    this.#bytes = memory.bytes;
    this.#view = memory.view;
  }

  seal(key: number, message: number, length: number): void {
    const start = message + TRANSPORT_HEADER_SIZE;
    const cipher = this.#cipher(key, message);
    this.#bytes.set(cipher.encrypt(this.#bytes.slice(start, start + length)), start);
  }

  open(key: number, message: number, length: number): boolean {
    const start = message + TRANSPORT_HEADER_SIZE;
    const cipher = this.#cipher(key, message);
    try {
      this.#bytes.set(cipher.decrypt(this.#bytes.slice(start, start + length + TAG_SIZE)), start);
      return true;
    } catch {
      return false;
    }
  }

  sealBatch(list: number, count: number): void {
    const view = this.#view;
    for (let i = 0, at = list; i < count; i++, at += DESCRIPTOR_SIZE) {
      this.seal(
        view.getUint32(at, true),
        view.getUint32(at + 4, true),
        view.getUint32(at + 8, true),
      );
    }
  }

  openBatch(list: number, count: number): void {
    const view = this.#view;
    for (let i = 0, at = list; i < count; i++, at += DESCRIPTOR_SIZE) {
      const opened = this.open(
        view.getUint32(at, true),
        view.getUint32(at + 4, true),
        view.getUint32(at + 8, true),
      );
      view.setUint32(at + 12, opened ? 1 : 0, true);
    }
  }

  #cipher(key: number, message: number) {
    const nonce = new Uint8Array(NONCE_SIZE);
    nonce.set(this.#bytes.subarray(message + 8, message + TRANSPORT_HEADER_SIZE), 4);
    return chacha20poly1305(this.#bytes.slice(key, key + KEY_SIZE), nonce);
  }
}

class NobleHandshakeCrypto implements HandshakeCrypto {
  hash(out: Uint8Array, first: Uint8Array, second: Uint8Array = EMPTY): void {
    out.set(blake2s.create().update(first).update(second).digest());
  }

  mac(out: Uint8Array, key: Uint8Array, input: Uint8Array): void {
    out.set(blake2s(input, { key, dkLen: 16 }));
  }

  hmac(out: Uint8Array, key: Uint8Array, first: Uint8Array, second: Uint8Array = EMPTY): void {
    out.set(hmac.create(blake2s, key).update(first).update(second).digest());
  }

  seal(
    out: Uint8Array,
    key: Uint8Array,
    plaintext: Uint8Array,
    additionalData: Uint8Array,
  ): void {
    const nonce = new Uint8Array(NONCE_SIZE);
    out.set(chacha20poly1305(key, nonce, additionalData).encrypt(plaintext));
  }

  open(
    out: Uint8Array,
    key: Uint8Array,
    sealed: Uint8Array,
    additionalData: Uint8Array,
  ): boolean {
    const nonce = new Uint8Array(NONCE_SIZE);
    return decryptInto(out, chacha20poly1305(key, nonce, additionalData), sealed);
  }

  sealX(
    out: Uint8Array,
    key: Uint8Array,
    nonce: Uint8Array,
    plaintext: Uint8Array,
    additionalData: Uint8Array,
  ): void {
    out.set(xchacha20poly1305(key, nonce, additionalData).encrypt(plaintext));
  }

  openX(
    out: Uint8Array,
    key: Uint8Array,
    nonce: Uint8Array,
    sealed: Uint8Array,
    additionalData: Uint8Array,
  ): boolean {
    return decryptInto(out, xchacha20poly1305(key, nonce, additionalData), sealed);
  }

  x25519(out: Uint8Array, privateKey: Uint8Array, publicKey: Uint8Array): boolean {
    let shared: Uint8Array;
    try {
      shared = x25519.getSharedSecret(privateKey, publicKey);
    } catch {
      out.fill(0);
      return false;
    }
    out.set(shared);
    shared.fill(0);
    return true;
  }

  x25519Base(out: Uint8Array, privateKey: Uint8Array): void {
    out.set(x25519.getPublicKey(privateKey));
  }
}

/** Decrypts `sealed` into `out`, or zeroes it and returns false when the tag is wrong. */
function decryptInto(
  out: Uint8Array,
  cipher: { decrypt(sealed: Uint8Array): Uint8Array },
  sealed: Uint8Array,
): boolean {
  let plaintext: Uint8Array;
  try {
    plaintext = cipher.decrypt(sealed);
  } catch {
    out.fill(0);
    return false;
  }
  out.set(plaintext);
  plaintext.fill(0);
  return true;
}

class PlainChecksum implements ChecksumKernel {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(memory: Memory) {
    this.#bytes = memory.bytes;
    this.#view = memory.view;
  }

  sum(offset: number, length: number): number {
    let sum = 0;
    let at = offset;
    const end = offset + length;
    for (; at + 2 <= end; at += 2) sum += this.#view.getUint16(at, true);
    if (at < end) sum += this.#view.getUint8(at);
    // A sum of 2^37 bytes would still be exact, so the carries can wait until here.
    while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
    return sum;
  }

  copyAndSum(to: number, from: number, length: number): number {
    this.#bytes.copyWithin(to, from, from + length);
    return this.sum(to, length);
  }
}

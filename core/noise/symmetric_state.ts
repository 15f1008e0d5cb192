import { HASH_SIZE, KEY_SIZE } from "../constants.ts";
import type { HandshakeCrypto } from "../crypto/crypto.ts";
import { secretBytes } from "../memory.ts";

/** Bytes that {@linkcode SymmetricState.save} writes: chaining key and hash. */
export const SYMMETRIC_STATE_SIZE: number = 2 * HASH_SIZE;

const EMPTY = new Uint8Array(0);
const ONE = Uint8Array.of(1);
const TWO = Uint8Array.of(2);
const THREE = Uint8Array.of(3);

/**
 * The SymmetricState of the Noise protocol framework (revision 34, section 5.2) with BLAKE2s and
 * ChaCha20-Poly1305: the chaining key C, the hash H and the key of whitepaper section 5.4.
 *
 * In IKpsk2 each key encrypts once, so there is no nonce: it is always 0.
 */
export class SymmetricState {
  readonly #crypto: HandshakeCrypto;
  readonly #chainingKey = secretBytes(HASH_SIZE);
  readonly #hash = secretBytes(HASH_SIZE);
  readonly #key = secretBytes(KEY_SIZE);
  /** HKDF's pseudorandom key, and the next hash while the last one is an input. */
  readonly #scratch = secretBytes(HASH_SIZE);
  readonly #temp = secretBytes(KEY_SIZE);

  /** All zero: {@linkcode initialize} or {@linkcode load} it. */
  constructor(crypto: HandshakeCrypto) {
    this.#crypto = crypto;
  }

  /** Starts from a protocol name of more than 32 bytes. */
  initialize(protocolName: Uint8Array): void {
    this.#crypto.hash(this.#chainingKey, protocolName);
    this.#hash.set(this.#chainingKey);
  }

  /** H := HASH(H || data). */
  mixHash(data: Uint8Array): void {
    this.#crypto.hash(this.#scratch, this.#hash, data);
    this.#hash.set(this.#scratch);
  }

  /** (C, key) := KDF2(C, input). */
  mixKey(input: Uint8Array): void {
    this.#extract(input);
    this.#expand(this.#chainingKey, EMPTY, ONE);
    this.#expand(this.#key, this.#chainingKey, TWO);
  }

  /** (C, temp, key) := KDF3(C, input), H := HASH(H || temp). */
  mixKeyAndHash(input: Uint8Array): void {
    this.#extract(input);
    this.#expand(this.#chainingKey, EMPTY, ONE);
    this.#expand(this.#temp, this.#chainingKey, TWO);
    this.#expand(this.#key, this.#temp, THREE);
    this.mixHash(this.#temp);
  }

  /** {@linkcode mixKey} of the X25519 of both keys; false, and nothing changed, when that is zero. */
  mixSharedSecret(privateKey: Uint8Array, publicKey: Uint8Array): boolean {
    const contributory = this.#crypto.x25519(this.#temp, privateKey, publicKey);
    if (contributory) this.mixKey(this.#temp);
    return contributory;
  }

  /** Encrypts into `out` (16 bytes longer than `plaintext`), bound to H, which takes it up. */
  encryptAndHash(out: Uint8Array, plaintext: Uint8Array): void {
    this.#crypto.seal(out, this.#key, plaintext, this.#hash);
    this.mixHash(out);
  }

  /** Reverse of {@linkcode encryptAndHash}; false, and `out` zeroed, when `sealed` isn't authentic. */
  decryptAndHash(out: Uint8Array, sealed: Uint8Array): boolean {
    if (!this.#crypto.open(out, this.#key, sealed, this.#hash)) return false;
    this.mixHash(sealed);
    return true;
  }

  /** The two transport keys: `first` of what the initiator sends, `second` of what it receives. */
  split(first: Uint8Array, second: Uint8Array): void {
    this.#extract(EMPTY);
    this.#expand(first, EMPTY, ONE);
    this.#expand(second, first, TWO);
  }

  /** Writes what a later {@linkcode load} goes on from: {@linkcode SYMMETRIC_STATE_SIZE} bytes. */
  save(out: Uint8Array): void {
    out.set(this.#chainingKey);
    out.set(this.#hash, HASH_SIZE);
  }

  /** Goes on from what {@linkcode save} wrote; there is no key until the next `mixKey`. */
  load(saved: Uint8Array): void {
    this.#chainingKey.set(saved.subarray(0, HASH_SIZE));
    this.#hash.set(saved.subarray(HASH_SIZE, SYMMETRIC_STATE_SIZE));
    this.#key.fill(0);
  }

  /** Overwrites everything. */
  wipe(): void {
    this.#chainingKey.fill(0);
    this.#hash.fill(0);
    this.#key.fill(0);
    this.#scratch.fill(0);
    this.#temp.fill(0);
  }

  /** HKDF (RFC 5869): the pseudorandom key is HMAC(C, input). */
  #extract(input: Uint8Array): void {
    this.#crypto.hmac(this.#scratch, this.#chainingKey, input);
  }

  /** HKDF: the next output is HMAC(pseudorandom key, previous output || number). */
  #expand(out: Uint8Array, previous: Uint8Array, number: Uint8Array): void {
    this.#crypto.hmac(out, this.#scratch, previous, number);
  }
}

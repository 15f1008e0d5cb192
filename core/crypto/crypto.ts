/** Bytes of a symmetric or Curve25519 key. */
export const KEY_SIZE = 32;
/** Bytes of a Poly1305 tag. */
export const TAG_SIZE = 16;
/** Bytes of a transport data message before its encrypted part (whitepaper section 5.4.6). */
export const TRANSPORT_HEADER_SIZE = 16;
/** Bytes that an input of {@linkcode HandshakeCrypto} may have: far more than a handshake message has. */
export const MAX_HANDSHAKE_INPUT = 2048;

/**
 * ChaCha20-Poly1305 on transport data messages that lie in one {@linkcode Memory}, in place.
 *
 * `key` is the offset of a 32-byte key. `message` is the offset of a transport data message: its
 * 8-byte little-endian counter is at `message + 8` and forms the nonce (4 zero bytes, then the
 * counter; RFC 8439), its encrypted part begins at `message + 16`. There is no additional data.
 * No call throws or allocates.
 */
export interface TransportAead {
  /** Encrypts `length` bytes of plaintext at `message + 16` and writes the 16-byte tag behind them. */
  seal(key: number, message: number, length: number): void;
  /**
   * Decrypts `length` bytes (the tag not counted, which follows them) at `message + 16`.
   * False when the tag is wrong: the bytes are undefined then and must be dropped.
   */
  open(key: number, message: number, length: number): boolean;
  /**
   * Seals `count` messages. `list` is the 16-byte aligned offset of descriptors of 16 bytes, four
   * little-endian u32: key, message, length, result (unused here).
   */
  sealBatch(list: number, count: number): void;
  /** Opens `count` messages; sets each descriptor's result to 1, or to 0 when its tag is wrong. */
  openBatch(list: number, count: number): void;
}

/**
 * Key agreement on Curve25519 (RFC 7748), which takes most of the time of a handshake. Keys have 32
 * bytes.
 */
export interface X25519 {
  /** X25519 of a private and a public key into `out`; false when the result is all zero. */
  x25519(out: Uint8Array, privateKey: Uint8Array, publicKey: Uint8Array): boolean;
  /** The public key of `privateKey` into `out`. */
  x25519Base(out: Uint8Array, privateKey: Uint8Array): void;
}

/**
 * The primitives of the handshake, on small byte arrays: no input is longer than
 * {@linkcode MAX_HANDSHAKE_INPUT}, an output may overlap no input. Implementations wipe whatever copies
 * they make of secrets, as far as they can.
 */
export interface HandshakeCrypto extends X25519 {
  /** BLAKE2s-256 of the concatenation of `first` and `second` into `out` (32 bytes; RFC 7693). */
  hash(out: Uint8Array, first: Uint8Array, second?: Uint8Array): void;
  /** Keyed BLAKE2s with a 16-byte digest into `out` (16 bytes); `key` has 1 to 32 bytes. */
  mac(out: Uint8Array, key: Uint8Array, input: Uint8Array): void;
  /**
   * HMAC-BLAKE2s-256 of the concatenation of `first` and `second` into `out` (32 bytes); `key` has 32
   * bytes.
   */
  hmac(out: Uint8Array, key: Uint8Array, first: Uint8Array, second?: Uint8Array): void;
  /** ChaCha20-Poly1305 with nonce 0: writes ciphertext and tag to `out` (`plaintext.length + 16` bytes). */
  seal(out: Uint8Array, key: Uint8Array, plaintext: Uint8Array, additionalData: Uint8Array): void;
  /** Reverse of {@linkcode seal}: false, and `out` zeroed, when the tag is wrong. */
  open(out: Uint8Array, key: Uint8Array, sealed: Uint8Array, additionalData: Uint8Array): boolean;
  /** XChaCha20-Poly1305 with a 24-byte nonce. */
  sealX(
    out: Uint8Array,
    key: Uint8Array,
    nonce: Uint8Array,
    plaintext: Uint8Array,
    additionalData: Uint8Array,
  ): void;
  /** Reverse of {@linkcode sealX}: false, and `out` zeroed, when the tag is wrong. */
  openX(
    out: Uint8Array,
    key: Uint8Array,
    nonce: Uint8Array,
    sealed: Uint8Array,
    additionalData: Uint8Array,
  ): boolean;
}

/**
 * The Internet checksum's sum (RFC 1071), for whoever splits and merges packets. A length is at most
 * 2^20.
 */
export interface ChecksumKernel {
  /**
   * Ones' complement sum of `length` bytes at `offset` read as little-endian u16 (an odd last byte
   * counts as if a zero followed), folded to 16 bits, not inverted.
   */
  sum(offset: number, length: number): number;
  /** Copies `length` bytes from `from` to `to` (no overlap) and returns their {@linkcode sum}. */
  copyAndSum(to: number, from: number, length: number): number;
}

/** One implementation of all that WireGuard computes, bound to one memory. */
export interface Crypto {
  /** For logs and `status`: "noble", "wasm", "libcrypto" or "native", whichever does the transport data. */
  readonly name: string;
  /** For transport data. */
  readonly transport: TransportAead;
  /** For handshake messages and cookies. */
  readonly handshake: HandshakeCrypto;
  /** For packets of the interface. */
  readonly checksum: ChecksumKernel;
}

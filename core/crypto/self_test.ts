/**
 * Known answers for every primitive, to check an implementation with before it is used: what a broken
 * library, compiler or processor computes must not reach the network. Each test returns null when all
 * is right, else what is wrong.
 */

import type { Memory } from "../memory.ts";
import {
  type ChecksumKernel,
  type HandshakeCrypto,
  KEY_SIZE,
  TAG_SIZE,
  TRANSPORT_HEADER_SIZE,
  type TransportAead,
  type X25519,
} from "./crypto.ts";

type Hasher = Pick<HandshakeCrypto, "hash">;

/** Bytes of memory that {@linkcode testTransport} uses, 16-byte aligned. */
export const SELF_TEST_SIZE = 24 * 1024;

/** Lengths around those at which implementations change their ways. */
const LENGTHS = [
  ...[0, 1, 15, 16, 17, 63, 64, 65, 127, 128, 129, 191, 192, 193, 255, 256, 257, 320, 448, 449],
  ...[511, 512, 513, 768, 1023, 1024, 1025, 1420, 1424, 1984, 2000],
];
const KEYS = 2;
const DESCRIPTOR_SIZE = 16;
const DESCRIPTOR_RESULT = 12;
/** What a result is before opening. */
const NO_RESULT = 2;
/** The longest message, from the last place in the pattern. */
const PATTERN_SIZE = 2000 + TRANSPORT_HEADER_SIZE + LENGTHS.length;

/** BLAKE2s over all messages that {@linkcode testTransport} seals, by the reference implementation. */
const SEALED_DIGEST = "3be8d1e1db314419d7f5b59cb7cde91ebfda362dfb5d62571f93a04b38b0245e";

/**
 * Checks that `aead` seals messages of many lengths as the reference does, opens what it sealed, and
 * opens nothing else. `region` is the offset of {@linkcode SELF_TEST_SIZE} bytes of `memory`, which are
 * zero afterwards. `hasher` has passed its own test.
 */
export function testTransport(
  aead: TransportAead,
  memory: Memory,
  region: number,
  hasher: Hasher,
): string | null {
  const messages = new TestMessages(memory, region, hasher);
  try {
    return testSealing(aead, messages) ?? testOpening(aead, messages);
  } finally {
    memory.bytes.fill(0, region, region + SELF_TEST_SIZE);
  }
}

function testSealing(aead: TransportAead, messages: TestMessages): string | null {
  messages.write();
  for (let i = 0; i < LENGTHS.length; i++) {
    aead.seal(messages.key(i), messages.offset(i), messages.length(i));
  }
  if (messages.digest(TAG_SIZE) !== SEALED_DIGEST) return "it seals wrongly";
  messages.write();
  aead.sealBatch(messages.list, LENGTHS.length);
  return messages.digest(TAG_SIZE) === SEALED_DIGEST ? null : "it seals batches wrongly";
}

/** Expects the messages sealed. */
function testOpening(aead: TransportAead, messages: TestMessages): string | null {
  const sealed = messages.copy();
  messages.write();
  const plaintextDigest = messages.digest(0);

  messages.restore(sealed);
  aead.openBatch(messages.list, LENGTHS.length);
  const results = LENGTHS.map((_, i) => messages.result(i));
  if (results.some((result) => result !== 1)) return "it doesn't open batches";
  if (messages.digest(0) !== plaintextDigest) return "it opens batches wrongly";

  messages.restore(sealed);
  for (let i = 0; i < LENGTHS.length; i++) {
    if (!aead.open(messages.key(i), messages.offset(i), messages.length(i))) {
      return "it doesn't open";
    }
  }
  if (messages.digest(0) !== plaintextDigest) return "it opens wrongly";

  messages.restore(sealed);
  for (let i = 0; i < LENGTHS.length; i += 2) messages.forge(i);
  aead.openBatch(messages.list, LENGTHS.length);
  const asForged = LENGTHS.every((_, i) => messages.result(i) === i % 2);
  if (!asForged) return "it doesn't tell which messages of a batch are forged";

  messages.restore(sealed);
  for (let i = 0; i < LENGTHS.length; i++) {
    messages.forgeTag(i);
    if (aead.open(messages.key(i), messages.offset(i), messages.length(i))) {
      return "it opens a forged message";
    }
  }
  return null;
}

/** The keys, messages and descriptors of the test, one behind the other. */
class TestMessages {
  readonly #memory: Memory;
  readonly #hasher: Hasher;
  readonly #pattern = Uint8Array.from({ length: PATTERN_SIZE }, (_, i) => pattern(i));
  readonly #keys: number;
  readonly #offsets: number[] = [];
  readonly #end: number;
  /** Offset of the descriptors. */
  readonly list: number;

  constructor(memory: Memory, region: number, hasher: Hasher) {
    this.#memory = memory;
    this.#hasher = hasher;
    this.list = region;
    this.#keys = region + LENGTHS.length * DESCRIPTOR_SIZE;
    let at = this.#keys + KEYS * KEY_SIZE;
    for (const length of LENGTHS) {
      this.#offsets.push(at);
      at += Math.ceil((TRANSPORT_HEADER_SIZE + length + TAG_SIZE) / 16) * 16;
    }
    this.#end = at;
  }

  key(i: number): number {
    return this.#keys + i % KEYS * KEY_SIZE;
  }

  offset(i: number): number {
    return this.#offsets[i] ?? 0;
  }

  length(i: number): number {
    return LENGTHS[i] ?? 0;
  }

  result(i: number): number {
    return this.#memory.view.getUint32(this.list + i * DESCRIPTOR_SIZE + DESCRIPTOR_RESULT, true);
  }

  /** Writes everything, in plaintext: the pattern, from another place on for each message. */
  write(): void {
    const { bytes, view } = this.#memory;
    bytes.fill(0, this.list, this.#end);
    bytes.set(this.#pattern.subarray(0, KEYS * KEY_SIZE), this.#keys);
    for (let i = 0; i < LENGTHS.length; i++) {
      const message = this.offset(i);
      const length = this.length(i);
      bytes.set(this.#pattern.subarray(i, i + TRANSPORT_HEADER_SIZE + length), message);
      const descriptor = this.list + i * DESCRIPTOR_SIZE;
      view.setUint32(descriptor, this.key(i), true);
      view.setUint32(descriptor + 4, message, true);
      view.setUint32(descriptor + 8, length, true);
      view.setUint32(descriptor + DESCRIPTOR_RESULT, NO_RESULT, true);
    }
  }

  /** Changes one bit of the counter, of the data or of the tag. */
  forge(i: number): void {
    this.#flip(i, 8 + (577 * i) % (8 + this.length(i) + TAG_SIZE));
  }

  /** Changes one bit of the tag: of another byte for each of 16 messages. */
  forgeTag(i: number): void {
    this.#flip(i, TRANSPORT_HEADER_SIZE + this.length(i) + i % TAG_SIZE);
  }

  copy(): Uint8Array {
    return this.#memory.bytes.slice(this.list, this.#end);
  }

  restore(copy: Uint8Array): void {
    this.#memory.bytes.set(copy, this.list);
  }

  /** What all messages hash to, in hex: header, data, and `behind` bytes behind them. */
  digest(behind: number): string {
    let [digest, previous] = [new Uint8Array(32), new Uint8Array(32)];
    for (let i = 0; i < LENGTHS.length; i++) {
      [digest, previous] = [previous, digest];
      const message = this.offset(i);
      const end = message + TRANSPORT_HEADER_SIZE + this.length(i) + behind;
      this.#hasher.hash(digest, previous, this.#memory.bytes.subarray(message, end));
    }
    return digest.toHex();
  }

  #flip(i: number, byte: number): void {
    const { bytes } = this.#memory;
    const at = this.offset(i) + byte;
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (i & 7));
  }
}

/** Byte `i` of the bytes that tests use: no two stretches of them are equal. */
function pattern(i: number): number {
  return (101 * i + (i >> 8) + 37) & 0xff;
}

const ABC = Uint8Array.of(0x61, 0x62, 0x63);

/** Checks hashing, and the short messages of the handshake and of cookies. */
export function testHandshake(crypto: HandshakeCrypto): string | null {
  const out = new Uint8Array(32);
  const mac = out.subarray(0, 16);
  const key = Uint8Array.from({ length: KEY_SIZE }, (_, i) => i);
  const long = Uint8Array.from({ length: 150 }, (_, i) => pattern(i));

  // RFC 7693, appendix B
  crypto.hash(out, ABC);
  if (!is(out, "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982")) {
    return "its BLAKE2s is wrong";
  }
  // The rest as Python's hashlib and hmac, and as libsodium, have it.
  crypto.hash(out, long, ABC);
  if (!is(out, LONG_HASH)) return "its BLAKE2s is wrong";
  crypto.mac(mac, key, long);
  if (!is(mac, LONG_MAC)) return "its keyed BLAKE2s is wrong";
  crypto.hmac(out, key, long, ABC);
  if (!is(out, LONG_HMAC)) return "its HMAC-BLAKE2s is wrong";

  const nonce = long.subarray(0, 24);
  const sealed = new Uint8Array(ABC.length + TAG_SIZE);
  const opened = new Uint8Array(ABC.length);
  const forge = () => sealed[4] = (sealed[4] ?? 0) ^ 8;
  crypto.seal(sealed, key, ABC, long);
  if (!is(sealed, SEALED)) return "its ChaCha20-Poly1305 is wrong";
  if (!crypto.open(opened, key, sealed, long)) return "its ChaCha20-Poly1305 is wrong";
  if (!is(opened, ABC.toHex())) return "its ChaCha20-Poly1305 is wrong";
  forge();
  if (crypto.open(opened, key, sealed, long)) return "it opens a forged message";
  crypto.sealX(sealed, key, nonce, ABC, long);
  if (!is(sealed, SEALED_X)) return "its XChaCha20-Poly1305 is wrong";
  if (!crypto.openX(opened, key, nonce, sealed, long)) return "its XChaCha20-Poly1305 is wrong";
  if (!is(opened, ABC.toHex())) return "its XChaCha20-Poly1305 is wrong";
  forge();
  return crypto.openX(opened, key, nonce, sealed, long) ? "it opens a forged cookie" : null;
}

const LONG_HASH = "505a179f85d5b61095d2ee4e142babfb22770d5b705dd0201707d027e43a5b9d";
const LONG_MAC = "0114a9ee7fa41d213ffe87d3fbb36949";
const LONG_HMAC = "ea95a83a59b5f25585a959f0c660045a0add8dd9128d7c32f15f9a64e3bdbc1a";
const SEALED = "79da21b8056a1afac429a15e00b5218fb99bbd";
const SEALED_X = "cb7a23ef77d752cbdc013585b2f963666b0168";

/** Checks X25519 with the first vector of RFC 7748 section 5.2, Bob's keys of section 6.1, and zero. */
export function testX25519(x25519: X25519): string | null {
  const out = new Uint8Array(KEY_SIZE);
  const scalar = Uint8Array.fromHex(
    "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
  );
  const point = Uint8Array.fromHex(
    "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
  );
  if (!x25519.x25519(out, scalar, point)) return "its X25519 is wrong";
  if (!is(out, "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552")) {
    return "its X25519 is wrong";
  }
  const bob = Uint8Array.fromHex(
    "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
  );
  x25519.x25519Base(out, bob);
  if (!is(out, "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")) {
    return "its public keys are wrong";
  }
  // A point of low order: the result is zero, and must be refused.
  return x25519.x25519(out, scalar, new Uint8Array(KEY_SIZE)) ? "it takes a shared zero" : null;
}

/** Checks sums, with the example of RFC 1071 section 3; uses the first 64 bytes of `region`. */
export function testChecksum(
  checksum: ChecksumKernel,
  memory: Memory,
  region: number,
): string | null {
  const { bytes } = memory;
  bytes.set(Uint8Array.fromHex("0001f203f4f5f6f7"), region);
  // The RFC's sum is ddf2; of little-endian words it has its bytes swapped.
  const right = checksum.sum(region, 8) === 0xf2dd && checksum.sum(region + 7, 1) === 0xf7 &&
    checksum.copyAndSum(region + 32, region, 8) === 0xf2dd &&
    bytes[region + 32] === 0 && bytes[region + 39] === 0xf7;
  bytes.fill(0, region, region + 64);
  return right ? null : "its checksums are wrong";
}

function is(bytes: Uint8Array, hex: string): boolean {
  return bytes.toHex() === hex;
}

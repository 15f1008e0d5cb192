// ChaCha20-Poly1305 with additional data (RFC 8439 section 2.8) and HChaCha20
// (draft-irtf-cfrg-xchacha section 2.2) for handshake messages: short and rare.

import { KEYSTREAM_A, scratch } from "./layout.as";
import { poly1305Begin, poly1305End, poly1305Padded } from "./poly1305.as";
import { wipeAead, xorKeystream } from "./transport.as";
import { chacha20Keystream4 } from "./woven.as";

const CHUNK: u32 = 256;
const FIRST: u32 = 192;
const BLOCK: u32 = 64;

function keystream(key: usize, nonce: usize, counter: u32): usize {
  const area = scratch + KEYSTREAM_A;
  const nonce0 = load<u32>(nonce, 0);
  const nonce1 = load<u32>(nonce, 4);
  const nonce2 = load<u32>(nonce, 8);
  chacha20Keystream4(key, nonce0, nonce1, nonce2, counter, area, 0, 0);
  return area;
}

/** Encrypts or decrypts, when the first chunk of the keystream is computed already. */
function crypt(key: usize, nonce: usize, data: usize, length: u32): void {
  const first = min<u32>(length, FIRST);
  xorKeystream(data, scratch + KEYSTREAM_A + BLOCK, first);
  data += first;
  length -= first;
  for (let counter: u32 = 4; length; counter += 4) {
    const part = min<u32>(length, CHUNK);
    xorKeystream(data, keystream(key, nonce, counter), part);
    data += part;
    length -= part;
  }
}

/**
 * Encrypts `length` bytes at `data` in place, and writes the tag of them and of the additional data
 * behind. `nonce` has 12 bytes.
 */
export function sealWithData(
  key: usize,
  nonce: usize,
  additional: usize,
  additionalLength: u32,
  data: usize,
  length: u32,
): void {
  poly1305Begin(keystream(key, nonce, 0));
  crypt(key, nonce, data, length);
  poly1305Padded(additional, additionalLength);
  v128.store(data + length, poly1305End(data, length, additionalLength, length));
  wipeAead();
}

/** Checks the tag behind `length` bytes at `data`, and when it is right, decrypts them and returns 1. */
export function openWithData(
  key: usize,
  nonce: usize,
  additional: usize,
  additionalLength: u32,
  data: usize,
  length: u32,
): u32 {
  poly1305Begin(keystream(key, nonce, 0));
  poly1305Padded(additional, additionalLength);
  const expected = poly1305End(data, length, additionalLength, length);
  const wrong = v128.any_true(v128.xor(v128.load(data + length), expected));
  if (!wrong) crypt(key, nonce, data, length);
  wipeAead();
  return wrong ? 0 : 1;
}

/** Rotates each lane left. */
function rotateLeft(value: v128, bits: i32): v128 {
  return v128.or(i32x4.shl(value, bits), i32x4.shr_u(value, 32 - bits));
}

/** The subkey (32 bytes at `out`) of a key and the first 16 bytes of a 24-byte nonce. */
export function hchacha20(out: usize, key: usize, nonce: usize): void {
  let a = i32x4(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574);
  let b = v128.load(key, 0);
  let c = v128.load(key, 16);
  let d = v128.load(nonce);
  for (let round = 0; round < 20; round++) {
    a = i32x4.add(a, b);
    d = rotateLeft(v128.xor(d, a), 16);
    c = i32x4.add(c, d);
    b = rotateLeft(v128.xor(b, c), 12);
    a = i32x4.add(a, b);
    d = rotateLeft(v128.xor(d, a), 8);
    c = i32x4.add(c, d);
    b = rotateLeft(v128.xor(b, c), 7);
    if (round & 1) {
      b = v128.shuffle<u32>(b, b, 3, 0, 1, 2);
      d = v128.shuffle<u32>(d, d, 1, 2, 3, 0);
    } else {
      b = v128.shuffle<u32>(b, b, 1, 2, 3, 0);
      d = v128.shuffle<u32>(d, d, 3, 0, 1, 2);
    }
    c = v128.shuffle<u32>(c, c, 2, 3, 0, 1);
  }
  v128.store(out, a, 0);
  v128.store(out, d, 16);
}

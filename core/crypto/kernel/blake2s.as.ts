// BLAKE2s (RFC 7693), keyed and unkeyed, and HMAC with it (RFC 2104).
//
// `input` lies in the exchange area: 64 bytes before it and 64 behind it are free, and are used for
// the key and for padding.

import { begin, compress } from "./blake2s_compress.as";
import { BLAKE2S_STATE, scratch } from "./layout.as";

const BLOCK: u32 = 64;

/** Compresses `length` bytes at `input`, the last block padded with zeros. */
function digest(input: usize, length: u32): void {
  const rest = length % BLOCK;
  if (rest || !length) memory.fill(input + length, 0, BLOCK - rest);
  let count: u32 = 0;
  while (length > BLOCK) {
    count += BLOCK;
    compress(input, count, 0);
    input += BLOCK;
    length -= BLOCK;
  }
  compress(input, count + length, 0xffffffff);
}

/** BLAKE2s-256. */
export function hash(out: usize, input: usize, length: u32): void {
  begin(32, 0);
  digest(input, length);
  memory.copy(out, scratch + BLAKE2S_STATE, 32);
  wipe();
}

/** Keyed BLAKE2s with a digest of 16 bytes. The key, padded with zeros, is the first block. */
export function mac(out: usize, key: usize, keySize: u32, input: usize, length: u32): void {
  memory.fill(input - BLOCK, 0, BLOCK);
  memory.copy(input - BLOCK, key, keySize);
  begin(16, keySize);
  digest(input - BLOCK, BLOCK + length);
  memory.copy(out, scratch + BLAKE2S_STATE, 16);
  wipe();
}

/** HMAC-BLAKE2s-256 with a key of 32 bytes. */
export function hmac(out: usize, key: usize, input: usize, length: u32): void {
  keyBlock(input - BLOCK, key, 0x36);
  begin(32, 0);
  digest(input - BLOCK, BLOCK + length);
  memory.copy(input, scratch + BLAKE2S_STATE, 32);
  keyBlock(input - BLOCK, key, 0x5c);
  begin(32, 0);
  digest(input - BLOCK, BLOCK + 32);
  memory.copy(out, scratch + BLAKE2S_STATE, 32);
  wipe();
}

/** The key, padded with zeros to a block, xored with `pad` in each byte. */
function keyBlock(block: usize, key: usize, pad: i8): void {
  const pads = i8x16.splat(pad);
  v128.store(block, v128.xor(v128.load(key, 0), pads), 0);
  v128.store(block, v128.xor(v128.load(key, 16), pads), 16);
  v128.store(block, pads, 32);
  v128.store(block, pads, 48);
}

function wipe(): void {
  memory.fill(scratch + BLAKE2S_STATE, 0, 32);
}

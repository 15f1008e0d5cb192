// Poly1305 (RFC 8439 section 2.5): what surrounds the blocks, which are in the generated part.

import { POLY1305_PADDED, POLY1305_STATE, scratch } from "./layout.as";
import { poly1305Blocks } from "./woven.as";

const LOW_32: u64 = 0xffffffff;

/** Begins with the 32-byte one-time key at `key`: r, clamped, and then what is added at the end. */
export function poly1305Begin(key: usize): void {
  const state = scratch + POLY1305_STATE;
  const r0: u64 = load<u32>(key, 0) & 0x0fffffff;
  const r1: u64 = load<u32>(key, 4) & 0x0ffffffc;
  const r2: u64 = load<u32>(key, 8) & 0x0ffffffc;
  const r3: u64 = load<u32>(key, 12) & 0x0ffffffc;
  v128.store(state, i64x2.splat(0), 0);
  v128.store(state, i64x2.splat(0), 16);
  store<u64>(state, 0, 32);
  store<u64>(state, r0, 40);
  store<u64>(state, r1, 48);
  store<u64>(state, r2, 56);
  store<u64>(state, r3, 64);
  store<u64>(state, r1 + (r1 >> 2), 72);
  store<u64>(state, r2 + (r2 >> 2), 80);
  store<u64>(state, r3 + (r3 >> 2), 88);
  v128.store(state, v128.load(key, 16), 96);
}

/** The last `length` (0 to 15) bytes before `end`, followed by zeros. Reads the 16 bytes before `end`. */
function lastBytes(end: usize, length: u32): v128 {
  const lanes = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  // A swizzle gives zero for a lane number above 15.
  return i8x16.swizzle(v128.load(end - 16), i8x16.add(lanes, i8x16.splat(<i8> (16 - length))));
}

/** Absorbs `length` bytes at `source`, padded with zeros to a whole block (RFC 8439 section 2.8). */
export function poly1305Padded(source: usize, length: u32): void {
  if (length >> 4) poly1305Blocks(source, length >> 4);
  if (length & 15) {
    const block = scratch + POLY1305_PADDED;
    v128.store(block, lastBytes(source + length, length & 15));
    poly1305Blocks(block, 1);
  }
}

/**
 * Absorbs the last `length` bytes at `source`, padded, and the block with the two lengths, and
 * returns the tag.
 */
export function poly1305End(
  source: usize,
  length: u32,
  additionalLength: u32,
  totalLength: u32,
): v128 {
  if (length >> 4) poly1305Blocks(source, length >> 4);
  const blocks = scratch + POLY1305_PADDED;
  store<u64>(blocks, additionalLength, 16);
  store<u64>(blocks, totalLength, 24);
  if (length & 15) {
    v128.store(blocks, lastBytes(source + length, length & 15));
    poly1305Blocks(blocks, 2);
  } else {
    poly1305Blocks(blocks + 16, 1);
  }
  return poly1305Tag();
}

/** h reduced fully modulo 2^130 - 5, plus the second half of the key, modulo 2^128. */
function poly1305Tag(): v128 {
  const state = scratch + POLY1305_STATE;
  let h0 = load<u64>(state, 0);
  let h1 = load<u64>(state, 8);
  let h2 = load<u64>(state, 16);
  let h3 = load<u64>(state, 24);
  let h4 = load<u64>(state, 32);
  h1 += h0 >> 32;
  h2 += h1 >> 32;
  h3 += h2 >> 32;
  h4 += h3 >> 32;
  h0 = (h0 & LOW_32) + (h4 >> 2) * 5;
  h1 &= LOW_32;
  h2 &= LOW_32;
  h3 &= LOW_32;
  h4 &= 3;
  // Now h < 2^130 + 40: once more, and it may at most be p or a little above.
  h1 += h0 >> 32;
  h2 += h1 >> 32;
  h3 += h2 >> 32;
  h4 += h3 >> 32;
  h0 &= LOW_32;
  h1 &= LOW_32;
  h2 &= LOW_32;
  h3 &= LOW_32;

  // h - p is h + 5 - 2^130: it replaces h when it is not negative, without a branch.
  const g0 = h0 + 5;
  const g1 = h1 + (g0 >> 32);
  const g2 = h2 + (g1 >> 32);
  const g3 = h3 + (g2 >> 32);
  const g4 = h4 + (g3 >> 32);
  const mask: u64 = 0 - ((g4 >> 2) & 1);
  h0 = (h0 & ~mask) | (g0 & LOW_32 & mask);
  h1 = (h1 & ~mask) | (g1 & LOW_32 & mask);
  h2 = (h2 & ~mask) | (g2 & LOW_32 & mask);
  h3 = (h3 & ~mask) | (g3 & LOW_32 & mask);

  h0 += <u64> load<u32>(state, 96);
  h1 += <u64> load<u32>(state, 100) + (h0 >> 32);
  h2 += <u64> load<u32>(state, 104) + (h1 >> 32);
  h3 += <u64> load<u32>(state, 108) + (h2 >> 32);
  return i64x2.replace_lane(
    i64x2.splat((h0 & LOW_32) | (h1 << 32)),
    1,
    (h2 & LOW_32) | (h3 << 32),
  );
}

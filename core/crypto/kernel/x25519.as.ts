// X25519 (RFC 7748 section 5) by the Montgomery ladder, in time that depends on no secret.
//
// Two field elements stand side by side in the lanes of f64x2 vectors (generate_field.ts says how), as
// a step of the ladder consists of pairs of like operations. A "pair" below is twelve such vectors.

import { carry, multiply, prepareField, square } from "./field.as";
import { scratch, X25519_END, X25519_STATE } from "./layout.as";

const LIMBS: usize = 12;
const PAIR: usize = LIMBS * 16;

// Where each pair is; the names in brackets are those of RFC 7748.
const Q: usize = X25519_STATE + 0 * PAIR; // [x_2, z_2]
const R: usize = X25519_STATE + 1 * PAIR; // [x_3, z_3]
const X1: usize = X25519_STATE + 2 * PAIR; // [1, x_1]
const V: usize = X25519_STATE + 3 * PAIR; // [A, B]
const W: usize = X25519_STATE + 4 * PAIR; // [D, C]
const S: usize = X25519_STATE + 5 * PAIR; // [AA, BB]
const T: usize = X25519_STATE + 6 * PAIR; // [DA, CB]
const U: usize = X25519_STATE + 7 * PAIR; // [DA + CB, DA - CB]
const G: usize = X25519_STATE + 8 * PAIR; // [AA, E]
const H: usize = X25519_STATE + 9 * PAIR; // [BB, AA + a24 * E]

/** (486662 - 2) / 4. */
const A24: f64 = 121665;

/** The exponent of limb `i`: the least whole number >= 21.25 i. */
function exponent(i: usize): u32 {
  const rest = <u32> i & 3;
  return 85 * (<u32> i >> 2) + 21 * rest + (rest ? 1 : 0);
}

/** The bits of limb `i`. */
function width(i: usize): u32 {
  return i & 3 ? 21 : 22;
}

/** 2^e. */
function powerOfTwo(e: i32): f64 {
  return reinterpret<f64>(<u64> (1023 + e) << 52);
}

/** Sets both lanes of a pair to small numbers. */
function setSmall(pair: usize, first: f64, second: f64): void {
  memory.fill(pair, 0, PAIR);
  store<f64>(pair, first, 0);
  store<f64>(pair, second, 8);
}

/** Sets one lane (0 or 8) of a pair to the number in 32 bytes at `source`, without its highest bit. */
function setBytes(pair: usize, lane: usize, source: usize): void {
  for (let i: usize = 0; i < LIMBS; i++) {
    const e = exponent(i);
    const bits = <u32> (load<u64>(source + (e >> 3)) >> (e & 7)) & ((1 << width(i)) - 1);
    store<f64>(pair + 16 * i + lane, <f64> (<i32> bits) * powerOfTwo(e));
  }
}

/** One step: swaps (x_2, z_2) and (x_3, z_3) where `swap` is all ones, then doubles and adds. */
function ladderStep(swap: v128): void {
  const base = scratch;
  for (let i: usize = 0; i < PAIR; i += 16) {
    const point = base + i;
    const q = v128.load(point, Q);
    const r = v128.load(point, R);
    const two = v128.bitselect(r, q, swap);
    const three = v128.bitselect(q, r, swap);
    const x = v128.shuffle<u64>(two, three, 0, 2);
    const z = v128.shuffle<u64>(two, three, 1, 3);
    const sum = f64x2.add(x, z); // [A, C]
    const difference = f64x2.sub(x, z); // [B, D]
    v128.store(point, v128.shuffle<u64>(sum, difference, 0, 2), V);
    v128.store(point, v128.shuffle<u64>(difference, sum, 1, 3), W);
  }
  square(base + S, base + V);
  multiply(base + T, base + V, base + W);

  const a24 = f64x2.splat(A24);
  const minusSecond = i64x2(0, i64.MIN_VALUE);
  for (let i: usize = 0; i < PAIR; i += 16) {
    const point = base + i;
    const t = v128.load(point, T);
    const cb = v128.xor(v128.shuffle<u64>(t, t, 1, 1), minusSecond);
    v128.store(point, f64x2.add(v128.shuffle<u64>(t, t, 0, 0), cb), U);
    const s = v128.load(point, S);
    const aa = v128.shuffle<u64>(s, s, 0, 0);
    const e = f64x2.sub(aa, v128.shuffle<u64>(s, s, 1, 1));
    const f = f64x2.add(aa, f64x2.mul(a24, e));
    v128.store(point, v128.shuffle<u64>(s, e, 0, 3), G);
    v128.store(point, v128.shuffle<u64>(s, f, 1, 3), H);
  }
  carry(base + H, base + H);
  square(base + U, base + U);
  multiply(base + Q, base + G, base + H);
  multiply(base + R, base + U, base + X1);
}

/** out = f^(2^times). */
function squareTimes(out: usize, f: usize, times: u32): void {
  square(out, f);
  while (--times) square(out, out);
}

/** out = z^(p - 2) = 1 / z. */
function invert(out: usize, z: usize): void {
  const a = scratch + S;
  const b = scratch + T;
  const c = scratch + U;
  const d = scratch + G;
  square(a, z); // 2
  squareTimes(b, a, 2); // 8
  multiply(b, z, b); // 9
  multiply(a, a, b); // 11
  square(c, a); // 22
  multiply(b, b, c); // 2^5 - 1
  squareTimes(c, b, 5);
  multiply(b, c, b); // 2^10 - 1
  squareTimes(c, b, 10);
  multiply(c, c, b); // 2^20 - 1
  squareTimes(d, c, 20);
  multiply(c, d, c); // 2^40 - 1
  squareTimes(c, c, 10);
  multiply(b, c, b); // 2^50 - 1
  squareTimes(c, b, 50);
  multiply(c, c, b); // 2^100 - 1
  squareTimes(d, c, 100);
  multiply(c, d, c); // 2^200 - 1
  squareTimes(c, c, 50);
  multiply(b, c, b); // 2^250 - 1
  squareTimes(b, b, 5);
  multiply(out, b, a); // 2^255 - 21
}

/** Writes the first lane of a pair, carried, as 32 bytes: the number from 0 to p - 1. */
function getBytes(out: usize, pair: usize): void {
  const limbs = scratch + H;
  for (let i: usize = 0; i < LIMBS; i++) {
    const limb = load<f64>(pair + 16 * i) * powerOfTwo(-<i32> exponent(i));
    store<i32>(limbs + 4 * i, <i32> limb);
  }
  // The number is between -2^254.1 and 2^254.1: if it is negative, adding p = 2^255 - 19 makes it whole.
  const top = carryWhole(limbs, 0);
  carryWhole(limbs, 19 * top);

  memory.fill(out, 0, 32);
  for (let i: usize = 0; i < LIMBS; i++) {
    const e = exponent(i);
    const at = out + (e >> 3);
    // The last store reaches the byte behind the number, and leaves it as it is.
    store<u32>(at, load<u32>(at) | (load<u32>(limbs + 4 * i) << (e & 7)));
  }
}

/**
 * Adds `addend` to a number in whole limbs of 32 bits, brings them to their widths, and returns the
 * multiple of 2^255 that is left over: 0, or -1 for a negative number.
 */
function carryWhole(limbs: usize, addend: i32): i32 {
  let carried = addend;
  for (let i: usize = 0; i < LIMBS; i++) {
    const limb = load<i32>(limbs + 4 * i) + carried;
    carried = limb >> width(i);
    store<i32>(limbs + 4 * i, limb & ((1 << width(i)) - 1));
  }
  return carried;
}

/**
 * X25519 of the 32 bytes at `scalar`, which are clamped in place, and the 32 bytes at `point`. Returns
 * 0 when the result is all zero. `point` and `out` have 8 bytes behind them.
 */
export function x25519(out: usize, scalar: usize, point: usize): u32 {
  store<u8>(scalar, load<u8>(scalar, 0) & 248, 0);
  store<u8>(scalar, (load<u8>(scalar, 31) & 127) | 64, 31);

  prepareField();
  setSmall(scratch + Q, 1, 0);
  setSmall(scratch + R, 0, 1);
  setBytes(scratch + R, 0, point);
  setSmall(scratch + X1, 1, 0);
  setBytes(scratch + X1, 8, point);
  let previous: u32 = 0;
  for (let i: u32 = 255; i-- > 0;) {
    const bit = <u32> (load<u8>(scalar + (i >> 3)) >> (i & 7)) & 1;
    ladderStep(i64x2.splat(-<i64> (bit ^ previous)));
    previous = bit;
  }
  // The last bit is 0 by clamping, so the points are in place.

  const z = scratch + V;
  for (let i: usize = 0; i < PAIR; i += 16) {
    const q = v128.load(scratch + Q + i);
    v128.store(z + i, v128.shuffle<u64>(q, q, 1, 1));
  }
  invert(z, z);
  multiply(z, z, scratch + Q);
  getBytes(out, z);
  memory.fill(scratch + X25519_STATE, 0, X25519_END - X25519_STATE);
  return v128.any_true(v128.or(v128.load(out, 0), v128.load(out, 16))) ? 1 : 0;
}

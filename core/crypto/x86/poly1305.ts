import type { Assembler } from "./assembler.ts";
import {
  type Address,
  at,
  r10,
  r11,
  r12,
  r13,
  r14,
  r8,
  r9,
  rax,
  rbp,
  rbx,
  rcx,
  rdx,
} from "./registers.ts";
import { SCRATCH } from "./scratch.ts";

// Poly1305 (RFC 8439 section 2.5) on general registers. The accumulator has three 64-bit limbs, of
// which the highest is small; r is clamped, so that its limbs have 60 bits and products may be summed
// without overflow. Modulo p = 2^130 - 5, 2^130 is 5: so what comes out above bit 130 is taken times 5
// and added at the bottom. With the same reasoning 2^128 * r1 is 5 * r1/4, which is called s1 here
// (r1 is a multiple of 4).

/** The accumulator, from its lowest limb. */
const h0 = r12;
const h1 = r13;
const h2 = r14;
/** Where the next block is. */
export const position = rbx;

const R0 = at(rbp, SCRATCH.R0);
const R1 = at(rbp, SCRATCH.R1);
const S1 = at(rbp, SCRATCH.S1);

/** RFC 8439 section 2.5: clamp(r). */
const CLAMP0 = 0x0ffffffc0fffffffn;
const CLAMP1 = 0x0ffffffc0ffffffcn;

/** Takes r and s from the one-time key at `key` and clears the accumulator. */
export function poly1305Begin(a: Assembler, key: (offset: number) => Address): void {
  a.movImmediate(rax, CLAMP0);
  a.and(rax, key(0));
  a.store(R0, rax);
  a.movImmediate(rax, CLAMP1);
  a.and(rax, key(8));
  a.store(R1, rax);
  a.mov(rcx, rax);
  a.shr(rcx, 2);
  a.add(rax, rcx);
  a.store(S1, rax);
  a.load(rax, key(16));
  a.store(at(rbp, SCRATCH.S), rax);
  a.load(rax, key(24));
  a.store(at(rbp, SCRATCH.S + 8), rax);
  for (const limb of [h0, h1, h2]) a.xor(limb, limb);
}

/**
 * h = h * r + block, with the bit 2^128 that stands behind a whole block. RFC 8439 multiplies after it
 * adds: here the last multiplication is left to {@linkcode poly1305End}, because the sum needn't wait
 * for the block then.
 */
function multiplyAndAdd(a: Assembler, low: Address, high: Address): void {
  multiply(a, () => {
    a.add(h0, low);
    a.adc(r11, high);
    a.adc(rax, 1);
  });
}

/** Changes rax, rcx, rdx and r8..r11. `addBlock` adds to the limbs h0, r11, rax. */
function multiply(a: Assembler, addBlock: () => void): void {
  a.mov(rdx, h0);
  a.mulx(r11, h0, R0); // limbs 1, 0: h0 * r0
  a.mulx(rax, rcx, R1); // limbs 2, 1: h0 * r1
  a.mov(rdx, h1);
  a.mulx(h1, r8, S1); // limbs 1, 0: h1 * s1
  a.mulx(r10, r9, R0); // limbs 2, 1: h1 * r0
  a.mov(rdx, h2);
  a.imul(rdx, S1); // limb 1: h2 * s1
  a.imul(h2, R0); // limb 2: h2 * r0
  addBlock();
  a.add(rcx, r9);
  a.adc(rax, r10);
  a.add(rcx, rdx);
  a.adc(rax, h2);
  a.add(h0, r8);
  a.adc(h1, r11);
  a.adc(rax, 0);
  a.add(h1, rcx);
  a.adc(rax, 0);
  // Limb 2 from bit 130 on, times 5: its multiple of 4 and a quarter of that.
  a.mov(h2, rax);
  a.and(h2, 3);
  a.mov(rcx, rax);
  a.and(rcx, -4);
  a.shr(rax, 2);
  a.add(rcx, rax);
  a.add(h0, rcx);
  a.adc(h1, 0);
  a.adc(h2, 0);
}

/** Adds `count` whole blocks at {@linkcode position}, and moves it behind them. */
export function poly1305Blocks(a: Assembler, count: number): void {
  for (let i = 0; i < count; i++) {
    multiplyAndAdd(a, at(position, 16 * i), at(position, 16 * i + 8));
  }
  a.add(position, 16 * count);
}

/** Adds one block at `block`. */
export function poly1305Block(a: Assembler, block: (offset: number) => Address): void {
  multiplyAndAdd(a, block(0), block(8));
}

/** Leaves the tag's two halves in rax and rcx: (h * r mod p) + s modulo 2^128. */
export function poly1305End(a: Assembler): void {
  multiply(a, () => {});
  // h is below 2p now: it is h - p, that is h + 5 - 2^130, unless this would be negative.
  a.mov(rax, h0);
  a.mov(rcx, h1);
  a.mov(rdx, h2);
  a.add(rax, 5);
  a.adc(rcx, 0);
  a.adc(rdx, 0);
  a.shr(rdx, 2);
  a.cmov("zero", rax, h0);
  a.cmov("zero", rcx, h1);
  a.add(rax, at(rbp, SCRATCH.S));
  a.adc(rcx, at(rbp, SCRATCH.S + 8));
}

import type { Assembler } from "./assembler.ts";
import { type Address, at, type Gpr, type Label, rbp, type Vector, vector } from "./registers.ts";
import { SCRATCH } from "./scratch.ts";

// ChaCha20 (RFC 8439 section 2.3). A vector register holds one row of the 4x4 state for two blocks
// (AVX2: 32 bytes) or for four (AVX-512: 64 bytes), each in 16 bytes of its own, called a lane. Four such
// registers are a group. A pass computes up to three groups at once, so that none waits for itself.

/** Groups that there are registers for: 4 each, and 4 for temporary use. */
export const MAX_GROUPS = 3;
export const DOUBLE_ROUNDS = 10;
const BLOCK_SIZE = 64;
/** RFC 8439 section 2.3: "expand 32-byte k". */
const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574];

// Orders for vpshufd that rotate the words of a row left.
const LEFT_1 = 0x39;
const LEFT_2 = 0x4e;
const LEFT_3 = 0x93;

/** The state of a group's blocks: rows a, b, c, d of RFC 8439 section 2.2. */
type Group = readonly [a: Vector, b: Vector, c: Vector, d: Vector];

/** Emits the parts of ChaCha20 for vectors of `width` bytes. */
export class ChaCha20 {
  /** Keystream bytes of a group. */
  readonly groupSize: number;
  readonly #a: Assembler;
  readonly #width: number;
  readonly #lanes: number;
  readonly #constants: { label: Label; words: number[] }[] = [];
  readonly #row0: Label;
  readonly #nonceMask: Label;
  /** Block counters 0, 1, 2... of a message's first pass, for each group. */
  readonly #firstCounters: readonly Label[];
  /** Blocks of a whole pass, to be added to the counters. */
  readonly #passBlocks: Label;
  readonly #left16: Label;
  readonly #left8: Label;

  /** @param width 32: AVX2; 64: AVX-512F */
  constructor(assembler: Assembler, width: 32 | 64) {
    this.#a = assembler;
    this.#width = width;
    this.#lanes = width / 16;
    this.groupSize = this.#lanes * BLOCK_SIZE;
    this.#row0 = this.#constant("constants", () => CONSTANTS);
    this.#nonceMask = this.#constant("nonce mask", () => [0, 0, -1, -1]);
    this.#firstCounters = Array.from(
      { length: MAX_GROUPS },
      (_, g) => this.#constant(`counters ${g}`, (lane) => [g * this.#lanes + lane, 0, 0, 0]),
    );
    this.#passBlocks = this.#constant("pass", () => [MAX_GROUPS * this.#lanes, 0, 0, 0]);
    this.#left16 = this.#constant(
      "left 16",
      () => [0x01000302, 0x05040706, 0x09080b0a, 0x0d0c0f0e],
    );
    this.#left8 = this.#constant("left 8", () => [0x02010003, 0x06050407, 0x0a09080b, 0x0e0d0c0f]);
  }

  /** One of four registers that hold nothing between the parts. */
  temporary(i: number): Vector {
    return vector(4 * MAX_GROUPS + i, this.#width);
  }

  /** Blocks of Poly1305 that take about as long as a double round of so many groups. */
  wovenBlocks(groups: number): number {
    return (this.#width === 64 ? [2, 3, 4] : [2, 3, 3])[groups - 1] ?? 0;
  }

  /**
   * Prepares a message's first pass. Its nonce is 4 bytes zero and the 8-byte counter at `message + 8`
   * (whitepaper section 5.4.6).
   */
  begin(message: Gpr): void {
    const [nonce, row3] = [this.temporary(0), this.temporary(1)];
    this.#a.vbroadcast16(nonce, at(message));
    this.#a.vpand(nonce, nonce, this.#nonceMask);
    this.#firstCounters.forEach((counters, g) => {
      this.#a.vpaddd(row3, nonce, counters);
      this.#a.vstore(this.#savedRow3(g), row3);
    });
  }

  /** Prepares the pass that follows one of all groups. */
  next(): void {
    const [blocks, row3] = [this.temporary(0), this.temporary(1)];
    this.#a.vload(blocks, this.#passBlocks);
    for (let g = 0; g < MAX_GROUPS; g++) {
      this.#a.vpaddd(row3, blocks, this.#savedRow3(g));
      this.#a.vstore(this.#savedRow3(g), row3);
    }
  }

  /** Sets up the state of `groups` groups with the 32-byte key at `key`. */
  load(groups: number, key: Gpr): void {
    for (const [g, [a, b, c, d]] of this.#state(groups).entries()) {
      this.#a.vload(a, this.#row0);
      this.#a.vbroadcast16(b, at(key));
      this.#a.vbroadcast16(c, at(key, 16));
      this.#a.vload(d, this.#savedRow3(g));
    }
  }

  /** RFC 8439 section 2.3: inner_block, the column round and the diagonal round. */
  doubleRound(groups: number): void {
    this.#quarterRounds(groups);
    // The diagonals become columns. Row b, which is ready last, stays where it is.
    this.#rotateRows(groups, LEFT_3, LEFT_1, LEFT_2);
    this.#quarterRounds(groups);
    this.#rotateRows(groups, LEFT_1, LEFT_3, LEFT_2);
  }

  /** Adds the original state, which ends the block function. */
  finish(groups: number, key: Gpr): void {
    const state = this.#state(groups);
    const [key0, key1] = [this.temporary(0), this.temporary(1)];
    this.#a.vbroadcast16(key0, at(key));
    this.#a.vbroadcast16(key1, at(key, 16));
    state.forEach(([a, b, c, d], g) => {
      this.#a.vpaddd(a, a, this.#row0);
      this.#a.vpaddd(b, b, key0);
      this.#a.vpaddd(c, c, key1);
      this.#a.vpaddd(d, d, this.#savedRow3(g));
    });
  }

  /** Writes the keystream to the scratch area, block after block. */
  store(groups: number): void {
    this.#state(groups).forEach((rows, g) => {
      const keystream = SCRATCH.KEYSTREAM + g * this.groupSize;
      const vectors = this.#width === 64 ? this.#transpose4(rows) : this.#transpose2(rows);
      vectors.forEach((one, i) => this.#a.vstore(at(rbp, keystream + i * this.#width), one));
    });
  }

  /** Emits the constants; belongs behind the code. */
  emitConstants(): void {
    this.#a.align(this.#width);
    for (const { label, words } of this.#constants) {
      this.#a.bind(label);
      this.#a.words(words);
    }
  }

  /** RFC 8439 section 2.1, on all columns of all groups at once. */
  #quarterRounds(groups: number): void {
    const state = this.#state(groups);
    const step = (of: (group: Group) => [Vector, Vector, Vector], count: number) => {
      const operands = state.map(of);
      for (const [x, y] of operands) this.#a.vpaddd(x, x, y);
      for (const [x, , z] of operands) this.#a.vpxor(z, z, x);
      for (const [g, [, , z]] of operands.entries()) this.#rotateWords(z, count, g);
    };
    step(([a, b, , d]) => [a, b, d], 16);
    step(([, b, c, d]) => [c, d, b], 12);
    step(([a, b, , d]) => [a, b, d], 8);
    step(([, b, c, d]) => [c, d, b], 7);
  }

  #rotateRows(groups: number, ofA: number, ofC: number, ofD: number): void {
    for (const [a, _b, c, d] of this.#state(groups)) {
      this.#a.vpshufd(a, a, ofA);
      this.#a.vpshufd(d, d, ofD);
      this.#a.vpshufd(c, c, ofC);
    }
  }

  #rotateWords(words: Vector, count: number, group: number): void {
    if (this.#width === 64) this.#a.vprold(words, words, count);
    else if (count === 16) this.#a.vpshufb(words, words, this.#left16);
    else if (count === 8) this.#a.vpshufb(words, words, this.#left8);
    else {
      const upper = this.temporary(group);
      this.#a.vpslld(upper, words, count);
      this.#a.vpsrld(words, words, 32 - count);
      this.#a.vpxor(words, words, upper);
    }
  }

  /** Two blocks, in two vectors each. */
  #transpose2([a, b, c, d]: Group): Vector[] {
    const [t0, t1, t2, t3] = this.#group(MAX_GROUPS);
    this.#a.vperm2i128(t0, a, b, 0x20);
    this.#a.vperm2i128(t1, c, d, 0x20);
    this.#a.vperm2i128(t2, a, b, 0x31);
    this.#a.vperm2i128(t3, c, d, 0x31);
    return [t0, t1, t2, t3];
  }

  /** Four blocks, in one vector each. */
  #transpose4([a, b, c, d]: Group): Vector[] {
    const [t0, t1, t2, t3] = this.#group(MAX_GROUPS);
    this.#a.vshufi32x4(t0, a, b, 0x44); // a0 a1 b0 b1
    this.#a.vshufi32x4(t1, c, d, 0x44); // c0 c1 d0 d1
    this.#a.vshufi32x4(t2, a, b, 0xee); // a2 a3 b2 b3
    this.#a.vshufi32x4(t3, c, d, 0xee); // c2 c3 d2 d3
    this.#a.vshufi32x4(a, t0, t1, 0x88); // a0 b0 c0 d0
    this.#a.vshufi32x4(b, t0, t1, 0xdd); // a1 b1 c1 d1
    this.#a.vshufi32x4(c, t2, t3, 0x88);
    this.#a.vshufi32x4(d, t2, t3, 0xdd);
    return [a, b, c, d];
  }

  #state(groups: number): Group[] {
    return Array.from({ length: groups }, (_, g) => this.#group(g));
  }

  /** The registers of a group; the one after the last is that of the temporary ones. */
  #group(g: number): Group {
    const register = (i: number) => vector(4 * g + i, this.#width);
    return [register(0), register(1), register(2), register(3)];
  }

  #savedRow3(group: number): Address {
    return at(rbp, SCRATCH.COUNTERS + group * this.#width);
  }

  /** A constant of 16 bytes in every lane. */
  #constant(name: string, wordsOf: (lane: number) => readonly number[]): Label {
    const label = this.#a.label(name);
    const words = Array.from({ length: this.#lanes }, (_, lane) => wordsOf(lane)).flat();
    this.#constants.push({ label, words });
    return label;
  }
}

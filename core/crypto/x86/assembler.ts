import {
  bytesOf32,
  encodeEvex,
  encodeInteger,
  encodeVex,
  type Instruction,
  type RegisterOrMemory,
  type VectorOpcode,
  vectorOpcode,
} from "./encoder.ts";
import { type Address, type Gpr, type Label, rcx, type Vector } from "./registers.ts";

export type { Instruction } from "./encoder.ts";

/** Conditions after a comparison of unsigned numbers, with their codes in jcc, setcc and cmovcc. */
export const CONDITIONS = { below: 2, aboveOrEqual: 3, zero: 4, notZero: 5, above: 7 } as const;
export type Condition = keyof typeof CONDITIONS;

/** Where memory begins or is data of this many bytes, the code is filled up with this: int3. */
const FILLER = 0xcc;

// Intel SDM volume 2, chapters 3 to 5. VEX.WIG and EVEX.W0 are both written W0.
const VMOVDQU_LOAD = vectorOpcode("F3.0F.W0 6F");
const VMOVDQU_STORE = vectorOpcode("F3.0F.W0 7F");
const VPADDD = vectorOpcode("66.0F.W0 FE");
const VPAND = vectorOpcode("66.0F.W0 DB");
const VPXOR = vectorOpcode("66.0F.W0 EF");
const VPSHUFB = vectorOpcode("66.0F38.W0 00");
const VPSHUFD = vectorOpcode("66.0F.W0 70");
/** The group of shifts and rotations by a constant, told apart by ModRM's register field. */
const SHIFT_D = vectorOpcode("66.0F.W0 72");
const VBROADCASTI = vectorOpcode("66.0F38.W0 5A");
const VPERM2I128 = vectorOpcode("66.0F3A.W0 46");
const VSHUFI32X4 = vectorOpcode("66.0F3A.W0 43");
const MULX = vectorOpcode("F2.0F38.W1 F6");
const SHRX = vectorOpcode("F2.0F38.W1 F7");

/**
 * An assembler for the few x86-64 instructions that this program's cryptography consists of. Methods
 * have the instructions' names and, as in Intel's manual, the destination first. Operands are 64 bits
 * wide where nothing else is said. Vectors of 64 bytes are encoded for AVX-512F, shorter ones for AVX2.
 */
export class Assembler {
  #instructions: (Instruction | Label)[] = [];

  /** Starts a label's life; {@linkcode bind} gives it its place. */
  label(name: string): Label {
    return { kind: "label", name };
  }

  /** Puts the label here. */
  bind(label: Label): void {
    this.#instructions.push(label);
  }

  /** What `body` emits, kept out of the code: for {@linkcode weave} and {@linkcode append}. */
  record(body: () => void): Instruction[] {
    const outer = this.#instructions;
    this.#instructions = [];
    try {
      body();
      return this.#instructions.map((item) => {
        if ("kind" in item) throw new Error(`Cannot record the label ${item.name}`);
        return item;
      });
    } finally {
      this.#instructions = outer;
    }
  }

  /** Emits what was recorded. */
  append(instructions: readonly Instruction[]): void {
    for (const item of instructions) this.#instructions.push(item);
  }

  /** The machine code, and where the labels are in it. It may lie at any multiple of 64. */
  assemble(): { code: Uint8Array<ArrayBuffer>; offsetOf(label: Label): number } {
    const offsets = new Map<Label, number>();
    let size = 0;
    for (const item of this.#instructions) {
      if (!("kind" in item)) size += item.bytes.length;
      else if (offsets.has(item)) throw new Error(`Cannot bind ${item.name} twice`);
      else offsets.set(item, size);
    }
    const offsetOf = (label: Label): number => {
      const offset = offsets.get(label);
      if (offset === undefined) throw new Error(`Cannot find ${label.name}: it isn't bound`);
      return offset;
    };
    const code = new Uint8Array(size);
    const view = new DataView(code.buffer);
    let at = 0;
    for (const item of this.#instructions) {
      if ("kind" in item) continue;
      code.set(item.bytes, at);
      const end = at + item.bytes.length;
      if (item.reference) {
        view.setInt32(at + item.reference.at, offsetOf(item.reference.target) - end, true);
      }
      at = end;
    }
    return { code, offsetOf };
  }

  // Data

  /** Fills up to a multiple of `alignment`. */
  align(alignment: number): void {
    let size = 0;
    for (const item of this.#instructions) if (!("kind" in item)) size += item.bytes.length;
    const missing = (alignment - size % alignment) % alignment;
    this.#emit({ bytes: new Array<number>(missing).fill(FILLER), isVector: false });
  }

  /** Little-endian 32-bit words. */
  words(values: readonly number[]): void {
    this.#emit({ bytes: values.flatMap(bytesOf32), isVector: false });
  }

  // Control flow

  jmp(target: Label): void {
    this.#relative([0xe9], target);
  }

  /** Jumps when the condition holds: jcc. */
  jump(condition: Condition, target: Label): void {
    this.#relative([0x0f, 0x80 | CONDITIONS[condition]], target);
  }

  call(target: Label): void {
    this.#relative([0xe8], target);
  }

  ret(): void {
    this.#emit({ bytes: [0xc3], isVector: false });
  }

  push(register: Gpr): void {
    this.#stack(0x50, register);
  }

  pop(register: Gpr): void {
    this.#stack(0x58, register);
  }

  // Integers

  add(target: Gpr, source: Gpr | Address | number): void {
    this.#arithmetic(0, target, source);
  }

  adc(target: Gpr, source: Gpr | Address | number): void {
    this.#arithmetic(2, target, source);
  }

  sbb(target: Gpr, source: Gpr | Address | number): void {
    this.#arithmetic(3, target, source);
  }

  and(target: Gpr, source: Gpr | Address | number): void {
    this.#arithmetic(4, target, source);
  }

  or(target: Gpr, source: Gpr | Address | number): void {
    this.#arithmetic(1, target, source);
  }

  sub(target: Gpr, source: Gpr | Address | number): void {
    this.#arithmetic(5, target, source);
  }

  xor(target: Gpr, source: Gpr | Address | number): void {
    this.#arithmetic(6, target, source);
  }

  cmp(target: Gpr, source: Gpr | Address | number): void {
    this.#arithmetic(7, target, source);
  }

  mov(target: Gpr, source: Gpr): void {
    this.#emit(encodeInteger(8, [0x8b], target.code, source));
  }

  /** A 64-bit constant. */
  movImmediate(target: Gpr, value: bigint): void {
    const rex = 0x48 | target.code >> 3;
    const bytes = [...bytesOf32(Number(value & 0xffffffffn)), ...bytesOf32(Number(value >> 32n))];
    this.#emit({ bytes: [rex, 0xb8 | target.code & 7, ...bytes], isVector: false });
  }

  /** mov and movzx: reads `size` bytes; the rest of the register becomes zero. */
  load(target: Gpr, source: Address, size: 1 | 2 | 4 | 8 = 8): void {
    if (size >= 4) this.#emit(encodeInteger(size, [0x8b], target.code, source));
    else this.#emit(encodeInteger(4, [0x0f, size === 1 ? 0xb6 : 0xb7], target.code, source));
  }

  /** mov: writes the lowest `size` bytes of a register. */
  store(target: Address, source: Gpr, size: 1 | 2 | 4 | 8 = 8): void {
    this.#emit(encodeInteger(size, [size === 1 ? 0x88 : 0x89], source.code, target));
  }

  /** mov: a copy of the lower 32 bits; the upper become zero. */
  mov32(target: Gpr, source: Gpr): void {
    this.#emit(encodeInteger(4, [0x8b], target.code, source));
  }

  lea(target: Gpr, source: Address): void {
    this.#emit(encodeInteger(8, [0x8d], target.code, source));
  }

  /** The lower 64 bits of the product. */
  imul(target: Gpr, source: Gpr | Address): void {
    this.#emit(encodeInteger(8, [0x0f, 0xaf], target.code, source));
  }

  /** high:low = rdx * source; leaves the flags. BMI2. */
  mulx(high: Gpr, low: Gpr, source: Gpr | Address): void {
    this.#emit(encodeVex(MULX, 16, high.code, low.code, source, [], false));
  }

  /** Shifts left by a constant. */
  shl(target: Gpr, count: number): void {
    this.#emit(encodeInteger(8, [0xc1], 4, target, [count]));
  }

  /** Shifts right by a constant. */
  shr(target: Gpr, count: number): void {
    this.#emit(encodeInteger(8, [0xc1], 5, target, [count]));
  }

  /** Shifts right by the lowest 6 bits of `count`. BMI2. */
  shrx(target: Gpr, source: Gpr, count: Gpr): void {
    this.#emit(encodeVex(SHRX, 16, target.code, count.code, source, [], false));
  }

  /** Sets the flags for the lowest 8 bits of `register` and a constant of 8 bits. */
  testByte(register: Gpr, bits: number): void {
    if (register !== rcx) throw new Error("testByte is made for cl only");
    this.#emit(encodeInteger(1, [0xf6], 0, register, [bits]));
  }

  /** setcc: 1 or 0 in the lowest byte. */
  set(condition: Condition, target: Gpr): void {
    if (target.code >= 4 && target.code < 8) throw new Error("set is made for al..dl, r8b..r15b");
    this.#emit(encodeInteger(1, [0x0f, 0x90 | CONDITIONS[condition]], 0, target));
  }

  /** cmovcc: copies when the condition holds, in the same time as when it doesn't. */
  cmov(condition: Condition, target: Gpr, source: Gpr): void {
    this.#emit(encodeInteger(8, [0x0f, 0x40 | CONDITIONS[condition]], target.code, source));
  }

  // Vectors

  /** Reads a vector from memory. */
  vload(target: Vector, source: Address | Label): void {
    this.#vector(VMOVDQU_LOAD, target, 0, source);
  }

  /** Writes a vector to memory. */
  vstore(target: Address, source: Vector): void {
    this.#vector(VMOVDQU_STORE, source, 0, target);
  }

  /** Fills a vector with copies of 16 bytes: vbroadcasti128 or vbroadcasti32x4. */
  vbroadcast16(target: Vector, source: Address): void {
    this.#emit(
      target.width === 64
        ? encodeEvex(VBROADCASTI, 64, target.code, 0, source, [], 16)
        : encodeVex(VBROADCASTI, target.width, target.code, 0, source),
    );
  }

  vpaddd(target: Vector, first: Vector, second: Vector | Address | Label): void {
    this.#vector(VPADDD, target, first.code, second);
  }

  vpand(target: Vector, first: Vector, second: Vector | Address | Label): void {
    this.#vector(VPAND, target, first.code, second);
  }

  vpxor(target: Vector, first: Vector, second: Vector | Address | Label): void {
    this.#vector(VPXOR, target, first.code, second);
  }

  /** Moves 32-bit words within each 16 bytes: result word i is word (order >> 2i) & 3. */
  vpshufd(target: Vector, source: Vector, order: number): void {
    this.#vector(VPSHUFD, target, 0, source, [order]);
  }

  /** Moves bytes within each 16 bytes, as `order` has it. */
  vpshufb(target: Vector, source: Vector, order: Label): void {
    this.#vector(VPSHUFB, target, source.code, order);
  }

  vpslld(target: Vector, source: Vector, count: number): void {
    this.#shift(6, target, source, count);
  }

  vpsrld(target: Vector, source: Vector, count: number): void {
    this.#shift(2, target, source, count);
  }

  /** Rotates 32-bit words left. AVX-512 only. */
  vprold(target: Vector, source: Vector, count: number): void {
    if (target.width !== 64) throw new Error("vprold is made for AVX-512 only");
    this.#shift(1, target, source, count);
  }

  /** Picks 16-byte lanes of two 32-byte vectors. */
  vperm2i128(target: Vector, first: Vector, second: Vector, order: number): void {
    this.#emit(encodeVex(VPERM2I128, 32, target.code, first.code, second, [order]));
  }

  /** Picks 16-byte lanes of two 64-byte vectors: two of the first, then two of the second. */
  vshufi32x4(target: Vector, first: Vector, second: Vector, order: number): void {
    this.#emit(encodeEvex(VSHUFI32X4, 64, target.code, first.code, second, [order]));
  }

  /** Zeroes vector registers 0..15, whatever their width. */
  vzeroall(): void {
    this.#emit({ bytes: [0xc5, 0xfc, 0x77], isVector: true });
  }

  #emit(instruction: Instruction): void {
    this.#instructions.push(instruction);
  }

  #relative(opcode: number[], target: Label): void {
    const bytes = [...opcode, 0, 0, 0, 0];
    this.#emit({ bytes, isVector: false, reference: { at: opcode.length, target } });
  }

  #stack(opcode: number, { code }: Gpr): void {
    this.#emit({ bytes: [...(code > 7 ? [0x41] : []), opcode | code & 7], isVector: false });
  }

  /** One of the eight operations that share their encoding. */
  #arithmetic(operation: number, target: Gpr, source: Gpr | Address | number): void {
    if (typeof source !== "number") {
      this.#emit(encodeInteger(8, [operation << 3 | 3], target.code, source));
    } else if (source >= -128 && source <= 127) {
      this.#emit(encodeInteger(8, [0x83], operation, target, [source & 0xff]));
    } else {
      this.#emit(encodeInteger(8, [0x81], operation, target, bytesOf32(source)));
    }
  }

  #vector(
    opcode: VectorOpcode,
    field: Vector,
    second: number,
    operand: RegisterOrMemory,
    immediate: number[] = [],
  ): void {
    const encode = field.width === 64 ? encodeEvex : encodeVex;
    this.#emit(encode(opcode, field.width, field.code, second, operand, immediate));
  }

  #shift(operation: number, target: Vector, source: Vector, count: number): void {
    const encode = target.width === 64 ? encodeEvex : encodeVex;
    this.#emit(encode(SHIFT_D, target.width, operation, target.code, source, [count]));
  }
}

/**
 * Merges two sequences evenly, so that the processor works on both at the same time: one of vector
 * instructions, the other of instructions on general registers. These have no register and no flag in
 * common, so each does what it does alone, as long as they don't write memory that the other uses.
 */
export function weave(
  vectors: readonly Instruction[],
  integers: readonly Instruction[],
): Instruction[] {
  if (!vectors.every((one) => one.isVector) || integers.some((one) => one.isVector)) {
    throw new Error("Only vector instructions and others can be woven together");
  }
  const woven: Instruction[] = [];
  let taken = 0;
  vectors.forEach((one, i) => {
    woven.push(one);
    const due = Math.round((i + 1) * integers.length / vectors.length);
    while (taken < due) woven.push(integers[taken++] as Instruction);
  });
  return woven;
}

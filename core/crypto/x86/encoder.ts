import type { Address, Gpr, Label, Vector } from "./registers.ts";

/** What the ModRM byte's r/m field can stand for; a label is a constant beside the code. */
export type RegisterOrMemory = Gpr | Vector | Address | Label;

/** One instruction, or data, with at most one reference to a label. */
export interface Instruction {
  readonly bytes: readonly number[];
  /** Whether it uses vector registers and memory only, and thus neither general registers nor flags. */
  readonly isVector: boolean;
  /** Where in `bytes` the 32-bit distance from the instruction's end to `target` goes. */
  readonly reference?: { readonly at: number; readonly target: Label };
}

/** The fields of a VEX or EVEX prefix that tell instructions apart, and the opcode. */
export interface VectorOpcode {
  /** "pp": the prefix that the instruction would have without VEX: none, 66, F3 or F2. */
  readonly prefix: number;
  /** "mm": the escape bytes that it would have: 0F, 0F 38 or 0F 3A. */
  readonly escape: number;
  readonly w: number;
  readonly opcode: number;
}

const PREFIXES = ["NP", "66", "F3", "F2"];
const ESCAPES = ["", "0F", "0F38", "0F3A"];

/** Reads the manual's notation, without what the operands tell: "66.0F38.W0 5A". */
export function vectorOpcode(notation: string): VectorOpcode {
  const [, prefix = "", escape = "", w, opcode = ""] =
    /^(\w\w)\.(\w+)\.W([01]) (\w\w)$/.exec(notation) ?? [];
  return {
    prefix: PREFIXES.indexOf(prefix),
    escape: ESCAPES.indexOf(escape),
    w: Number(w),
    opcode: parseInt(opcode, 16),
  };
}

const DISPLACEMENT_8 = 0x40;
const DISPLACEMENT_32 = 0x80;
const REGISTER = 0xc0;
/** r/m of a base register that needs a SIB byte, and that SIB byte (no index). */
const SIB_FOLLOWS = 4;
const SIB_BASE_ONLY = 0x24;
/** r/m of a displacement relative to the next instruction. */
const RELATIVE = 5;

/** Bit 3 of a register's number, or of an operand's base register's. */
function highBit(operand: RegisterOrMemory): number {
  if (operand.kind === "label") return 0;
  return (operand.kind === "address" ? operand.base.code : operand.code) >> 3;
}

/** The little-endian bytes of a 32-bit number. */
export function bytesOf32(value: number): number[] {
  return [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >> 24) & 0xff];
}

/**
 * ModRM, SIB and displacement (Intel SDM volume 2, section 2.1.3). An 8-bit displacement counts in
 * units of `unit` bytes, which is 1 but for EVEX (section 2.7.5).
 */
function modRm(field: number, operand: RegisterOrMemory, unit: number): number[] {
  const register = (field & 7) << 3;
  if (operand.kind === "label") return [register | RELATIVE, 0, 0, 0, 0];
  if (operand.kind !== "address") return [REGISTER | register | (operand.code & 7)];
  const base = operand.base.code & 7;
  const sib = base === SIB_FOLLOWS ? [SIB_BASE_ONLY] : [];
  const { displacement } = operand;
  // Without displacement rbp and r13 would mean something else.
  if (displacement === 0 && base !== RELATIVE) return [register | base, ...sib];
  const scaled = displacement / unit;
  return Number.isInteger(scaled) && scaled >= -128 && scaled <= 127
    ? [DISPLACEMENT_8 | register | base, ...sib, scaled & 0xff]
    : [DISPLACEMENT_32 | register | base, ...sib, ...bytesOf32(displacement)];
}

function instruction(
  head: number[],
  field: number,
  operand: RegisterOrMemory,
  immediate: readonly number[],
  options: { isVector: boolean; unit?: number },
): Instruction {
  const tail = modRm(field, operand, options.unit ?? 1);
  const { isVector } = options;
  const bytes = [...head, ...tail, ...immediate];
  if (operand.kind !== "label") return { bytes, isVector };
  return { bytes, isVector, reference: { at: head.length + 1, target: operand } };
}

/**
 * An instruction on general registers: optional prefix 66, REX, opcode, ModRM, immediate.
 *
 * @param size operand bytes: 8 sets REX.W, 2 gives the prefix 66
 */
export function encodeInteger(
  size: 1 | 2 | 4 | 8,
  opcode: readonly number[],
  field: number,
  operand: RegisterOrMemory,
  immediate: readonly number[] = [],
): Instruction {
  const rex = (size === 8 ? 8 : 0) | (field >> 3) << 2 | highBit(operand);
  // spl, bpl, sil and dil would be ah, ch, dh and bh without a REX prefix.
  const needsRex = rex !== 0 || (size === 1 && field >= 4);
  const head = [...(size === 2 ? [0x66] : []), ...(needsRex ? [0x40 | rex] : []), ...opcode];
  return instruction(head, field, operand, immediate, { isVector: false });
}

/** An instruction with the three-byte VEX prefix (Intel SDM volume 2, section 2.3.5). */
export function encodeVex(
  { prefix, escape, w, opcode }: VectorOpcode,
  width: number,
  field: number,
  second: number,
  operand: RegisterOrMemory,
  immediate: readonly number[] = [],
  isVector = true,
): Instruction {
  const head = [
    0xc4,
    (1 - (field >> 3)) << 7 | 1 << 6 | (1 - highBit(operand)) << 5 | escape,
    w << 7 | (~second & 15) << 3 | (width === 32 ? 1 : 0) << 2 | prefix,
    opcode,
  ];
  return instruction(head, field, operand, immediate, { isVector });
}

/**
 * An instruction with the EVEX prefix on registers below 16, without masks or element broadcasts
 * (Intel SDM volume 2, section 2.7.1).
 *
 * @param unit bytes that it accesses in memory
 */
export function encodeEvex(
  { prefix, escape, w, opcode }: VectorOpcode,
  width: number,
  field: number,
  second: number,
  operand: RegisterOrMemory,
  immediate: readonly number[] = [],
  unit = width,
): Instruction {
  const head = [
    0x62,
    (1 - (field >> 3)) << 7 | 1 << 6 | (1 - highBit(operand)) << 5 | 1 << 4 | escape,
    w << 7 | (~second & 15) << 3 | 1 << 2 | prefix,
    (width === 64 ? 2 : width === 32 ? 1 : 0) << 5 | 1 << 3,
    opcode,
  ];
  return instruction(head, field, operand, immediate, { isVector: true, unit });
}

/** A 64-bit general register. */
export interface Gpr {
  readonly kind: "gpr";
  /** 0..15, as in Intel SDM volume 2, table 3-1. */
  readonly code: number;
}

/** A vector register: an xmm, ymm or zmm register by its width in bytes. */
export interface Vector {
  readonly kind: "vector";
  /** 0..15: AVX-512's upper 16 are not used, so that vzeroall clears all that were. */
  readonly code: number;
  /** 16, 32 or 64. */
  readonly width: number;
}

/** A place in the code, for jumps and constants. */
export interface Label {
  readonly kind: "label";
  readonly name: string;
}

/** An operand in memory: [base + displacement]. */
export interface Address {
  readonly kind: "address";
  readonly base: Gpr;
  readonly displacement: number;
}

function gpr(code: number): Gpr {
  return { kind: "gpr", code };
}

export const rax = gpr(0);
export const rcx = gpr(1);
export const rdx = gpr(2);
export const rbx = gpr(3);
export const rsp = gpr(4);
export const rbp = gpr(5);
export const rsi = gpr(6);
export const rdi = gpr(7);
export const r8 = gpr(8);
export const r9 = gpr(9);
export const r10 = gpr(10);
export const r11 = gpr(11);
export const r12 = gpr(12);
export const r13 = gpr(13);
export const r14 = gpr(14);
export const r15 = gpr(15);

/** The vector register `code` (0..15), `width` bytes of it. */
export function vector(code: number, width: number): Vector {
  return { kind: "vector", code, width };
}

/** [base + displacement]. */
export function at(base: Gpr, displacement = 0): Address {
  return { kind: "address", base, displacement };
}

import assert from "node:assert/strict";
import { Assembler, weave } from "../../../../core/crypto/x86/assembler.ts";
import { vectorOpcode } from "../../../../core/crypto/x86/encoder.ts";
import {
  at,
  r10,
  r11,
  r12,
  r13,
  r14,
  r15,
  r8,
  r9,
  rax,
  rbp,
  rbx,
  rcx,
  rdi,
  rdx,
  rsi,
  rsp,
  vector,
} from "../../../../core/crypto/x86/registers.ts";

const x = (code: number) => vector(code, 16);
const y = (code: number) => vector(code, 32);
const z = (code: number) => vector(code, 64);

/**
 * Each instruction's bytes as GNU as 2.40 encodes it, with its directives {load} (the form whose source
 * may be memory) and {vex3} (no two-byte VEX prefix), which this assembler always uses.
 */
const ENCODINGS: readonly [text: string, bytes: string, emit: (a: Assembler) => void][] = [
  ["push rbx", "53", (a) => a.push(rbx)],
  ["push r12", "4154", (a) => a.push(r12)],
  ["pop rbp", "5d", (a) => a.pop(rbp)],
  ["pop r15", "415f", (a) => a.pop(r15)],
  ["ret", "c3", (a) => a.ret()],
  ["add rax, rbx", "4803c3", (a) => a.add(rax, rbx)],
  ["adc r8, r15", "4d13c7", (a) => a.adc(r8, r15)],
  ["sub rsi, r9", "492bf1", (a) => a.sub(rsi, r9)],
  ["and r10, rdi", "4c23d7", (a) => a.and(r10, rdi)],
  ["or rax, rcx", "480bc1", (a) => a.or(rax, rcx)],
  ["xor r11, r11", "4d33db", (a) => a.xor(r11, r11)],
  ["cmp rcx, rdx", "483bca", (a) => a.cmp(rcx, rdx)],
  ["add rcx, [rbp]", "48034d00", (a) => a.add(rcx, at(rbp))],
  ["adc r9, [r13]", "4d134d00", (a) => a.adc(r9, at(r13))],
  ["xor rdx, [rsp]", "48331424", (a) => a.xor(rdx, at(rsp))],
  ["and rbx, [r12+8]", "49235c2408", (a) => a.and(rbx, at(r12, 8))],
  ["cmp rax, [rbp-128]", "483b4580", (a) => a.cmp(rax, at(rbp, -128))],
  ["cmp rax, [rbp+128]", "483b8580000000", (a) => a.cmp(rax, at(rbp, 128))],
  ["add r14, [rbx+127]", "4c03737f", (a) => a.add(r14, at(rbx, 127))],
  ["sub r15, 1", "4983ef01", (a) => a.sub(r15, 1)],
  ["and rcx, -4", "4883e1fc", (a) => a.and(rcx, -4)],
  ["adc rdx, 0", "4883d200", (a) => a.adc(rdx, 0)],
  ["add rsi, 127", "4883c67f", (a) => a.add(rsi, 127)],
  ["cmp rcx, 768", "4881f900030000", (a) => a.cmp(rcx, 768)],
  ["add r8, -129", "4981c07fffffff", (a) => a.add(r8, -129)],
  ["mov rbp, rcx", "488be9", (a) => a.mov(rbp, rcx)],
  ["mov r14, rax", "4c8bf0", (a) => a.mov(r14, rax)],
  ["mov esi, esi", "8bf6", (a) => a.mov32(rsi, rsi)],
  ["mov r9d, edx", "448bca", (a) => a.mov32(r9, rdx)],
  [
    "movabs rax, 0x0ffffffc0fffffff",
    "48b8ffffff0ffcffff0f",
    (a) => a.movImmediate(rax, 0x0ffffffc0fffffffn),
  ],
  [
    "movabs r15, 0xfedcba9876543210",
    "49bf1032547698badcfe",
    (a) => a.movImmediate(r15, 0xfedcba9876543210n),
  ],
  ["mov rax, [rsi]", "488b06", (a) => a.load(rax, at(rsi))],
  ["mov r10, [r9+1000]", "4d8b91e8030000", (a) => a.load(r10, at(r9, 1000))],
  ["mov edi, [rsi+4]", "8b7e04", (a) => a.load(rdi, at(rsi, 4), 4)],
  ["movzx r8d, word ptr [rax]", "440fb700", (a) => a.load(r8, at(rax), 2)],
  ["movzx edx, byte ptr [r8]", "410fb610", (a) => a.load(rdx, at(r8), 1)],
  ["mov [rbp+40], rdi", "48897d28", (a) => a.store(at(rbp, 40), rdi)],
  ["mov [rax+12], edx", "89500c", (a) => a.store(at(rax, 12), rdx, 4)],
  ["mov [r8], r10w", "66458910", (a) => a.store(at(r8), r10, 2)],
  ["mov [r8], dl", "418810", (a) => a.store(at(r8), rdx, 1)],
  ["mov [rcx], sil", "408831", (a) => a.store(at(rcx), rsi, 1)],
  ["lea rax, [rbx+80]", "488d4350", (a) => a.lea(rax, at(rbx, 80))],
  ["lea r9, [rbp+384]", "4c8d8d80010000", (a) => a.lea(r9, at(rbp, 384))],
  ["imul rdx, [rbp+16]", "480faf5510", (a) => a.imul(rdx, at(rbp, 16))],
  ["imul r14, rcx", "4c0faff1", (a) => a.imul(r14, rcx)],
  ["mulx r11, r12, [rbp]", "c4629bf65d00", (a) => a.mulx(r11, r12, at(rbp))],
  ["mulx rax, rcx, [rbp+8]", "c4e2f3f64508", (a) => a.mulx(rax, rcx, at(rbp, 8))],
  ["mulx r13, r8, r15", "c442bbf6ef", (a) => a.mulx(r13, r8, r15)],
  ["mulx rbx, rsi, rdi", "c4e2cbf6df", (a) => a.mulx(rbx, rsi, rdi)],
  ["shl r9, 3", "49c1e103", (a) => a.shl(r9, 3)],
  ["shr rax, 2", "48c1e802", (a) => a.shr(rax, 2)],
  ["shrx rax, rax, r9", "c4e2b3f7c0", (a) => a.shrx(rax, rax, r9)],
  ["shrx r10, r11, rcx", "c442f3f7d3", (a) => a.shrx(r10, r11, rcx)],
  ["test cl, 16", "f6c110", (a) => a.testByte(rcx, 16)],
  ["sete dl", "0f94c2", (a) => a.set("zero", rdx)],
  ["setb r9b", "410f92c1", (a) => a.set("below", r9)],
  ["cmovz rax, r12", "490f44c4", (a) => a.cmov("zero", rax, r12)],
  ["cmova rcx, r11", "490f47cb", (a) => a.cmov("above", rcx, r11)],
  ["vmovdqu ymm12, [r9]", "c4417e6f21", (a) => a.vload(y(12), at(r9))],
  ["vmovdqu xmm3, [rbp+192]", "c4e17a6f9dc0000000", (a) => a.vload(x(3), at(rbp, 192))],
  ["vmovdqu32 zmm5, [rbp+192]", "62f17e486f6d03", (a) => a.vload(z(5), at(rbp, 192))],
  ["vmovdqu32 zmm15, [r12+200]", "62517e486fbc24c8000000", (a) => a.vload(z(15), at(r12, 200))],
  ["vmovdqu [r8], ymm12", "c4417e7f20", (a) => a.vstore(at(r8), y(12))],
  ["vmovdqu32 [rbp+1088], zmm0", "62f17e487f4511", (a) => a.vstore(at(rbp, 1088), z(0))],
  ["vmovdqu32 [rbp+8192], zmm9", "62717e487f8d00200000", (a) => a.vstore(at(rbp, 8192), z(9))],
  ["vmovdqu32 [r13], zmm1", "62d17e487f4d00", (a) => a.vstore(at(r13), z(1))],
  ["vbroadcasti128 ymm1, [rdi]", "c4e27d5a0f", (a) => a.vbroadcast16(y(1), at(rdi))],
  ["vbroadcasti32x4 zmm13, [rdi+16]", "62727d485a6f01", (a) => a.vbroadcast16(z(13), at(rdi, 16))],
  ["vbroadcasti32x4 zmm2, [r12]", "62d27d485a1424", (a) => a.vbroadcast16(z(2), at(r12))],
  ["vpaddd ymm0, ymm1, ymm2", "c4e175fec2", (a) => a.vpaddd(y(0), y(1), y(2))],
  ["vpaddd ymm8, ymm9, ymm15", "c44135fec7", (a) => a.vpaddd(y(8), y(9), y(15))],
  ["vpaddd zmm0, zmm9, zmm15", "62d13548fec7", (a) => a.vpaddd(z(0), z(9), z(15))],
  ["vpaddd zmm11, zmm3, [rbp+256]", "62716548fe5d04", (a) => a.vpaddd(z(11), z(3), at(rbp, 256))],
  ["vpand ymm12, ymm12, [rax]", "c4611ddb20", (a) => a.vpand(y(12), y(12), at(rax))],
  ["vpandd zmm12, zmm12, zmm1", "62711d48dbe1", (a) => a.vpand(z(12), z(12), z(1))],
  ["vpxor xmm12, xmm12, [r8]", "c44119ef20", (a) => a.vpxor(x(12), x(12), at(r8))],
  ["vpxor ymm4, ymm4, ymm13", "c4c15defe5", (a) => a.vpxor(y(4), y(4), y(13))],
  ["vpxord zmm4, zmm14, zmm3", "62f10d48efe3", (a) => a.vpxor(z(4), z(14), z(3))],
  ["vpshufd ymm8, ymm7, 0x39", "c4617d70c739", (a) => a.vpshufd(y(8), y(7), 0x39)],
  ["vpshufd zmm8, zmm8, 0x93", "62517d4870c093", (a) => a.vpshufd(z(8), z(8), 0x93)],
  ["vpslld ymm12, ymm1, 7", "c4e11d72f107", (a) => a.vpslld(y(12), y(1), 7)],
  ["vpsrld ymm1, ymm9, 25", "c4c17572d119", (a) => a.vpsrld(y(1), y(9), 25)],
  ["vprold zmm9, zmm2, 16", "62f1354872ca10", (a) => a.vprold(z(9), z(2), 16)],
  [
    "vperm2i128 ymm12, ymm0, ymm9, 0x31",
    "c4437d46e131",
    (a) => a.vperm2i128(y(12), y(0), y(9), 0x31),
  ],
  [
    "vshufi32x4 zmm12, zmm0, zmm9, 0xee",
    "62537d4843e1ee",
    (a) => a.vshufi32x4(z(12), z(0), z(9), 0xee),
  ],
  ["vzeroall", "c5fc77", (a) => a.vzeroall()],
];

function assemble(emit: (a: Assembler) => void): string {
  const a = new Assembler();
  emit(a);
  return a.assemble().code.toHex();
}

for (const [text, bytes, emit] of ENCODINGS) {
  Deno.test(`assembler: ${text}`, () => assert.equal(assemble(emit), bytes));
}

Deno.test("assembler: jumps, calls and constants are relative to the next instruction", () => {
  const code = assemble((a) => {
    const [start, end, constant] = [a.label("start"), a.label("end"), a.label("constant")];
    a.bind(start);
    a.jump("zero", end);
    a.vload(z(1), constant);
    a.vpshufb(y(2), y(3), constant);
    a.jmp(start);
    a.bind(end);
    a.call(start);
    a.bind(constant);
    a.words([0x01020304, -1]);
  });
  // 1: jz 2f; vmovdqu32 zmm1, [rip+3f]; {vex3} vpshufb ymm2, ymm3, [rip+3f]; jmp 1b; 2: call 1b; 3:
  assert.equal(
    code,
    "0f841800000062f17e486f0d13000000c4e26500150a000000e9e2ffffffe8ddffffff" + "04030201" +
      "ffffffff",
  );
});

Deno.test("assembler: data are aligned with int3 before them", () => {
  const code = assemble((a) => {
    a.ret();
    a.align(4);
    a.words([7]);
    a.align(8);
  });
  assert.equal(code, "c3cccccc" + "07000000");
});

Deno.test("assembler: a label must be bound once", () => {
  const a = new Assembler();
  const label = a.label("somewhere");
  a.jmp(label);
  assert.throws(() => a.assemble(), /Cannot find somewhere: it isn't bound/);
  a.bind(label);
  a.bind(label);
  assert.throws(() => a.assemble(), /Cannot bind somewhere twice/);
});

Deno.test("assembler: refuses operands that it can't encode", () => {
  const a = new Assembler();
  assert.throws(() => a.testByte(rax, 1), /cl only/);
  assert.throws(() => a.set("zero", rsi), /al..dl/);
  assert.throws(() => a.record(() => a.bind(a.label("inside"))), /Cannot record the label inside/);
});

Deno.test("weave: keeps both orders and spreads the one over the other", () => {
  const a = new Assembler();
  const vectors = a.record(() => [0, 1, 2, 3].forEach((i) => a.vpxor(y(i), y(i), y(i))));
  const integers = a.record(() => [rax, rcx].forEach((register) => a.push(register)));
  const woven = weave(vectors, integers);
  assert.deepEqual(woven.filter((one) => one.isVector), vectors);
  assert.deepEqual(woven.filter((one) => !one.isVector), integers);
  assert.deepEqual(woven.map((one) => one.isVector), [true, false, true, true, false, true]);
  assert.deepEqual(weave(vectors, []), vectors);
  assert.equal(a.assemble().code.length, 0);
});

Deno.test("weave: takes nothing that could disturb the other", () => {
  const a = new Assembler();
  const vectors = a.record(() => a.vpxor(y(0), y(0), y(0)));
  const integers = a.record(() => a.add(rax, 1));
  assert.throws(() => weave(integers, vectors), /Only vector instructions/);
  assert.throws(() => weave([...vectors, ...integers], integers), /Only vector instructions/);
  assert.throws(() => weave(vectors, [...integers, ...vectors]), /Only vector instructions/);
});

Deno.test("encoder: reads the manual's notation", () => {
  assert.deepEqual(vectorOpcode("66.0F38.W0 5A"), { prefix: 1, escape: 2, w: 0, opcode: 0x5a });
  assert.deepEqual(vectorOpcode("F2.0F3A.W1 F0"), { prefix: 3, escape: 3, w: 1, opcode: 0xf0 });
});

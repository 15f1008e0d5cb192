import type { NativeCode } from "./transport_aead.ts";

// elf(5), and the System V ABI's chapters on object files and dynamic linking
const ELF_HEADER_SIZE = 64;
const PROGRAM_HEADER_SIZE = 56;
const SYMBOL_SIZE = 24;
const ET_DYN = 3;
const EM_X86_64 = 62;
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_GNU_STACK = 0x6474e551;
const PF_X = 1;
const PF_W = 2;
const PF_R = 4;
const DT_NULL = 0;
const DT_HASH = 4;
const DT_STRTAB = 5;
const DT_SYMTAB = 6;
const DT_STRSZ = 10;
const DT_SYMENT = 11;
const STB_GLOBAL_STT_FUNC = 0x12;

const PAGE_SIZE = 4096;
/** What the code's constants need. */
const CODE_ALIGNMENT = 64;

/**
 * Wraps machine code as the least shared object (ELF, x86-64) that dlopen(3) takes: no sections, no
 * relocations, nothing needed. Code and tables are readable and executable; the dynamic section, which
 * the loader may write, has a page of its own; so no memory is ever writable and executable.
 */
export function buildSharedObject({ code, functions }: NativeCode): Uint8Array<ArrayBuffer> {
  const names = Object.keys(functions);
  const strings = new TextEncoder().encode(`\0${names.join("\0")}\0`);
  const segments = 4;

  // Addresses equal offsets in the file.
  const symbolsAt = ELF_HEADER_SIZE + segments * PROGRAM_HEADER_SIZE;
  const hashAt = symbolsAt + (1 + names.length) * SYMBOL_SIZE;
  const hash = symbolHash(names.length);
  const stringsAt = hashAt + 4 * hash.length;
  const codeAt = align(stringsAt + strings.length, CODE_ALIGNMENT);
  const codeEnd = codeAt + code.length;
  const dynamicAt = align(codeEnd, PAGE_SIZE);
  const dynamic = [
    [DT_HASH, hashAt],
    [DT_STRTAB, stringsAt],
    [DT_SYMTAB, symbolsAt],
    [DT_STRSZ, strings.length],
    [DT_SYMENT, SYMBOL_SIZE],
    [DT_NULL, 0],
  ].flat();
  const dynamicSize = 8 * dynamic.length;

  const file = new Uint8Array(dynamicAt + dynamicSize);
  const view = new DataView(file.buffer);
  const putWords = (at: number, words: readonly number[]) =>
    words.forEach((word, i) => view.setUint32(at + 4 * i, word, true));
  /** 64-bit numbers below 2^32. */
  const putLongs = (at: number, longs: readonly number[]) =>
    longs.forEach((long, i) => view.setUint32(at + 8 * i, long, true));

  // Magic, 64 bits, little-endian, version 1
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, ET_DYN, true);
  view.setUint16(18, EM_X86_64, true);
  putWords(20, [1]);
  putLongs(24, [0, ELF_HEADER_SIZE]); // entry point, program headers
  [ELF_HEADER_SIZE, PROGRAM_HEADER_SIZE, segments].forEach((half, i) =>
    view.setUint16(52 + 2 * i, half, true)
  );

  // Without PT_GNU_STACK the loader would make the process's stacks executable.
  const programHeaders: [
    type: number,
    flags: number,
    offset: number,
    size: number,
    align: number,
  ][] = [
    [PT_LOAD, PF_R | PF_X, 0, codeEnd, PAGE_SIZE],
    [PT_LOAD, PF_R | PF_W, dynamicAt, dynamicSize, PAGE_SIZE],
    [PT_DYNAMIC, PF_R | PF_W, dynamicAt, dynamicSize, 8],
    [PT_GNU_STACK, PF_R | PF_W, 0, 0, 16],
  ];
  programHeaders.forEach(([type, flags, offset, size, alignment], i) => {
    const at = ELF_HEADER_SIZE + i * PROGRAM_HEADER_SIZE;
    putWords(at, [type, flags]);
    // Offset, virtual and physical address, size in the file and in memory
    putLongs(at + 8, [offset, offset, offset, size, size, alignment]);
  });

  let nameAt = 1;
  Object.entries(functions).forEach(([name, offset], i) => {
    const at = symbolsAt + (1 + i) * SYMBOL_SIZE;
    putWords(at, [nameAt]);
    view.setUint8(at + 4, STB_GLOBAL_STT_FUNC);
    view.setUint16(at + 6, 1, true); // any section: it is defined
    putLongs(at + 8, [codeAt + offset, 0]);
    nameAt += name.length + 1;
  });
  putWords(hashAt, hash);
  file.set(strings, stringsAt);
  file.set(code, codeAt);
  putLongs(dynamicAt, dynamic);
  return file;
}

/** A hash table with one bucket: a chain of symbols `count`, ..., 1. */
function symbolHash(count: number): number[] {
  const chain = Array.from({ length: count + 1 }, (_, i) => Math.max(i - 1, 0));
  return [1, chain.length, count, ...chain];
}

function align(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}

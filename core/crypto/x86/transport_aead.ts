import { Assembler, type Instruction, weave } from "./assembler.ts";
import { ChaCha20, DOUBLE_ROUNDS, MAX_GROUPS } from "./chacha20.ts";
import { poly1305Begin, poly1305Block, poly1305Blocks, poly1305End, position } from "./poly1305.ts";
import {
  type Address,
  at,
  type Gpr,
  type Label,
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
  vector,
} from "./registers.ts";
import { SCRATCH, SCRATCH_SIZE } from "./scratch.ts";

// AEAD_CHACHA20_POLY1305 (RFC 8439 section 2.8) without additional data, on a batch of transport data
// messages in place.
//
// The batch is one sequence of chunks: what one pass of ChaCha20 makes keystream for. While the vector
// registers compute the pass for one chunk, the general registers authenticate the chunk before it:
// their instructions alternate. So a message's end is authenticated beside the next one's beginning, and
// the last chunk alone.
//
// Poly1305 reads ciphertext. When sealing, a chunk is therefore encrypted right after its pass; when
// opening, it is decrypted after it has been authenticated, with the keystream kept until then.

/** Instruction set extensions that the code is made for; both need BMI2 too. */
export type VectorExtension = "avx2" | "avx512";

/** Machine code, and at which offset each of its functions begins. */
export interface NativeCode {
  readonly code: Uint8Array<ArrayBuffer>;
  readonly functions: Readonly<Record<string, number>>;
}

/** The descriptor of a message in the list: four u32, the first two offsets in the arena. */
const DESCRIPTOR = { KEY: 0, MESSAGE: 4, LENGTH: 8, RESULT: 12, SIZE: 16 } as const;
const HEADER_SIZE = 16;
/** The first block of keystream, which holds the Poly1305 key, encrypts nothing. */
const POLY1305_KEY_BLOCK = 64;
const POLY1305_BLOCK_SIZE = 16;

/** System V AMD64 ABI: registers that a function must leave as they are, beside rsp. */
const PRESERVED = [rbx, rbp, r12, r13, r14, r15];
/** Others that the code uses: they are zeroed in the end, as they may hold secrets. */
const OTHERS = [rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11];

/** Where the descriptor, the key and the number of double rounds left are. */
const descriptor = rsi;
const key = rdi;
const rounds = r15;
/** After a chunk is taken: the bytes of its message that follow it. */
const remaining = r11;

/**
 * Generates the functions
 * `void (void *arena, uint32_t list, uint32_t count, void *scratch)`
 * of the System V AMD64 ABI: {@linkcode TransportAead.sealBatch} and {@linkcode TransportAead.openBatch}
 * with a scratch area of {@linkcode SCRATCH_SIZE} bytes, 64-byte aligned, that they leave zeroed.
 */
export function generateTransportAead(extension: VectorExtension): NativeCode {
  const a = new Assembler();
  const chacha20 = new ChaCha20(a, extension === "avx512" ? 64 : 32);
  const [sealBatch, openBatch] = [a.label("sealBatch"), a.label("openBatch")];
  a.bind(sealBatch);
  const passes = Array.from({ length: MAX_GROUPS }, (_, i) => recordPass(a, chacha20, i + 1));
  new BatchFunction(a, chacha20, passes, "seal").emit();
  a.align(64);
  a.bind(openBatch);
  new BatchFunction(a, chacha20, passes, "open").emit();
  chacha20.emitConstants();
  const { code, offsetOf } = a.assemble();
  return { code, functions: { sealBatch: offsetOf(sealBatch), openBatch: offsetOf(openBatch) } };
}

/** What a pass repeats. Both functions have it in common. */
interface Pass {
  readonly groups: number;
  /** A double round of ChaCha20. */
  readonly doubleRound: readonly Instruction[];
  /** The same, and this many blocks of Poly1305 between its instructions. */
  readonly woven: readonly Instruction[];
  readonly blocks: number;
}

function recordPass(a: Assembler, chacha20: ChaCha20, groups: number): Pass {
  const blocks = chacha20.wovenBlocks(groups);
  const doubleRound = a.record(() => chacha20.doubleRound(groups));
  const woven = weave(doubleRound, a.record(() => poly1305Blocks(a, blocks)));
  return { groups, doubleRound, woven, blocks };
}

/** A field of the scratch area. */
function scratch(field: number): Address {
  return at(rbp, field);
}

/** Emits one of the two functions, with the subroutine that it calls. */
class BatchFunction {
  readonly #a: Assembler;
  readonly #chacha20: ChaCha20;
  readonly #passes: readonly Pass[];
  readonly #direction: "seal" | "open";
  readonly #finishChunk: Label;

  constructor(
    assembler: Assembler,
    chacha20: ChaCha20,
    passes: readonly Pass[],
    direction: "seal" | "open",
  ) {
    this.#a = assembler;
    this.#chacha20 = chacha20;
    this.#passes = passes;
    this.#direction = direction;
    this.#finishChunk = assembler.label("finish chunk");
  }

  emit(): void {
    const a = this.#a;
    const nextMessage = a.label("next message");
    const nextChunk = a.label("next chunk");
    const messageDone = a.label("message done");
    const done = a.label("done");

    for (const register of PRESERVED) a.push(register);
    a.mov(rbp, rcx);
    a.store(scratch(SCRATCH.ARENA), rdi);
    a.mov32(descriptor, rsi);
    a.add(descriptor, rdi);
    a.mov32(rcx, rdx);
    this.#nothingToAuthenticate();
    a.cmp(rcx, 0);
    a.jump("zero", done);

    a.bind(nextMessage);
    a.store(scratch(SCRATCH.COUNT), rcx);
    this.#beginMessage();
    a.bind(nextChunk);
    this.#pass();
    this.#takeChunk();
    a.cmp(remaining, 0);
    a.jump("zero", messageDone);
    this.#chacha20.next();
    a.jmp(nextChunk);

    a.bind(messageDone);
    a.add(descriptor, DESCRIPTOR.SIZE);
    a.load(rcx, scratch(SCRATCH.COUNT));
    a.sub(rcx, 1);
    a.jump("notZero", nextMessage);
    a.call(this.#finishChunk);

    a.bind(done);
    this.#wipe();
    for (const register of PRESERVED.toReversed()) a.pop(register);
    a.ret();

    a.bind(this.#finishChunk);
    this.#authenticateRest();
    if (this.#direction === "open") {
      a.load(r8, scratch(SCRATCH.SEALED));
      a.load(r9, scratch(SCRATCH.SEALED_KEYSTREAM));
      a.load(rcx, scratch(SCRATCH.SEALED_LENGTH));
      this.#addKeystream();
    }
    a.ret();
  }

  /** Before the first chunk there is none to authenticate. */
  #nothingToAuthenticate(): void {
    const a = this.#a;
    a.xor(position, position);
    const fields = [SCRATCH.WHOLE_END, SCRATCH.ENDED, SCRATCH.SEALED_LENGTH];
    for (const field of fields) a.store(scratch(field), position);
  }

  /** Sets up what the descriptor says. */
  #beginMessage(): void {
    const a = this.#a;
    const message = rax;
    a.load(key, at(descriptor, DESCRIPTOR.KEY), 4);
    a.add(key, scratch(SCRATCH.ARENA));
    a.load(message, at(descriptor, DESCRIPTOR.MESSAGE), 4);
    a.add(message, scratch(SCRATCH.ARENA));
    this.#chacha20.begin(message);
    a.add(message, HEADER_SIZE);
    a.store(scratch(SCRATCH.DATA), message);
    a.load(rcx, at(descriptor, DESCRIPTOR.LENGTH), 4);
    a.store(scratch(SCRATCH.REMAINING), rcx);
    a.movImmediate(rcx, BigInt(POLY1305_KEY_BLOCK));
    a.store(scratch(SCRATCH.SKIP), rcx);
  }

  /** Makes keystream, with as few groups as suffice, and authenticates the chunk before. */
  #pass(): void {
    const a = this.#a;
    const done = a.label("pass done");
    a.load(rcx, scratch(SCRATCH.REMAINING));
    a.add(rcx, scratch(SCRATCH.SKIP));
    for (const pass of this.#passes) {
      const more = a.label("more groups");
      if (pass.groups < MAX_GROUPS) {
        a.cmp(rcx, pass.groups * this.#chacha20.groupSize);
        a.jump("above", more);
      }
      this.#passOf(pass);
      if (pass.groups < MAX_GROUPS) a.jmp(done);
      a.bind(more);
    }
    a.bind(done);
  }

  #passOf({ groups, doubleRound, woven, blocks }: Pass): void {
    const a = this.#a;
    const chacha20 = this.#chacha20;
    const [both, alone, finish] = [a.label("both"), a.label("ChaCha20 alone"), a.label("finish")];
    chacha20.load(groups, key);
    a.movImmediate(rounds, BigInt(DOUBLE_ROUNDS));
    a.bind(both);
    a.lea(rax, at(position, blocks * POLY1305_BLOCK_SIZE));
    a.cmp(rax, scratch(SCRATCH.WHOLE_END));
    a.jump("above", alone);
    a.append(woven);
    a.sub(rounds, 1);
    a.jump("notZero", both);
    a.jmp(finish);
    a.bind(alone);
    a.append(doubleRound);
    a.sub(rounds, 1);
    a.jump("notZero", alone);
    a.bind(finish);
    chacha20.finish(groups, key);
    a.call(this.#finishChunk);
    chacha20.store(groups);
  }

  /**
   * Makes what there is keystream for the chunk to authenticate next; encrypts it when sealing. Leaves
   * {@linkcode remaining}.
   */
  #takeChunk(): void {
    const a = this.#a;
    const keyTaken = a.label("key taken");
    const [data, keystream, length] = [r8, r9, rcx];
    a.lea(keystream, at(rbp, SCRATCH.KEYSTREAM));
    a.load(r10, scratch(SCRATCH.SKIP));
    a.cmp(r10, 0);
    a.jump("zero", keyTaken);
    poly1305Begin(a, (offset) => at(keystream, offset));
    a.bind(keyTaken);
    a.add(keystream, r10);

    a.movImmediate(length, BigInt(MAX_GROUPS * this.#chacha20.groupSize));
    a.sub(length, r10);
    a.load(remaining, scratch(SCRATCH.REMAINING));
    a.cmp(length, remaining);
    a.cmov("above", length, remaining);
    a.sub(remaining, length);
    a.xor(r10, r10);
    a.store(scratch(SCRATCH.SKIP), r10);
    a.cmp(remaining, 0);
    a.cmov("zero", r10, descriptor);
    a.store(scratch(SCRATCH.ENDED), r10);
    a.store(scratch(SCRATCH.REMAINING), remaining);

    a.load(data, scratch(SCRATCH.DATA));
    a.mov(position, data);
    a.mov(r10, length);
    a.and(r10, -POLY1305_BLOCK_SIZE);
    a.add(r10, data);
    a.store(scratch(SCRATCH.WHOLE_END), r10);
    a.mov(r10, length);
    a.and(r10, POLY1305_BLOCK_SIZE - 1);
    a.store(scratch(SCRATCH.TAIL), r10);
    a.lea(r10, at(data));
    a.add(r10, length);
    a.store(scratch(SCRATCH.DATA), r10);
    if (this.#direction === "seal") {
      this.#addKeystream();
    } else {
      a.store(scratch(SCRATCH.SEALED), data);
      a.store(scratch(SCRATCH.SEALED_KEYSTREAM), keystream);
      a.store(scratch(SCRATCH.SEALED_LENGTH), length);
    }
  }

  /** Adds the keystream at r9 to rcx bytes at r8. Changes these and rdx, r10, r11. */
  #addKeystream(): void {
    const a = this.#a;
    const [data, keystream, length] = [r8, r9, rcx];
    const { width } = this.#chacha20.temporary(0);
    const [more, rest] = [a.label("more keystream"), a.label("rest of the keystream")];
    const advance = (size: number) => {
      a.add(data, size);
      a.add(keystream, size);
    };
    const addVector = (size: number) => {
      const bytes = vector(this.#chacha20.temporary(0).code, size);
      a.vload(bytes, at(keystream));
      a.vpxor(bytes, bytes, at(data));
      a.vstore(at(data), bytes);
      advance(size);
    };
    a.bind(more);
    a.cmp(length, width);
    a.jump("below", rest);
    addVector(width);
    a.sub(length, width);
    a.jmp(more);
    a.bind(rest);
    for (let size = width / 2; size >= 1; size /= 2) {
      const skip = a.label("skip");
      a.testByte(length, size);
      a.jump("zero", skip);
      if (size >= 16) addVector(size);
      else {
        const bytes = size as 1 | 2 | 4 | 8;
        a.load(rdx, at(data), bytes);
        a.load(r10, at(keystream), bytes);
        a.xor(rdx, r10);
        a.store(at(data), rdx, bytes);
        advance(size);
      }
      a.bind(skip);
    }
  }

  /**
   * Authenticates what the pass has left of a chunk, and of a message that it ends, the lengths and the
   * tag.
   */
  #authenticateRest(): void {
    const a = this.#a;
    const [more, whole, noTail, done] = ["more blocks", "no more blocks", "no tail", "chunk done"]
      .map((name) => a.label(name)) as [Label, Label, Label, Label];
    const tail = rcx;
    const block = (offset: number) => scratch(SCRATCH.BLOCK + offset);
    a.bind(more);
    a.cmp(position, scratch(SCRATCH.WHOLE_END));
    a.jump("aboveOrEqual", whole);
    poly1305Blocks(a, 1);
    a.jmp(more);
    a.bind(whole);
    a.load(rax, scratch(SCRATCH.ENDED));
    a.cmp(rax, 0);
    a.jump("zero", done);

    a.load(tail, scratch(SCRATCH.TAIL));
    a.cmp(tail, 0);
    a.jump("zero", noTail);
    this.#padTail(tail);
    poly1305Block(a, block);
    a.bind(noTail);
    // RFC 8439 section 2.8: the lengths of the additional data, which is none, and of the ciphertext.
    a.load(rax, scratch(SCRATCH.ENDED));
    a.load(rax, at(rax, DESCRIPTOR.LENGTH), 4);
    a.xor(rcx, rcx);
    a.store(block(0), rcx);
    a.store(block(8), rax);
    poly1305Block(a, block);
    poly1305End(a);

    const tag = position;
    a.add(tag, scratch(SCRATCH.TAIL));
    if (this.#direction === "seal") {
      a.store(at(tag), rax);
      a.store(at(tag, 8), rcx);
    } else {
      a.xor(rax, at(tag));
      a.xor(rcx, at(tag, 8));
      a.xor(rdx, rdx);
      a.or(rax, rcx);
      a.set("zero", rdx);
      a.load(rax, scratch(SCRATCH.ENDED));
      a.store(at(rax, DESCRIPTOR.RESULT), rdx, 4);
    }
    a.bind(done);
  }

  /** Copies the last 1 to 15 bytes, of which there are `tail`, to a block and fills it up with zeros. */
  #padTail(tail: Gpr): void {
    const a = this.#a;
    const [long, padded] = [a.label("long tail"), a.label("padded")];
    const [low, high, end, shift] = [rax, rdx, r8, r9];
    a.mov(end, position);
    a.add(end, tail);
    // The 8 bytes before the end are always the message's own. Those too many are shifted out.
    a.load(low, at(end, -8));
    a.xor(shift, shift);
    a.sub(shift, tail);
    a.shl(shift, 3); // modulo 64: the bits of the bytes too many
    a.shrx(low, low, shift);
    a.xor(high, high);
    a.cmp(tail, 8);
    a.jump("above", long);
    a.jmp(padded);
    a.bind(long);
    a.mov(high, low);
    a.load(low, at(position));
    a.bind(padded);
    a.store(scratch(SCRATCH.BLOCK), low);
    a.store(scratch(SCRATCH.BLOCK + 8), high);
  }

  /** Zeroes the scratch area and all registers that the function has used and needn't restore. */
  #wipe(): void {
    const a = this.#a;
    const zero = this.#chacha20.temporary(0);
    a.vpxor(zero, zero, zero);
    for (let offset = 0; offset < SCRATCH_SIZE; offset += zero.width) {
      a.vstore(at(rbp, offset), zero);
    }
    a.vzeroall();
    for (const register of OTHERS) a.xor(register, register);
  }
}

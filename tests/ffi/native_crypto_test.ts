import assert from "node:assert/strict";
import { createWasmCrypto, WASM_SCRATCH_SIZE } from "../../core/crypto/wasm.ts";
import { SCRATCH_SIZE } from "../../core/crypto/x86/scratch.ts";
import { buildSharedObject } from "../../core/crypto/x86/shared_object.ts";
import { generateTransportAead } from "../../core/crypto/x86/transport_aead.ts";
import { Arena } from "../../ffi/arena.ts";
import { cpuFlags } from "../../ffi/cpu_flags.ts";
import { F_ADD_SEALS } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { loadSharedObject } from "../../ffi/native_code.ts";
import { createNativeTransport } from "../../ffi/native_crypto.ts";
import { Bytes } from "../core/crypto/bytes.ts";
import { equal, NATIVE_VARIANTS } from "../core/crypto/implementations.ts";
import "./bind_libc.ts";
import { hasCompiler, runC } from "./c_program.ts";

/** What a descriptor stands for; empty when it is gone. */
function linkOf(fd: number): string {
  try {
    return Deno.readLinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return "";
  }
}

const OVERHEAD = 32;
const LONGEST = 65535;
const BATCH = 64;

Deno.test("native: there is none without a vector extension", () => {
  assert.equal(createNativeTransport(new Arena(65536), null), null);
});

Deno.test("native: what isn't a library isn't loaded, and leaves no descriptor open", () => {
  const before = [...Deno.readDirSync("/proc/self/fd")].length;
  assert.equal(loadSharedObject(new Uint8Array(100), {}), null);
  assert.equal([...Deno.readDirSync("/proc/self/fd")].length, before);
});

Deno.test({
  name: "cpu flags: those of /proc/cpuinfo",
  ignore: Deno.build.arch !== "x86_64",
  fn() {
    const line = Deno.readTextFileSync("/proc/cpuinfo").split("\n")
      .find((line) => line.startsWith("flags"));
    assert.deepEqual([...cpuFlags()], line?.split(": ")[1]?.split(" "));
    assert.ok(cpuFlags().has("sse2"));
  },
});

for (const variant of NATIVE_VARIANTS) {
  /** The same messages for the native code and for WebAssembly, in two halves of one arena. */
  class Twins {
    readonly arena = new Arena(40 * 65536);
    readonly bytes = this.arena.memory.bytes;
    readonly view = this.arena.memory.view;
    readonly wasm = createWasmCrypto(
      this.arena.wasmMemory,
      this.arena.reserve(WASM_SCRATCH_SIZE),
    ).transport;
    readonly scratchEnd: number;
    readonly native;
    readonly lists: readonly [number, number];
    readonly keys: number;
    readonly halves: readonly [number, number];
    readonly size = 19 * 65536;

    constructor() {
      const native = createNativeTransport(this.arena, variant);
      assert.ok(native);
      this.native = native;
      this.scratchEnd = this.arena.reserve(0);
      this.lists = [this.arena.reserve(16 * BATCH), this.arena.reserve(16 * BATCH)];
      this.keys = this.arena.reserve(32 * 8);
      this.halves = [this.arena.reserve(this.size), this.arena.reserve(this.size)];
    }

    /** Message `i` is `offset` bytes into each half. */
    describe(i: number, key: number, offset: number, length: number): void {
      this.halves.forEach((half, h) => {
        const words = Uint32Array.of(this.keys + 32 * key, half + offset, length, 7);
        this.bytes.set(new Uint8Array(words.buffer), (this.lists[h] ?? 0) + 16 * i);
      });
    }

    fill(random: Bytes, size: number): void {
      this.bytes.set(random.take(8 * 32), this.keys);
      for (const half of this.halves) this.bytes.fill(0x5a, half, half + size);
      this.copy(0, random.take(size));
    }

    copy(offset: number, bytes: Uint8Array): void {
      for (const half of this.halves) this.bytes.set(bytes, half + offset);
    }

    assertSame(size: number, message: string): void {
      const [native, wasm] = this.halves.map((half) => this.bytes.subarray(half, half + size));
      assert.ok(native && wasm && equal(native, wasm), message);
    }

    result(half: 0 | 1, i: number): number {
      return this.view.getUint32(this.lists[half] + 16 * i + 12, true);
    }
  }

  Deno.test(`native ${variant}: seals and opens the longest messages, and those around a pass`, () => {
    const twins = new Twins();
    const random = new Bytes(11);
    const lengths = [LONGEST, LONGEST - 1, 65520, 40000, 9000];
    for (let pass = 1; pass < 9; pass++) {
      for (const more of [-1, 0, 1, 15, 16]) {
        lengths.push(256 * pass - 64 + more, 256 * pass + more);
      }
    }
    for (const length of lengths) {
      const size = length + OVERHEAD + 64;
      twins.fill(random, size);
      twins.describe(0, 3, 17, length);
      twins.native.sealBatch(twins.lists[0], 1);
      twins.wasm.sealBatch(twins.lists[1], 1);
      twins.assertSame(size, `seal ${length}`);
      twins.native.openBatch(twins.lists[0], 1);
      twins.wasm.openBatch(twins.lists[1], 1);
      assert.equal(twins.result(0, 0), 1, `open ${length}`);
      twins.assertSame(size, `open ${length}`);
    }
  });

  Deno.test(`native ${variant}: random batches come out as WebAssembly's, untouched around`, () => {
    const twins = new Twins();
    const random = new Bytes(12);
    for (let round = 0; round < 150; round++) {
      const count = random.below(BATCH + 1);
      const longest = [64, 200, 1500, 4000][random.below(4)] ?? 0;
      let size = 64;
      const places = Array.from({ length: count }, () => {
        const offset = size + random.below(32);
        const length = random.below(longest);
        size = offset + length + OVERHEAD;
        return { offset, length };
      });
      size += 64;
      twins.fill(random, size);
      const keys = twins.bytes.slice(twins.keys, twins.keys + 8 * 32);
      places.forEach(({ offset, length }, i) => twins.describe(i, random.below(8), offset, length));
      twins.native.sealBatch(twins.lists[0], count);
      twins.wasm.sealBatch(twins.lists[1], count);
      twins.assertSame(size, `seal, round ${round}`);

      const forged = places.map(() => random.below(3) === 0);
      places.forEach(({ offset, length }, i) => {
        if (!forged[i]) return;
        const bit = random.below(8 * (8 + length + 16));
        const at = offset + 8 + (bit >> 3);
        for (const half of twins.halves) {
          twins.view.setUint8(half + at, twins.view.getUint8(half + at) ^ (1 << (bit & 7)));
        }
      });
      const before = twins.bytes.slice(twins.halves[0], twins.halves[0] + size);
      twins.native.openBatch(twins.lists[0], count);
      twins.wasm.openBatch(twins.lists[1], count);
      places.forEach(({ offset, length }, i) => {
        assert.equal(twins.result(0, i), forged[i] ? 0 : 1, `round ${round}, message ${i}`);
        assert.equal(twins.result(1, i), forged[i] ? 0 : 1);
        // What a forged message decrypts to is of no interest.
        if (forged[i]) twins.copy(offset, before.subarray(offset, offset + length + OVERHEAD));
      });
      twins.assertSame(size, `open, round ${round}`);
      assert.ok(equal(twins.bytes.slice(twins.keys, twins.keys + 8 * 32), keys));
    }
  });

  Deno.test(`native ${variant}: nobody can change the code once it is loaded`, () => {
    assert.ok(createNativeTransport(new Arena(65536), variant));
    const descriptors = [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => Number(name));
    const files = descriptors.filter((fd) => linkOf(fd) === "/memfd:wgts (deleted)");
    assert.ok(files.length > 0);
    for (const fd of files) {
      assert.equal(libc.write(fd, new Uint8Array(1), 1), -1);
      assert.equal(libc.fcntl(fd, F_ADD_SEALS, 0), -1);
    }
    // No part of it is writable and executable.
    for (const line of Deno.readTextFileSync("/proc/self/maps").split("\n")) {
      if (line.includes("/memfd:wgts")) assert.doesNotMatch(line, / .wx/);
    }
  });

  Deno.test(`native ${variant}: the scratch area is all zero after each call`, () => {
    const twins = new Twins();
    const random = new Bytes(13);
    const scratch = twins.bytes.subarray(
      twins.scratchEnd - 16 - SCRATCH_SIZE,
      twins.scratchEnd - 16,
    );
    for (const length of [0, 1, 64, 700, 1420, 5000]) {
      twins.fill(random, length + OVERHEAD);
      twins.describe(0, 0, 0, length);
      scratch.fill(0xff);
      twins.native.sealBatch(twins.lists[0], 1);
      assert.ok(scratch.every((byte) => byte === 0), `after sealing ${length}`);
      scratch.fill(0xff);
      twins.native.openBatch(twins.lists[0], 1);
      assert.ok(scratch.every((byte) => byte === 0), `after opening ${length}`);
    }
  });

  Deno.test({
    name: `native ${variant}: registers are zeroed or, where the ABI says so, restored`,
    ignore: !hasCompiler,
    async fn() {
      const directory = await Deno.makeTempDir();
      try {
        const library = `${directory}/aead.so`;
        await Deno.writeFile(library, buildSharedObject(generateTransportAead(variant)));
        assert.equal(await runC(registerCheck(library, variant === "avx512")), "ok\n".repeat(8));
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    },
  });
}

const ZEROED = ["rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11"];
const RESTORED = ["rbx", "rbp", "r12", "r13", "r14", "r15"];

/** A program that calls both functions with marked registers, and looks at all of them afterwards. */
function registerCheck(library: string, hasAvx512: boolean): string {
  const registers = [...ZEROED, ...RESTORED];
  const vectors = Array.from({ length: 16 }, (_, i) => i);
  const [move, name] = hasAvx512 ? ["vmovdqu64", "zmm"] : ["vmovdqu", "ymm"];
  const probe = [
    ...RESTORED.map((register) => `push %${register}`),
    "sub $8, %rsp",
    ...vectors.map((i) => `${move} marks(%rip), %${name}${i}`),
    ...[...RESTORED, "r8", "r9", "r10", "r11"].map((register) => `mov marks(%rip), %${register}`),
    "mov %rdi, %rax",
    "lea arena(%rip), %rdi",
    "mov $64, %esi",
    "mov $2, %edx",
    "lea scratch(%rip), %rcx",
    "call *%rax",
    ...registers.map((register, i) => `mov %${register}, general+${8 * i}(%rip)`),
    ...vectors.map((i) => `${move} %${name}${i}, vectors+${64 * i}(%rip)`),
    "vzeroupper",
    "add $8, %rsp",
    ...RESTORED.toReversed().map((register) => `pop %${register}`),
    "ret",
  ];
  return `
#include <dlfcn.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
uint64_t general[${registers.length}], marks[8];
unsigned char vectors[32 * 64], arena[32768];
unsigned char scratch[8192] __attribute__((aligned(64)));
__asm__(".text\\n.globl probe\\nprobe:\\n${probe.join("\\n")}\\n");
void probe(void *function);
int main(void) {
  memset(marks, 0xa5, sizeof marks);
  void *library = dlopen(${JSON.stringify(library)}, RTLD_NOW);
  if (!library) return puts(dlerror());
  for (int length = 0; length < 4000; length += 1300) for (int open = 0; open < 2; open++) {
    uint32_t list[8] = { 4096, 8192, length, 0, 4128, 16384, length, 0 };
    for (int i = 0; i < (int)sizeof arena; i++) arena[i] = i * 37;
    memcpy(arena + 64, list, sizeof list);
    memset(general, 0x77, sizeof general);
    probe(dlsym(library, open ? "openBatch" : "sealBatch"));
    const char *verdict = "ok";
    for (int i = 0; i < ${ZEROED.length}; i++) if (general[i] != 0) verdict = "not zeroed";
    for (int i = ${ZEROED.length}; i < ${registers.length}; i++)
      if (general[i] != marks[0]) verdict = "not restored";
    for (int i = 0; i < ${64 * vectors.length}; i++)
      if (vectors[i] != 0) verdict = "a vector is not zeroed";
    puts(verdict);
  }
  return 0;
}`;
}

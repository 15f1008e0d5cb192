import type { Crypto } from "../../../core/crypto/crypto.ts";
import { createNobleCrypto } from "../../../core/crypto/noble.ts";
import { createWasmCrypto, WASM_SCRATCH_SIZE } from "../../../core/crypto/wasm.ts";
import { type Memory, memoryOf } from "../../../core/memory.ts";

/** A {@linkcode Crypto} under test and the memory that it works on. */
export interface Subject {
  crypto: Crypto;
  memory: Memory;
}

/** Bytes of memory that a test may use, from offset 0. */
export const TEST_MEMORY_SIZE = 33 * 65536;

/** Every implementation, made anew by each call. */
export const IMPLEMENTATIONS: Record<string, () => Subject> = {
  noble() {
    const memory = memoryOf(new ArrayBuffer(TEST_MEMORY_SIZE));
    return { crypto: createNobleCrypto(memory), memory };
  },
  wasm() {
    const pages = Math.ceil((TEST_MEMORY_SIZE + WASM_SCRATCH_SIZE) / 65536);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    return { crypto: createWasmCrypto(memory, TEST_MEMORY_SIZE), memory: memoryOf(memory.buffer) };
  },
  "wasm in a shared memory"() {
    const pages = Math.ceil((TEST_MEMORY_SIZE + 2 * WASM_SCRATCH_SIZE) / 65536);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    const scratch = TEST_MEMORY_SIZE + WASM_SCRATCH_SIZE;
    return { crypto: createWasmCrypto(memory, scratch), memory: memoryOf(memory.buffer) };
  },
};

/** Whether two arrays hold the same bytes; much faster than a deep comparison. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Registers one test for each implementation. */
export function testEach(name: string, run: (subject: Subject) => void): void {
  for (const [implementation, create] of Object.entries(IMPLEMENTATIONS)) {
    Deno.test(`${implementation}: ${name}`, () => run(create()));
  }
}

import type { Crypto } from "../../../core/crypto/crypto.ts";
import { createNobleCrypto } from "../../../core/crypto/noble.ts";
import { type Memory, memoryOf } from "../../../core/memory.ts";

/** A {@linkcode Crypto} under test and the memory that it works on. */
export interface Subject {
  crypto: Crypto;
  memory: Memory;
}

/** Bytes of memory that a test may use, from offset 0. */
export const TEST_MEMORY_SIZE = 3 * 65536;

/** Every implementation, made anew by each call. */
export const IMPLEMENTATIONS: Record<string, () => Subject> = {
  noble() {
    const memory = memoryOf(new ArrayBuffer(TEST_MEMORY_SIZE));
    return { crypto: createNobleCrypto(memory), memory };
  },
};

/** Registers one test for each implementation. */
export function testEach(name: string, run: (subject: Subject) => void): void {
  for (const [implementation, create] of Object.entries(IMPLEMENTATIONS)) {
    Deno.test(`${implementation}: ${name}`, () => run(create()));
  }
}

import assert from "node:assert/strict";
import type { Crypto } from "../../../core/crypto/crypto.ts";
import { createNobleCrypto } from "../../../core/crypto/noble.ts";
import { createWasmCrypto, WASM_SCRATCH_SIZE } from "../../../core/crypto/wasm.ts";
import type { VectorExtension } from "../../../core/crypto/x86/transport_aead.ts";
import { type Memory, memoryOf } from "../../../core/memory.ts";
import { Arena } from "../../../ffi/arena.ts";
import { type Libcrypto, openLibcrypto } from "../../../ffi/libcrypto.ts";
import { createLibcryptoCrypto } from "../../../ffi/libcrypto_crypto.ts";
import { createNativeTransport, vectorExtension } from "../../../ffi/native_crypto.ts";

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

/** Opened now, because a test may not leave a library behind. Null where the system has none. */
export const libcrypto: Libcrypto | null = (() => {
  try {
    return openLibcrypto();
  } catch {
    return null;
  }
})();

if (libcrypto !== null) {
  const create = (shortByWasm: boolean) => () => {
    const arena = new Arena(TEST_MEMORY_SIZE + 2 * 65536);
    arena.reserve(TEST_MEMORY_SIZE);
    const wasm = createWasmCrypto(arena.wasmMemory, arena.reserve(WASM_SCRATCH_SIZE));
    const short = shortByWasm ? wasm.transport : null;
    return { crypto: createLibcryptoCrypto(arena, libcrypto, wasm, short), memory: arena.memory };
  };
  IMPLEMENTATIONS.libcrypto = create(false);
  IMPLEMENTATIONS["libcrypto, short messages by wasm"] = create(true);
}

const widest = vectorExtension();
/** The variants of the native code that this machine runs. */
export const NATIVE_VARIANTS: readonly VectorExtension[] = {
  avx512: ["avx2", "avx512"] as const,
  avx2: ["avx2"] as const,
  none: [],
}[widest ?? "none"];

/** Every implementation of transport data's AEAD. The rest of the native ones is WebAssembly's. */
export const TRANSPORTS: Record<string, () => Subject> = { ...IMPLEMENTATIONS };
for (const extension of NATIVE_VARIANTS) {
  // Loaded now, because a test may not leave a library behind.
  assert.ok(createNativeTransport(new Arena(65536), extension));
  TRANSPORTS[`native ${extension}`] = () => {
    const arena = new Arena(TEST_MEMORY_SIZE + 2 * 65536);
    arena.reserve(TEST_MEMORY_SIZE);
    const wasm = createWasmCrypto(arena.wasmMemory, arena.reserve(WASM_SCRATCH_SIZE));
    const transport = createNativeTransport(arena, extension);
    assert.ok(transport);
    return { crypto: { ...wasm, transport }, memory: arena.memory };
  };
}

/** Whether two arrays hold the same bytes; much faster than a deep comparison. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Registers one test for each implementation. */
export function testEach(
  name: string,
  run: (subject: Subject) => void,
  implementations: Record<string, () => Subject> = IMPLEMENTATIONS,
): void {
  for (const [implementation, create] of Object.entries(implementations)) {
    Deno.test(`${implementation}: ${name}`, () => run(create()));
  }
}

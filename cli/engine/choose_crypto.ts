import type { Crypto } from "../../core/crypto/crypto.ts";
import { createWasmCrypto, WASM_SCRATCH_SIZE, wasmSupported } from "../../core/crypto/wasm.ts";
import type { Arena } from "../../ffi/arena.ts";

/** Makes the implementation of the cryptography that works on `arena`. */
export type CryptoFactory = (arena: Arena) => Crypto;

/**
 * The fastest implementation that this machine runs. The reference, noble, is loaded only where there is
 * no SIMD: loading it takes longer than all the rest of an engine's start.
 */
export async function chooseCrypto(): Promise<CryptoFactory> {
  if (wasmSupported()) {
    return (arena) => createWasmCrypto(arena.wasmMemory, arena.reserve(WASM_SCRATCH_SIZE));
  }
  const { createNobleCrypto } = await import("../../core/crypto/noble.ts");
  return (arena) => createNobleCrypto(arena.memory);
}

import type { Crypto } from "../../core/crypto/crypto.ts";
import { createWasmCrypto, WASM_SCRATCH_SIZE, wasmSupported } from "../../core/crypto/wasm.ts";
import { Arena } from "../../ffi/arena.ts";
import type { BackendName } from "./crypto_report.ts";

/**
 * Makes an implementation of the cryptography that works on `arena`. What it doesn't do itself, it takes
 * from `base`, which is "wasm" or "noble" on the same arena, and which those two don't need.
 *
 * @throws Error with the reason when it can't
 */
export type CreateBackend = (arena: Arena, base: Crypto | null) => Crypto;

/**
 * The implementations. Each is loaded when it is asked for, and before the engine is confined: that
 * rejects with the reason when the machine can't run it.
 */
export type Backends = Readonly<Record<BackendName, () => Promise<CreateBackend>>>;

/** Those of this machine. */
export const BACKENDS: Backends = {
  async native() {
    const { createNativeTransport, vectorExtension } = await import("../../ffi/native_crypto.ts");
    if (vectorExtension() === null) throw new Error("this processor has no AVX2");
    // Loads the code, and with it finds out whether that can be had.
    if (createNativeTransport(new Arena(1)) === null) {
      throw new Error("the system doesn't load generated code");
    }
    return (arena, base) => {
      const transport = createNativeTransport(arena);
      if (transport === null) throw new Error("the system doesn't load generated code");
      return { ...required(base), name: "native", transport };
    };
  },

  async libcrypto() {
    const { openLibcrypto } = await import("../../ffi/libcrypto.ts");
    const { createLibcryptoCrypto } = await import("../../ffi/libcrypto_crypto.ts");
    const library = openLibcrypto();
    return (arena, maybeBase) => {
      const base = required(maybeBase);
      const short = base.name === "wasm" ? base.transport : null;
      return createLibcryptoCrypto(arena, library, base, short);
    };
  },

  wasm() {
    if (!wasmSupported()) return Promise.reject(new Error("this machine has no WebAssembly SIMD"));
    return Promise.resolve((arena) =>
      createWasmCrypto(arena.wasmMemory, arena.reserve(WASM_SCRATCH_SIZE))
    );
  },

  // Loading it takes longer than all the rest of an engine's start.
  async noble() {
    const { createNobleCrypto } = await import("../../core/crypto/noble.ts");
    return ({ memory }) => createNobleCrypto(memory);
  },
};

function required(base: Crypto | null): Crypto {
  if (base === null) throw new Error("there is nothing to build on");
  return base;
}

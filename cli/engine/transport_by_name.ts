import type { TransportAead } from "../../core/crypto/crypto.ts";
import { createWasmCrypto, WASM_SCRATCH_SIZE } from "../../core/crypto/wasm.ts";
import type { Arena } from "../../ffi/arena.ts";
import { createNativeTransport } from "../../ffi/native_crypto.ts";

/** Bytes of an arena that an implementation needs at most. */
export const TRANSPORT_SCRATCH_SIZE = 16_384;

/** The AEAD of the implementation `name`, for another thread. Null when it has none for several. */
export function createTransport(name: string, arena: Arena): TransportAead | null {
  switch (name) {
    case "wasm":
      return createWasmCrypto(arena.wasmMemory, arena.reserve(WASM_SCRATCH_SIZE)).transport;
    case "native":
      return createNativeTransport(arena);
    default:
      return null;
  }
}

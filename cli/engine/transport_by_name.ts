import type { TransportAead } from "../../core/crypto/crypto.ts";
import { createWasmCrypto, WASM_SCRATCH_SIZE } from "../../core/crypto/wasm.ts";
import type { Arena } from "../../ffi/arena.ts";
import { openLibcrypto } from "../../ffi/libcrypto.ts";
import { LibcryptoTransportAead } from "../../ffi/libcrypto_transport.ts";
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
    case "libcrypto": {
      const wasm = createWasmCrypto(arena.wasmMemory, arena.reserve(WASM_SCRATCH_SIZE));
      return new LibcryptoTransportAead(arena, openLibcrypto(), wasm.transport);
    }
    default:
      return null;
  }
}

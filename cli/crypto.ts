import type { HandshakeCrypto } from "../core/crypto/crypto.ts";
import { createWasmCrypto, WASM_SCRATCH_SIZE } from "../core/crypto/wasm.ts";

const PAGE_SIZE = 65_536;

/**
 * The primitives for commands that only need a key derived: the WASM module on a memory of its own.
 * It starts in a millisecond, and unlike noble it runs in constant time.
 */
export function createHandshakeCrypto(): HandshakeCrypto {
  const pages = Math.ceil(WASM_SCRATCH_SIZE / PAGE_SIZE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  return createWasmCrypto(memory, 0).handshake;
}

import type { HandshakeCrypto } from "../core/crypto/crypto.ts";
import { createWasmCrypto, WASM_SCRATCH_SIZE, wasmSupported } from "../core/crypto/wasm.ts";
import { memoryOf, secretBytes } from "../core/memory.ts";
import { importLater } from "./import_later.ts";

type Noble = typeof import("../core/crypto/noble.ts");

const PAGE_SIZE = 65_536;

/** Loads what derives public keys (32 bytes) from private ones (32 bytes). */
export async function loadPublicKeyOf(): Promise<(privateKey: Uint8Array) => Uint8Array> {
  const crypto = await loadHandshakeCrypto();
  return (privateKey) => {
    const publicKey = secretBytes(32);
    crypto.x25519Base(publicKey, privateKey);
    return publicKey;
  };
}

/** WASM starts in a millisecond and runs in constant time; noble is for where there is no SIMD. */
async function loadHandshakeCrypto(): Promise<HandshakeCrypto> {
  if (!wasmSupported()) {
    const { createNobleCrypto } = await importLater<Noble>(
      "../core/crypto/noble.ts",
    );
    return createNobleCrypto(memoryOf(new ArrayBuffer(0))).handshake;
  }
  const pages = Math.ceil(WASM_SCRATCH_SIZE / PAGE_SIZE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  return createWasmCrypto(memory, 0).handshake;
}

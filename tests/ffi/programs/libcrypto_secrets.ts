/**
 * Seals, opens and agrees on a key by libcrypto, overwrites what it owns of the secrets, unless it is
 * told to "keep" them, and prints them masked. Then it waits, so that somebody can look for copies.
 */
import { createWasmCrypto, WASM_SCRATCH_SIZE } from "../../../core/crypto/wasm.ts";
import { Arena } from "../../../ffi/arena.ts";
import { openLibcrypto } from "../../../ffi/libcrypto.ts";
import { createLibcryptoCrypto } from "../../../ffi/libcrypto_crypto.ts";

export const MASK = 0x5a;

const COUNT = 3;
const SLOT = 2048;
const LENGTH = 1000;

if (import.meta.main) {
  const arena = new Arena(1 << 20);
  const { bytes, view } = arena.memory;
  const wasm = createWasmCrypto(arena.wasmMemory, arena.reserve(WASM_SCRATCH_SIZE));
  const crypto = createLibcryptoCrypto(arena, openLibcrypto(), wasm);

  const secrets = arena.reserve(4 * 32);
  const [key, otherKey, privateKey, shared] = [0, 32, 64, 96].map((at) => secrets + at) as [
    number,
    number,
    number,
    number,
  ];
  globalThis.crypto.getRandomValues(bytes.subarray(secrets, shared));
  // The random number generator keeps what it gave.
  for (let at = secrets; at < shared; at++) bytes[at] = 77 + 5 * (bytes[at] ?? 0);
  const list = arena.reserve(COUNT * 16);
  const messages = arena.reserve(COUNT * SLOT);
  for (let i = 0; i < COUNT; i++) {
    view.setUint32(list + 16 * i, key, true);
    view.setUint32(list + 16 * i + 4, messages + i * SLOT, true);
    view.setUint32(list + 16 * i + 8, LENGTH, true);
  }
  crypto.transport.sealBatch(list, COUNT);
  crypto.transport.openBatch(list, COUNT);
  crypto.transport.seal(otherKey, messages, LENGTH);
  crypto.transport.open(otherKey, messages, LENGTH);
  // Forged, too.
  const opened = crypto.transport.open(otherKey, messages, LENGTH);
  const slot = (at: number) => bytes.subarray(at, at + 32);
  const point = new Uint8Array(32).fill(9);
  crypto.handshake.x25519(slot(shared), slot(privateKey), point);
  crypto.handshake.x25519Base(new Uint8Array(32), slot(privateKey));

  const masked = new Uint8Array(4 * 32);
  for (let i = 0; i < masked.length; i++) masked[i] = (bytes[secrets + i] ?? 0) ^ MASK;
  if (Deno.args[0] !== "keep") bytes.fill(0, secrets, secrets + 4 * 32);
  console.log(`${opened} ${masked.toHex()}`);
  await Deno.stdin.read(new Uint8Array(1));
}

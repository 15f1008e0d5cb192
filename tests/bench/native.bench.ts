/**
 * The generated machine code beside WebAssembly, in nanoseconds per message:
 * `deno run -A tests/bench/native.bench.ts [avx2|avx512]`.
 *
 * The two take turns and the least time of each counts, so that both see the same machine. One variant
 * per process: V8 calls native code in the fastest way only where a call always has the same target.
 */

import type { TransportAead } from "../../core/crypto/crypto.ts";
import { createWasmCrypto, WASM_SCRATCH_SIZE } from "../../core/crypto/wasm.ts";
import type { VectorExtension } from "../../core/crypto/x86/transport_aead.ts";
import { Arena } from "../../ffi/arena.ts";
import { createNativeTransport, vectorExtension } from "../../ffi/native_crypto.ts";

const BATCH = 64;
const SLOT = 2048;
const ROUNDS = 30;
/** Messages between two looks at the clock. */
const MESSAGES = 64 * 64;

const arena = new Arena(4 * 65536);
const keys = arena.reserve(32 * BATCH);
const list = arena.reserve(16 * BATCH);
const messages = arena.reserve(SLOT * BATCH);

function describeBatch(length: number): void {
  for (let i = 0; i < BATCH; i++) {
    const descriptor = Uint32Array.of(keys + 32 * i, messages + SLOT * i, length, 0);
    arena.memory.bytes.set(new Uint8Array(descriptor.buffer), list + 16 * i);
  }
}

/** Each call has a function of its own, so that V8 optimises it for its one target. */
const OPERATIONS: Record<string, (aead: TransportAead, length: number) => void> = {
  "seal, batch of 64": (aead) => aead.sealBatch(list, BATCH),
  "open, batch of 64": (aead) => aead.openBatch(list, BATCH),
  "seal, one by one": (aead, length) => {
    for (let i = 0; i < BATCH; i++) aead.seal(keys, messages, length);
  },
  "open, one by one": (aead, length) => {
    for (let i = 0; i < BATCH; i++) aead.open(keys, messages, length);
  },
};

/** Nanoseconds per message. */
function measure(
  operation: (aead: TransportAead, length: number) => void,
  aead: TransportAead,
  length: number,
): number {
  const start = performance.now();
  for (let done = 0; done < MESSAGES; done += BATCH) operation(aead, length);
  return (performance.now() - start) * 1e6 / MESSAGES;
}

if (import.meta.main) {
  const extension = (Deno.args[0] ?? vectorExtension()) as VectorExtension | null;
  const native = createNativeTransport(arena, extension);
  if (native === null) throw new Error("Cannot use native code: this machine has neither variant");
  const wasm = createWasmCrypto(arena.wasmMemory, arena.reserve(WASM_SCRATCH_SIZE)).transport;
  globalThis.crypto.getRandomValues(arena.memory.bytes.subarray(keys, keys + 32 * BATCH));
  console.log(`${"".padEnd(24)} bytes    wasm ${String(extension).padStart(7)}   ratio`);
  for (const [name, operation] of Object.entries(OPERATIONS)) {
    for (const length of [64, 512, 1420]) {
      describeBatch(length);
      const best = { wasm: Infinity, native: Infinity };
      for (let round = 0; round < ROUNDS; round++) {
        best.wasm = Math.min(best.wasm, measure(operation, wasm, length));
        best.native = Math.min(best.native, measure(operation, native, length));
      }
      const columns = [
        String(length).padStart(6),
        best.wasm.toFixed(0).padStart(8),
        best.native.toFixed(0).padStart(8),
        (best.native / best.wasm).toFixed(2).padStart(8),
      ];
      console.log(name.padEnd(24) + columns.join(""));
    }
  }
}

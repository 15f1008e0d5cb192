/**
 * Micro-benchmarks of the cryptography, noble beside WebAssembly: `deno task bench:micro`.
 *
 * Figures of one run can be compared with each other. A batch is {@linkcode BATCH} messages: divide its
 * time by that.
 */

import type { Crypto } from "../../core/crypto/crypto.ts";
import { createNobleCrypto } from "../../core/crypto/noble.ts";
import { createWasmCrypto, WASM_SCRATCH_SIZE } from "../../core/crypto/wasm.ts";
import { memoryOf } from "../../core/memory.ts";

const KEY = 0;
const LIST = 1024;
const MESSAGES = 4096;
const SLOT = 2048;
const BATCH = 64;
const SCRATCH = 3 * 65536;

const wasmMemory = new WebAssembly.Memory({ initial: 4, maximum: 4 });
const memory = memoryOf(wasmMemory.buffer);
const cryptos: Crypto[] = [createNobleCrypto(memory), createWasmCrypto(wasmMemory, SCRATCH)];
if (SCRATCH + WASM_SCRATCH_SIZE > memory.bytes.length) throw new RangeError("memory too small");

globalThis.crypto.getRandomValues(memory.bytes.subarray(KEY, KEY + 32));

function describeBatch(length: number): void {
  for (let i = 0; i < BATCH; i++) {
    const descriptor = Uint32Array.of(KEY, MESSAGES + i * SLOT, length, 0);
    memory.bytes.set(new Uint8Array(descriptor.buffer), LIST + 16 * i);
  }
}

for (const length of [64, 512, 1420]) {
  for (const { name, transport } of cryptos) {
    const baseline = name === "noble";
    Deno.bench({
      name: `${name}: seal ${length} B`,
      group: `seal ${length} B`,
      baseline,
      fn: () => transport.seal(KEY, MESSAGES, length),
    });
    Deno.bench({
      name: `${name}: seal and open ${length} B`,
      group: `seal and open ${length} B`,
      baseline,
      fn() {
        transport.seal(KEY, MESSAGES, length);
        transport.open(KEY, MESSAGES, length);
      },
    });
    Deno.bench({
      name: `${name}: seal a batch of ${BATCH} times ${length} B`,
      group: `seal batch ${length} B`,
      baseline,
      fn(b) {
        describeBatch(length);
        b.start();
        transport.sealBatch(LIST, BATCH);
        b.end();
      },
    });
    Deno.bench({
      name: `${name}: open a batch of ${BATCH} times ${length} B`,
      group: `open batch ${length} B`,
      baseline,
      fn(b) {
        describeBatch(length);
        transport.sealBatch(LIST, BATCH);
        b.start();
        transport.openBatch(LIST, BATCH);
        b.end();
      },
    });
  }
}

const out = new Uint8Array(32);
const key = globalThis.crypto.getRandomValues(new Uint8Array(32));
const point = globalThis.crypto.getRandomValues(new Uint8Array(32));
const text = globalThis.crypto.getRandomValues(new Uint8Array(116));
const nonce = text.subarray(0, 24);
const sealed = new Uint8Array(48);

const handshakeOperations: Record<string, (crypto: Crypto) => void> = {
  "BLAKE2s of 64 B": ({ handshake }) => handshake.hash(out, key, point),
  "keyed BLAKE2s of 116 B": ({ handshake }) => handshake.mac(out, key, text),
  "HMAC of 32 B": ({ handshake }) => handshake.hmac(out, key, point),
  "AEAD seal of 32 B with 32 B of data": ({ handshake }) => handshake.seal(sealed, key, point, key),
  "XChaCha20 seal of 32 B": ({ handshake }) => handshake.sealX(sealed, key, nonce, point, key),
  "X25519": ({ handshake }) => void handshake.x25519(out, key, point),
  "checksum of 1420 B": ({ checksum }) => void checksum.sum(MESSAGES, 1420),
  "checksum and copy of 1420 B": ({ checksum }) => {
    checksum.copyAndSum(MESSAGES + SLOT, MESSAGES, 1420);
  },
};
for (const [group, operate] of Object.entries(handshakeOperations)) {
  for (const crypto of cryptos) {
    const baseline = crypto.name === "noble";
    Deno.bench({ name: `${crypto.name}: ${group}`, group, baseline, fn: () => operate(crypto) });
  }
}

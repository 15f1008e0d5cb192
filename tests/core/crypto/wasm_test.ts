import assert from "node:assert/strict";
import { type Crypto, TAG_SIZE } from "../../../core/crypto/crypto.ts";
import { buildKernel, formatModule } from "../../../core/crypto/kernel/build.ts";
import { createWasmCrypto, WASM_SCRATCH_SIZE, wasmSupported } from "../../../core/crypto/wasm.ts";
import { Bytes } from "./bytes.ts";

const KEY = 0;
const LIST = 64;
const MESSAGE = 1024;
const SCRATCH = 32768;

/** Every operation once, with inputs that reach each path and fill the areas as far as possible. */
function operations(random: Bytes, bytes: Uint8Array): Record<string, (crypto: Crypto) => unknown> {
  const key = random.take(32);
  const nonce = random.take(24);
  const text = random.take(2000);
  const out32 = new Uint8Array(32);
  const sealed = new Uint8Array(text.length + TAG_SIZE);
  const opened = new Uint8Array(text.length);
  bytes.set(random.take(32), KEY);
  bytes.set(random.take(4096), MESSAGE);
  const descriptors = Uint32Array.of(KEY, MESSAGE, 1420, 0, KEY, MESSAGE + 2048, 1420, 0);
  bytes.set(new Uint8Array(descriptors.buffer), LIST);
  return {
    seal: ({ transport }) => transport.seal(KEY, MESSAGE, 1420),
    open: ({ transport }) => transport.open(KEY, MESSAGE, 1420),
    "open of forged": ({ transport }) => transport.open(KEY, MESSAGE, 1420),
    sealBatch: ({ transport }) => transport.sealBatch(LIST, 2),
    openBatch: ({ transport }) => transport.openBatch(LIST, 2),
    hash: ({ handshake }) => handshake.hash(out32, text, text),
    mac: ({ handshake }) => handshake.mac(out32, key, text),
    hmac: ({ handshake }) => handshake.hmac(out32, key, text, text),
    "handshake seal": ({ handshake }) => handshake.seal(sealed, key, text, text),
    "handshake open": ({ handshake }) => handshake.open(opened, key, sealed, text),
    "handshake open of forged": ({ handshake }) =>
      handshake.open(opened, key, sealed, text.slice(1)),
    "handshake open of too little": ({ handshake }) =>
      handshake.open(opened, key, sealed.subarray(0, TAG_SIZE - 1), text),
    sealX: ({ handshake }) => handshake.sealX(sealed, key, nonce, text, text),
    openX: ({ handshake }) => handshake.openX(opened, key, nonce, sealed, text),
    x25519: ({ handshake }) => handshake.x25519(out32, key, nonce.slice().fill(7)),
    x25519Base: ({ handshake }) => handshake.x25519Base(out32, key),
    checksum: ({ checksum }) => checksum.copyAndSum(16384, MESSAGE, 4096),
  };
}

Deno.test("wasm: no operation leaves anything in its scratch area or writes beside it", () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const bytes = new Uint8Array(memory.buffer);
  const before = bytes.subarray(SCRATCH - 256, SCRATCH).fill(0xa5);
  const area = bytes.subarray(SCRATCH, SCRATCH + WASM_SCRATCH_SIZE);
  const behind = bytes.subarray(SCRATCH + WASM_SCRATCH_SIZE, SCRATCH + WASM_SCRATCH_SIZE + 256);
  behind.fill(0xa5);
  const crypto = createWasmCrypto(memory, SCRATCH);
  for (const [name, operate] of Object.entries(operations(new Bytes(1), bytes))) {
    // What was there before must not matter, except that the exchange area is always left zeroed.
    area.fill(0x5a, 0, 3072);
    operate(crypto);
    const dirty = area.findLastIndex((byte) => byte !== 0 && byte !== 0x5a);
    assert.equal(dirty, -1, `${name} left something at ${dirty}`);
    assert.ok(before.every((byte) => byte === 0xa5), name);
    assert.ok(behind.every((byte) => byte === 0xa5), name);
  }
});

Deno.test("wasm: an input that is too long is refused, and no other is left behind", () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const crypto = createWasmCrypto(memory, SCRATCH);
  const [key, out] = [new Uint8Array(32).fill(1), new Uint8Array(64)];
  const long = new Uint8Array(2049).fill(2);
  const { handshake } = crypto;
  assert.throws(() => handshake.hash(out, key, long), RangeError);
  assert.throws(() => handshake.mac(out, long, key), RangeError);
  assert.throws(() => handshake.hmac(out, key, long), RangeError);
  assert.throws(() => handshake.seal(out, key, long, key), RangeError);
  assert.throws(() => handshake.seal(out, key, key, long), RangeError);
  assert.throws(() => handshake.sealX(out, key, long, key, key), RangeError);
  assert.throws(() => handshake.open(out, key, long, key), RangeError);
  assert.throws(() => handshake.x25519(out, key, long), RangeError);
  const scratch = new Uint8Array(memory.buffer, SCRATCH, WASM_SCRATCH_SIZE);
  assert.ok(scratch.every((byte) => byte === 0));
});

Deno.test("wasm: two instances share one memory", () => {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
  const bytes = new Uint8Array(memory.buffer);
  const one = createWasmCrypto(memory, SCRATCH);
  const other = createWasmCrypto(memory, SCRATCH + WASM_SCRATCH_SIZE);
  const text = new Bytes(3).take(1500);
  bytes.set(text, MESSAGE);
  one.transport.seal(KEY, MESSAGE, 1420);
  assert.equal(other.transport.open(KEY, MESSAGE, 1420), true);
  assert.deepEqual(bytes.slice(MESSAGE, MESSAGE + 1436), text.subarray(0, 1436));
});

Deno.test("wasm: takes a memory with or without a maximum, and only an aligned area within it", () => {
  assert.equal(wasmSupported(), true);
  const size = 65536;
  for (const descriptor of [{ initial: 1 }, { initial: 1, maximum: 1 }]) {
    const memory = new WebAssembly.Memory(descriptor);
    assert.equal(createWasmCrypto(memory, size - WASM_SCRATCH_SIZE).name, "wasm");
    assert.throws(() => createWasmCrypto(memory, size - WASM_SCRATCH_SIZE + 16), RangeError);
    assert.throws(() => createWasmCrypto(memory, 8), RangeError);
    assert.throws(() => createWasmCrypto(memory, -16), RangeError);
  }
});

Deno.test("wasm: the module in the repository is what its sources give", async () => {
  const path = new URL("../../../core/crypto/kernel/wgts_crypto.gen.ts", import.meta.url);
  assert.ok(
    formatModule(await buildKernel()) === Deno.readTextFileSync(path),
    "deno task build:wasm",
  );
});

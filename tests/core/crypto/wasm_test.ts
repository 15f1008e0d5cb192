import assert from "node:assert/strict";
import { type Crypto, TAG_SIZE } from "../../../core/crypto/crypto.ts";
import { buildKernel, formatModule } from "../../build_wasm.ts";
import { createWasmCrypto, WASM_SCRATCH_SIZE, wasmSupported } from "../../../core/crypto/wasm.ts";
import { Bytes } from "./bytes.ts";
import { equal } from "./implementations.ts";

const KEY = 0;
const LIST = 64;
const MESSAGE = 1024;
const SCRATCH = 32768;
/** Where the part of the scratch area for inputs and outputs begins. */
const EXCHANGE = 3072;

/** What an operation returned, and what it wrote outside of the memory. */
type Outcome = [returned: unknown, written?: Uint8Array];

/** Every operation once, with inputs that reach each path and fill the areas as far as possible. */
function operations(random: Bytes, bytes: Uint8Array): Record<string, (crypto: Crypto) => Outcome> {
  const key = random.take(32);
  const nonce = random.take(24);
  const text = random.take(2000);
  const out = new Uint8Array(32);
  const sealed = new Uint8Array(text.length + TAG_SIZE);
  const opened = new Uint8Array(text.length);
  bytes.set(random.take(32), KEY);
  bytes.set(random.take(4096), MESSAGE);
  const descriptors = Uint32Array.of(KEY, MESSAGE, 1420, 0, KEY, MESSAGE + 2048, 1420, 0);
  bytes.set(new Uint8Array(descriptors.buffer), LIST);
  return {
    seal: ({ transport: t }) => [t.seal(KEY, MESSAGE, 1420)],
    open: ({ transport: t }) => [t.open(KEY, MESSAGE, 1420)],
    "open of forged": ({ transport: t }) => [t.open(KEY, MESSAGE, 1420)],
    sealBatch: ({ transport: t }) => [t.sealBatch(LIST, 2)],
    openBatch: ({ transport: t }) => [t.openBatch(LIST, 2)],
    hash: ({ handshake: h }) => [h.hash(out, text, text), out],
    mac: ({ handshake: h }) => [h.mac(out, key, text), out],
    hmac: ({ handshake: h }) => [h.hmac(out, key, text, text), out],
    "handshake seal": ({ handshake: h }) => [h.seal(sealed, key, text, text), sealed],
    "handshake open": ({ handshake: h }) => [h.open(opened, key, sealed, text), opened],
    "handshake open of forged": ({ handshake: h }) => [h.open(opened, key, sealed, key), opened],
    "handshake open of too little": ({ handshake: h }) => [
      h.open(opened, key, sealed.subarray(0, TAG_SIZE - 1), text),
      opened,
    ],
    sealX: ({ handshake: h }) => [h.sealX(sealed, key, nonce, text, text), sealed],
    openX: ({ handshake: h }) => [h.openX(opened, key, nonce, sealed, text), opened],
    x25519: ({ handshake: h }) => [h.x25519(out, key, text.subarray(0, 32)), out],
    x25519Base: ({ handshake: h }) => [h.x25519Base(out, key), out],
    sum: ({ checksum: c }) => [c.sum(MESSAGE, 4095)],
    copyAndSum: ({ checksum: c }) => [c.copyAndSum(16384, MESSAGE, 4095)],
  };
}

/** The WebAssembly implementation with bytes around its scratch area that it must not change. */
class Guarded {
  readonly #memory = new WebAssembly.Memory({ initial: 1 });
  readonly bytes = new Uint8Array(this.#memory.buffer);
  readonly crypto = createWasmCrypto(this.#memory, SCRATCH);
  readonly operations = operations(new Bytes(1), this.bytes);
  readonly scratch = this.bytes.subarray(SCRATCH, SCRATCH + WASM_SCRATCH_SIZE);
  readonly #around = [
    this.bytes.subarray(SCRATCH - 256, SCRATCH),
    this.bytes.subarray(SCRATCH + WASM_SCRATCH_SIZE, SCRATCH + WASM_SCRATCH_SIZE + 256),
  ];

  constructor() {
    for (const bytes of this.#around) bytes.fill(0xa5);
  }

  get intact(): boolean {
    return this.#around.every((bytes) => bytes.every((byte) => byte === 0xa5));
  }
}

Deno.test("wasm: no operation depends on or leaves anything in its scratch area", () => {
  const clean = new Guarded();
  const dirty = new Guarded();
  for (const [name, operate] of Object.entries(dirty.operations)) {
    // The area for inputs and outputs is always left zeroed, the one for working state need not be.
    dirty.scratch.fill(0x5a, 0, EXCHANGE);
    const outcome = operate(dirty.crypto);
    const left = dirty.scratch.findLastIndex((byte) => byte !== 0 && byte !== 0x5a);
    assert.equal(left, -1, `${name} left something at ${left}`);
    assert.ok(dirty.intact, `${name} wrote beside the area`);

    assert.deepEqual(clean.operations[name]?.(clean.crypto), outcome, name);
    assert.ok(equal(clean.bytes.subarray(0, SCRATCH), dirty.bytes.subarray(0, SCRATCH)), name);
    assert.ok(clean.scratch.every((byte) => byte === 0), `${name} left something`);
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

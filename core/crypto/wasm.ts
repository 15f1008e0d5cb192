import { type Memory, memoryOf } from "../memory.ts";
import {
  type ChecksumKernel,
  type Crypto,
  type HandshakeCrypto,
  KEY_SIZE,
  MAX_HANDSHAKE_INPUT,
  TAG_SIZE,
  type TransportAead,
} from "./crypto.ts";
import { instantiateKernel, type Kernel } from "./kernel/kernel.ts";

/** Bytes of memory that {@linkcode createWasmCrypto} needs for its working state, 16-byte aligned. */
export const WASM_SCRATCH_SIZE = 8192;

/** The least module with a SIMD instruction: a function that returns `i8x16.splat(0)`'s first lane. */
const SIMD_PROBE = "AGFzbQEAAAABBQFgAAF/AwIBAAoLAQkAQQD9D/0WAAs=";

/** Whether this machine and engine run WebAssembly with SIMD. */
export function wasmSupported(): boolean {
  return typeof WebAssembly === "object" && WebAssembly.validate(Uint8Array.fromBase64(SIMD_PROBE));
}

/**
 * The fast implementation of {@linkcode Crypto}: WebAssembly with SIMD. No branch and no address
 * depends on a secret, and its working state is overwritten after use; what the compiled code leaves in
 * registers and on the machine's stack is out of reach.
 *
 * It works on `memory`, shared or not, and keeps its state in {@linkcode WASM_SCRATCH_SIZE} bytes at
 * `scratch`, which nobody else may touch. So one memory can serve several instances, each with an area
 * of its own. Throws RangeError when the area is not aligned or not within the memory.
 */
export function createWasmCrypto(memory: WebAssembly.Memory, scratch: number): Crypto {
  if (scratch % 16 !== 0 || scratch < 0) {
    throw new RangeError(`Cannot use scratch offset ${scratch}: it must be a multiple of 16`);
  }
  if (scratch + WASM_SCRATCH_SIZE > memory.buffer.byteLength) {
    throw new RangeError(
      `Cannot use scratch offset ${scratch}: ${WASM_SCRATCH_SIZE} bytes from there exceed the memory`,
    );
  }
  const kernel = instantiateKernel(memory, scratch);
  return {
    name: "wasm",
    transport: new WasmTransportAead(kernel),
    handshake: new WasmHandshakeCrypto(kernel, memoryOf(memory.buffer), scratch),
    checksum: { sum: kernel.sum, copyAndSum: kernel.copyAndSum } satisfies ChecksumKernel,
  };
}

class WasmTransportAead implements TransportAead {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  seal(key: number, message: number, length: number): void {
    this.#kernel.seal(key, message, length);
  }

  open(key: number, message: number, length: number): boolean {
    return this.#kernel.open(key, message, length) === 1;
  }

  sealBatch(list: number, count: number): void {
    this.#kernel.sealBatch(list, count);
  }

  openBatch(list: number, count: number): void {
    this.#kernel.openBatch(list, count);
  }
}

// Where a call's arguments are copied to, from the start of the exchange area.
const FIRST = 0;
const SECOND = 48;
const OUTPUT = 96;
const INPUT = 144;
/** Where data to encrypt begins: behind the longest additional data. */
const DATA = INPUT + MAX_HANDSHAKE_INPUT;
/** BLAKE2s wants this much room before and behind its input. */
const BLOCK_SIZE = 64;
const XNONCE_SIZE = 24;

/** Copies arguments into the kernel's memory, results out of it, and wipes both. */
class WasmHandshakeCrypto implements HandshakeCrypto {
  readonly #kernel: Kernel;
  readonly #bytes: Uint8Array;
  /** Offset of the exchange area. */
  readonly #exchange: number;

  constructor(kernel: Kernel, memory: Memory, scratch: number) {
    this.#kernel = kernel;
    this.#bytes = memory.bytes;
    this.#exchange = scratch + kernel.EXCHANGE.value;
  }

  hash(out: Uint8Array, first: Uint8Array, second?: Uint8Array): void {
    const length = this.#putBoth(first, second);
    const base = this.#exchange;
    this.#kernel.hash(base + OUTPUT, base + INPUT + BLOCK_SIZE, length);
    this.#take(out, OUTPUT, 32, INPUT + length + 2 * BLOCK_SIZE);
  }

  mac(out: Uint8Array, key: Uint8Array, input: Uint8Array): void {
    this.#put(FIRST, key, KEY_SIZE);
    const length = this.#putBoth(input);
    const base = this.#exchange;
    const inputAt = base + INPUT + BLOCK_SIZE;
    this.#kernel.mac(base + OUTPUT, base + FIRST, key.length, inputAt, length);
    this.#take(out, OUTPUT, 16, INPUT + length + 2 * BLOCK_SIZE);
  }

  hmac(out: Uint8Array, key: Uint8Array, first: Uint8Array, second?: Uint8Array): void {
    this.#put(FIRST, key, KEY_SIZE);
    const length = this.#putBoth(first, second);
    const base = this.#exchange;
    this.#kernel.hmac(base + OUTPUT, base + FIRST, base + INPUT + BLOCK_SIZE, length);
    this.#take(out, OUTPUT, 32, INPUT + length + 2 * BLOCK_SIZE);
  }

  seal(out: Uint8Array, key: Uint8Array, plaintext: Uint8Array, additionalData: Uint8Array): void {
    this.#put(FIRST, key, KEY_SIZE);
    // The nonce is zero, as is the area.
    this.#seal(out, plaintext, additionalData);
  }

  open(out: Uint8Array, key: Uint8Array, sealed: Uint8Array, additionalData: Uint8Array): boolean {
    this.#put(FIRST, key, KEY_SIZE);
    return this.#open(out, sealed, additionalData);
  }

  sealX(
    out: Uint8Array,
    key: Uint8Array,
    nonce: Uint8Array,
    plaintext: Uint8Array,
    additionalData: Uint8Array,
  ): void {
    this.#putSubkey(key, nonce);
    this.#seal(out, plaintext, additionalData);
  }

  openX(
    out: Uint8Array,
    key: Uint8Array,
    nonce: Uint8Array,
    sealed: Uint8Array,
    additionalData: Uint8Array,
  ): boolean {
    this.#putSubkey(key, nonce);
    return this.#open(out, sealed, additionalData);
  }

  x25519(out: Uint8Array, privateKey: Uint8Array, publicKey: Uint8Array): boolean {
    this.#put(FIRST, privateKey, KEY_SIZE);
    this.#put(SECOND, publicKey, KEY_SIZE);
    return this.#multiply(out);
  }

  x25519Base(out: Uint8Array, privateKey: Uint8Array): void {
    this.#put(FIRST, privateKey, KEY_SIZE);
    this.#bytes[this.#exchange + SECOND] = 9;
    this.#multiply(out);
  }

  #multiply(out: Uint8Array): boolean {
    const base = this.#exchange;
    const agreed = this.#kernel.x25519(base + OUTPUT, base + FIRST, base + SECOND);
    this.#take(out, OUTPUT, KEY_SIZE, INPUT);
    return agreed === 1;
  }

  /** Replaces key and nonce by HChaCha20's subkey and 4 zero bytes before the rest of the nonce. */
  #putSubkey(key: Uint8Array, nonce: Uint8Array): void {
    const base = this.#exchange;
    this.#put(OUTPUT, key, KEY_SIZE);
    this.#put(SECOND, nonce, XNONCE_SIZE);
    this.#kernel.hchacha20(base + FIRST, base + OUTPUT, base + SECOND);
    this.#bytes.copyWithin(base + SECOND + 4, base + SECOND + 16, base + SECOND + XNONCE_SIZE);
    this.#bytes.fill(0, base + SECOND, base + SECOND + 4);
  }

  /** Seals with the key at FIRST and the 12-byte nonce at SECOND. */
  #seal(out: Uint8Array, plaintext: Uint8Array, additionalData: Uint8Array): void {
    this.#put(INPUT, additionalData, MAX_HANDSHAKE_INPUT);
    this.#put(DATA, plaintext, MAX_HANDSHAKE_INPUT - TAG_SIZE);
    const base = this.#exchange;
    this.#kernel.sealWithData(
      base + FIRST,
      base + SECOND,
      base + INPUT,
      additionalData.length,
      base + DATA,
      plaintext.length,
    );
    const size = plaintext.length + TAG_SIZE;
    this.#take(out, DATA, size, DATA + size);
  }

  /** Opens with the key at FIRST and the 12-byte nonce at SECOND. */
  #open(out: Uint8Array, sealed: Uint8Array, additionalData: Uint8Array): boolean {
    if (sealed.length < TAG_SIZE) {
      this.#wipe(INPUT);
      out.fill(0);
      return false;
    }
    this.#put(INPUT, additionalData, MAX_HANDSHAKE_INPUT);
    this.#put(DATA, sealed, MAX_HANDSHAKE_INPUT);
    const base = this.#exchange;
    const length = sealed.length - TAG_SIZE;
    const opened = this.#kernel.openWithData(
      base + FIRST,
      base + SECOND,
      base + INPUT,
      additionalData.length,
      base + DATA,
      length,
    );
    if (opened === 1) {
      this.#take(out, DATA, length, DATA + sealed.length);
      return true;
    }
    this.#wipe(DATA + sealed.length);
    out.fill(0);
    return false;
  }

  /** Copies an argument to `at` in the exchange area. */
  #put(at: number, argument: Uint8Array, limit: number): void {
    if (argument.length > limit) {
      this.#wipe(DATA);
      throw new RangeError(`Cannot use ${argument.length} bytes: the limit is ${limit}`);
    }
    this.#bytes.set(argument, this.#exchange + at);
  }

  /** Copies BLAKE2s' input, and returns its length. */
  #putBoth(first: Uint8Array, second?: Uint8Array): number {
    const at = INPUT + BLOCK_SIZE;
    this.#put(at, first, MAX_HANDSHAKE_INPUT);
    if (second === undefined) return first.length;
    this.#put(at + first.length, second, MAX_HANDSHAKE_INPUT);
    return first.length + second.length;
  }

  /** Copies a result into `out` and wipes `used` bytes from the start of the exchange area. */
  #take(out: Uint8Array, at: number, length: number, used: number): void {
    const from = this.#exchange + at;
    out.set(this.#bytes.subarray(from, from + length));
    this.#wipe(used);
  }

  #wipe(used: number): void {
    this.#bytes.fill(0, this.#exchange, this.#exchange + used);
  }
}

import { MEMORY_LIMITS_OFFSET, MODULE_BASE64 } from "./wgts_crypto.gen.ts";

/** The functions of the WebAssembly module. Offsets are in its memory, lengths in bytes. */
export interface Kernel {
  /** {@linkcode TransportAead.seal}, and so on. */
  seal(key: number, message: number, length: number): void;
  /** 1 when the tag is right. */
  open(key: number, message: number, length: number): number;
  sealBatch(list: number, count: number): void;
  openBatch(list: number, count: number): void;

  /** ChaCha20-Poly1305 in place with a 12-byte nonce and additional data; the tag goes behind the data. */
  sealWithData(
    key: number,
    nonce: number,
    additional: number,
    additionalLength: number,
    data: number,
    length: number,
  ): void;
  /** Reverse of {@linkcode sealWithData}: 1, or 0 with the data unchanged when the tag is wrong. */
  openWithData(
    key: number,
    nonce: number,
    additional: number,
    additionalLength: number,
    data: number,
    length: number,
  ): number;
  /** The 32-byte subkey of a key and the first 16 bytes of an XChaCha20 nonce. */
  hchacha20(out: number, key: number, nonce: number): void;

  /** BLAKE2s-256. `input` has 64 free bytes before and behind it, here and below. */
  hash(out: number, input: number, length: number): void;
  /** Keyed BLAKE2s with a digest of 16 bytes. */
  mac(out: number, key: number, keySize: number, input: number, length: number): void;
  /** HMAC-BLAKE2s-256 with a key of 32 bytes. */
  hmac(out: number, key: number, input: number, length: number): void;

  /** X25519; clamps `scalar` in place. 0 when the result is all zero. Each has 8 bytes behind it. */
  x25519(out: number, scalar: number, point: number): number;

  /** {@linkcode ChecksumKernel.sum} and {@linkcode ChecksumKernel.copyAndSum}. */
  sum(source: number, length: number): number;
  copyAndSum(target: number, source: number, length: number): number;

  /** Offset in the scratch area of the part that inputs and outputs may be put into. */
  readonly EXCHANGE: WebAssembly.Global;
}

/** A memory import's limits: at least 1 page, not shared, no maximum (WebAssembly, section 5.3.7). */
const UNSHARED_LIMITS = [0x00, 0x81, 0x80, 0x80, 0x00];

const modules: { shared: WebAssembly.Module | null; unshared: WebAssembly.Module | null } = {
  shared: null,
  unshared: null,
};

/**
 * The compiled module. WebAssembly distinguishes memories that may be shared between threads from those
 * that may not, already in the type of the import: the same code is compiled for one or the other.
 */
function moduleFor(kind: "shared" | "unshared"): WebAssembly.Module {
  const compiled = modules[kind];
  if (compiled) return compiled;
  const bytes = Uint8Array.fromBase64(MODULE_BASE64);
  if (kind === "unshared") bytes.set(UNSHARED_LIMITS, MEMORY_LIMITS_OFFSET);
  return modules[kind] = new WebAssembly.Module(bytes);
}

/** Instantiates the module with its working state at the 16-byte aligned offset `scratch` of `memory`. */
export function instantiateKernel(memory: WebAssembly.Memory, scratch: number): Kernel {
  const shared = !(memory.buffer instanceof ArrayBuffer);
  const instance = new WebAssembly.Instance(moduleFor(shared ? "shared" : "unshared"), {
    env: { memory },
    "layout.as": { scratch },
  });
  return instance.exports as unknown as Kernel;
}

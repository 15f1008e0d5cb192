import { KEY_SIZE, type X25519 } from "../core/crypto/crypto.ts";
import type { Arena } from "./arena.ts";
import type { Libcrypto, LibcryptoFunctions } from "./libcrypto.ts";
import { cString } from "./text.ts";
import { reserveParams } from "./libcrypto_params.ts";

// openssl/evp.h: what a key is made of.
export const EVP_PKEY_PUBLIC_KEY = 0x86;
export const EVP_PKEY_KEYPAIR = 0x87;

const BASE_POINT = 9;

/**
 * {@linkcode X25519} by libcrypto. Keys are made for one call and freed after it, by which libcrypto
 * overwrites them. Where libcrypto fails, or finds a result of zero, `fallback` computes it once more
 * and has the last word.
 *
 * A private key is made together with a public key, though a wrong one: making it alone would compute
 * the right one, which takes as long as all the rest, and nothing here uses it.
 */
export class LibcryptoX25519 implements X25519 {
  readonly #functions: LibcryptoFunctions;
  readonly #library: Libcrypto;
  readonly #fallback: X25519;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** EVP_PKEY_CTX that makes keys. */
  readonly #maker: Deno.PointerObject;
  readonly #privateAt: number;
  readonly #publicAt: number;
  readonly #secretAt: number;
  readonly #lengthAt: number;
  readonly #madeAt: number;
  readonly #secret: Deno.PointerObject;
  readonly #length: Deno.PointerObject;
  readonly #made: Deno.PointerObject;
  readonly #pairParams: Deno.PointerObject;
  readonly #publicParams: Deno.PointerObject;

  /** @throws Error when libcrypto lacks X25519 */
  constructor(arena: Arena, library: Libcrypto, fallback: X25519) {
    const { functions, context } = library;
    const maker = functions.EVP_PKEY_CTX_new_from_name(context, cString("X25519"), null);
    if (maker === null || functions.EVP_PKEY_fromdata_init(maker) !== 1) {
      throw new Error(`${library.version} has no X25519`);
    }
    this.#functions = functions;
    this.#library = library;
    this.#fallback = fallback;
    this.#maker = maker;
    this.#bytes = arena.memory.bytes;
    this.#view = arena.memory.view;
    this.#privateAt = arena.reserve(KEY_SIZE);
    this.#publicAt = arena.reserve(KEY_SIZE);
    this.#secretAt = arena.reserve(KEY_SIZE);
    this.#lengthAt = arena.reserve(8);
    this.#madeAt = arena.reserve(8);
    this.#secret = arena.pointer(this.#secretAt);
    this.#length = arena.pointer(this.#lengthAt);
    this.#made = arena.pointer(this.#madeAt);
    const privateKey = { name: "priv", data: this.#privateAt, size: KEY_SIZE };
    const publicKey = { name: "pub", data: this.#publicAt, size: KEY_SIZE };
    this.#pairParams = arena.pointer(reserveParams(arena, [privateKey, publicKey]));
    this.#publicParams = arena.pointer(reserveParams(arena, [publicKey]));
  }

  x25519(out: Uint8Array, privateKey: Uint8Array, publicKey: Uint8Array): boolean {
    this.#bytes.set(publicKey, this.#publicAt);
    return this.#multiply(out, privateKey) || this.#fallback.x25519(out, privateKey, publicKey);
  }

  x25519Base(out: Uint8Array, privateKey: Uint8Array): void {
    this.#bytes.fill(0, this.#publicAt, this.#publicAt + KEY_SIZE);
    this.#bytes[this.#publicAt] = BASE_POINT;
    if (!this.#multiply(out, privateKey)) this.#fallback.x25519Base(out, privateKey);
  }

  /** Multiplies what is at `#publicAt`. */
  #multiply(out: Uint8Array, privateKey: Uint8Array): boolean {
    const bytes = this.#bytes;
    bytes.set(privateKey, this.#privateAt);
    const pair = this.#makeKey(EVP_PKEY_KEYPAIR, this.#pairParams);
    const point = this.#makeKey(EVP_PKEY_PUBLIC_KEY, this.#publicParams);
    const derived = pair !== null && point !== null && this.#derive(pair, point);
    this.#functions.EVP_PKEY_free(pair);
    this.#functions.EVP_PKEY_free(point);
    if (derived) out.set(bytes.subarray(this.#secretAt, this.#secretAt + KEY_SIZE));
    else this.#functions.ERR_clear_error();
    bytes.fill(0, this.#privateAt, this.#privateAt + KEY_SIZE);
    bytes.fill(0, this.#secretAt, this.#secretAt + KEY_SIZE);
    return derived;
  }

  #makeKey(selection: number, params: Deno.PointerObject): Deno.PointerValue {
    this.#view.setBigUint64(this.#madeAt, 0n, true);
    const made = this.#functions.EVP_PKEY_fromdata(this.#maker, this.#made, selection, params);
    if (made !== 1) return null;
    return Deno.UnsafePointer.create(this.#view.getBigUint64(this.#madeAt, true));
  }

  #derive(pair: Deno.PointerObject, point: Deno.PointerObject): boolean {
    const functions = this.#functions;
    const context = functions.EVP_PKEY_CTX_new_from_pkey(this.#library.context, pair, null);
    if (context === null) return false;
    this.#view.setBigUint64(this.#lengthAt, BigInt(KEY_SIZE), true);
    const derived = functions.EVP_PKEY_derive_init(context) === 1 &&
      functions.EVP_PKEY_derive_set_peer_ex(context, point, 0) === 1 &&
      functions.EVP_PKEY_derive(context, this.#secret, this.#length) === 1;
    functions.EVP_PKEY_CTX_free(context);
    return derived;
  }
}

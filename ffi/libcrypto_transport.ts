import { TAG_SIZE, TRANSPORT_HEADER_SIZE, type TransportAead } from "../core/crypto/crypto.ts";
import type { Memory } from "../core/memory.ts";
import type { Arena } from "./arena.ts";
import { ArenaPointers } from "./arena_pointers.ts";
import { fetchCipher, type Libcrypto, type LibcryptoFunctions } from "./libcrypto.ts";
import { OSSL_PARAM, reserveParams } from "./libcrypto_params.ts";

/** Bytes of a descriptor of {@linkcode TransportAead.sealBatch}, and where the result is in it. */
const DESCRIPTOR_SIZE = 16;
const DESCRIPTOR_RESULT = 12;
const NONCE_SIZE = 12;
const NO_KEY = -1;

/** Bytes of plaintext from which on libcrypto is faster than WebAssembly, as measured on x86-64. */
const SHORT_MESSAGE = 768;

/**
 * {@linkcode TransportAead} by libcrypto's ChaCha20-Poly1305, on the arena: four calls to seal a
 * message, three to open one. Calling costs about 0.3 µs a message, so short ones can be left to
 * another implementation, which is faster then.
 *
 * There is one context for each direction, and it holds a key only during a call: it is reset after
 * it, which overwrites and frees the key, the keystream and the state of Poly1305. So no key outlives
 * its slot, whoever erases that, and there is no limit to the number of sessions. It costs 0.2 µs a
 * batch, and setting another key 45 ns; where messages of one session follow each other, it stays.
 */
export class LibcryptoTransportAead implements TransportAead {
  readonly #arena: Arena;
  readonly #memory: Memory;
  readonly #functions: LibcryptoFunctions;
  readonly #short: TransportAead | null;
  readonly #cipher: Deno.PointerObject;
  readonly #sealing: Deno.PointerObject;
  readonly #opening: Deno.PointerObject;
  readonly #pointers: ArenaPointers;
  /** Where the key is that the context in use holds; {@linkcode NO_KEY} when it holds none. */
  #key = NO_KEY;

  readonly #nonceAt: number;
  readonly #tagDataAt: number;
  readonly #nonce: Deno.PointerObject;
  /** The parameter "tag", which says where the tag is or is to be written. */
  readonly #tag: Deno.PointerObject;
  /** Where calls write how many bytes they made, which is known. */
  readonly #length: Deno.PointerObject;

  /**
   * Messages shorter than {@linkcode SHORT_MESSAGE} are left to `short`, if there is one.
   *
   * @throws Error when libcrypto lacks the algorithm
   */
  constructor(arena: Arena, library: Libcrypto, short: TransportAead | null = null) {
    const { functions } = library;
    this.#arena = arena;
    this.#memory = arena.memory;
    this.#functions = functions;
    this.#short = short;
    const cipher = fetchCipher(library, "ChaCha20-Poly1305");
    if (cipher === null) throw new Error(`${library.version} has no ChaCha20-Poly1305`);
    const sealing = functions.EVP_CIPHER_CTX_new();
    const opening = functions.EVP_CIPHER_CTX_new();
    if (sealing === null || opening === null) throw new Error("libcrypto is out of memory");
    this.#cipher = cipher;
    this.#sealing = sealing;
    this.#opening = opening;
    this.#pointers = new ArenaPointers(arena);
    // Its first four bytes stay zero.
    this.#nonceAt = arena.reserve(NONCE_SIZE);
    const tag = reserveParams(arena, [{ name: "tag", data: 0, size: TAG_SIZE }]);
    this.#tagDataAt = tag + OSSL_PARAM.data;
    this.#nonce = arena.pointer(this.#nonceAt);
    this.#tag = arena.pointer(tag);
    this.#length = arena.pointer(arena.reserve(4));
  }

  seal(key: number, message: number, length: number): void {
    this.#seal(key, message, length);
    this.#forgetKey(this.#sealing);
  }

  open(key: number, message: number, length: number): boolean {
    const opened = this.#open(key, message, length);
    this.#forgetKey(this.#opening);
    return opened;
  }

  sealBatch(list: number, count: number): void {
    const { view } = this.#memory;
    for (let i = 0, at = list; i < count; i++, at += DESCRIPTOR_SIZE) {
      this.#seal(view.getInt32(at, true), view.getInt32(at + 4, true), view.getInt32(at + 8, true));
    }
    this.#forgetKey(this.#sealing);
  }

  openBatch(list: number, count: number): void {
    const { view } = this.#memory;
    for (let i = 0, at = list; i < count; i++, at += DESCRIPTOR_SIZE) {
      const [key, message] = [view.getInt32(at, true), view.getInt32(at + 4, true)];
      const opened = this.#open(key, message, view.getInt32(at + 8, true));
      view.setInt32(at + DESCRIPTOR_RESULT, opened ? 1 : 0, true);
    }
    this.#forgetKey(this.#opening);
  }

  #seal(key: number, message: number, length: number): void {
    if (length < SHORT_MESSAGE && this.#short !== null) {
      this.#short.seal(key, message, length);
      return;
    }
    const functions = this.#functions;
    const context = this.#sealing;
    const data = this.#pointers.at(message + TRANSPORT_HEADER_SIZE);
    const cipher = this.#key === NO_KEY ? this.#cipher : null;
    const newKey = this.#key === key ? null : this.#pointers.at(key);
    this.#key = key;
    this.#describe(message, length);
    if (
      functions.EVP_EncryptInit_ex2(context, cipher, newKey, this.#nonce, null) === 1 &&
      functions.EVP_EncryptUpdate(context, data, this.#length, data, length) === 1 &&
      functions.EVP_EncryptFinal_ex(context, data, this.#length) === 1 &&
      functions.EVP_CIPHER_CTX_get_params(context, this.#tag) === 1
    ) return;
    // Out of memory, at the worst. The message goes out all the same, so it must not hold plaintext.
    const start = message + TRANSPORT_HEADER_SIZE;
    this.#memory.bytes.fill(0, start, start + length + TAG_SIZE);
    this.#forgetKey(context);
    functions.ERR_clear_error();
  }

  #open(key: number, message: number, length: number): boolean {
    if (length < SHORT_MESSAGE && this.#short !== null) {
      return this.#short.open(key, message, length);
    }
    const functions = this.#functions;
    const context = this.#opening;
    const data = this.#pointers.at(message + TRANSPORT_HEADER_SIZE);
    const cipher = this.#key === NO_KEY ? this.#cipher : null;
    const newKey = this.#key === key ? null : this.#pointers.at(key);
    this.#key = key;
    this.#describe(message, length);
    if (
      functions.EVP_DecryptInit_ex2(context, cipher, newKey, this.#nonce, this.#tag) === 1 &&
      functions.EVP_DecryptUpdate(context, data, this.#length, data, length) === 1 &&
      functions.EVP_DecryptFinal_ex(context, data, this.#length) === 1
    ) return true;
    // A forged message, or a context that can't be trusted any more.
    this.#forgetKey(context);
    functions.ERR_clear_error();
    return false;
  }

  /** Sets the nonce, and where the tag is. */
  #describe(message: number, length: number): void {
    const { view } = this.#memory;
    view.setInt32(this.#nonceAt + 4, view.getInt32(message + 8, true), true);
    view.setInt32(this.#nonceAt + 8, view.getInt32(message + 12, true), true);
    this.#arena.writeAddress(this.#tagDataAt, message + TRANSPORT_HEADER_SIZE + length);
  }

  #forgetKey(context: Deno.PointerObject): void {
    if (this.#key === NO_KEY) return;
    this.#functions.EVP_CIPHER_CTX_reset(context);
    this.#key = NO_KEY;
  }
}

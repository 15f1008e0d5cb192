/**
 * What a handshake costs the responder: everything from the initiation (148 bytes) to the response (92
 * bytes) and the session's keys, but for the sockets. A peer's first handshake isn't measured: it has one
 * X25519 more, of both static keys, which later ones don't repeat.
 */
import type { HandshakeCrypto } from "../../core/crypto/crypto.ts";
import { createNobleCrypto } from "../../core/crypto/noble.ts";
import { createWasmCrypto, WASM_SCRATCH_SIZE } from "../../core/crypto/wasm.ts";
import { HandshakeContext, LocalIdentity } from "../../core/noise/context.ts";
import { CookieChecker, CookieGenerator } from "../../core/noise/cookie.ts";
import { Handshake, SessionKeys } from "../../core/noise/handshake.ts";
import { INITIATION_SIZE, RESPONSE_SIZE } from "../../core/noise/messages.ts";
import { systemRandom } from "../../cli/random.ts";
import { Arena } from "../../ffi/arena.ts";
import { type Libcrypto, openLibcrypto } from "../../ffi/libcrypto.ts";
import { createLibcryptoCrypto } from "../../ffi/libcrypto_crypto.ts";

/** A responder accepts an initiation every 20 ms. */
const INTERVAL_MS = 25;

const arena = new Arena(1 << 18);
const wasm = createWasmCrypto(arena.wasmMemory, arena.reserve(WASM_SCRATCH_SIZE));
const cryptos: Record<string, HandshakeCrypto> = {
  wasm: wasm.handshake,
  noble: createNobleCrypto(arena.memory).handshake,
};
const library = openIfThere();
if (library) cryptos.libcrypto = createLibcryptoCrypto(arena, library, wasm).handshake;

function openIfThere(): Libcrypto | null {
  try {
    return openLibcrypto();
  } catch {
    return null;
  }
}

/** An initiator and a responder that know each other. */
class Pair {
  readonly #initiator: HandshakeContext;
  readonly #responder: HandshakeContext;
  readonly #toResponder: Handshake;
  readonly #toInitiator: { readonly handshake: Handshake };
  readonly #initiatorCookies: CookieGenerator;
  readonly #responderCookies: CookieGenerator;
  readonly #checker: CookieChecker;
  readonly #initiation = new Uint8Array(INITIATION_SIZE);
  readonly #response = new Uint8Array(RESPONSE_SIZE);
  readonly #keys = new SessionKeys();
  readonly #now = { boot: 0, wall: Date.now() };

  constructor(crypto: HandshakeCrypto) {
    const [initiator, responder] = [newIdentity(crypto), newIdentity(crypto)];
    this.#initiator = new HandshakeContext(crypto, systemRandom);
    this.#initiator.identity = initiator;
    this.#responder = new HandshakeContext(crypto, systemRandom);
    this.#responder.identity = responder;
    this.#toResponder = new Handshake(this.#initiator, responder.publicKey);
    this.#toInitiator = { handshake: new Handshake(this.#responder, initiator.publicKey) };
    this.#initiatorCookies = new CookieGenerator(crypto, responder.publicKey);
    this.#responderCookies = new CookieGenerator(crypto, initiator.publicKey);
    this.#checker = new CookieChecker(crypto, systemRandom, responder.publicKey);
  }

  /** The initiator's first half. */
  initiate(): void {
    this.#now.boot += INTERVAL_MS;
    this.#now.wall += INTERVAL_MS;
    this.#toResponder.createInitiation(this.#initiation, 1, this.#now);
    this.#initiatorCookies.addMacs(this.#initiation, this.#now.boot);
  }

  /** What the responder does. */
  respond(): void {
    if (!this.#checker.checkMac1(this.#initiation)) throw new Error("mac1 is wrong");
    const find = () => this.#toInitiator;
    const received = Handshake.consumeInitiation(
      this.#responder,
      this.#initiation,
      find,
      this.#now,
    );
    if (received === null) throw new Error("the initiation was refused");
    const { handshake } = this.#toInitiator;
    handshake.createResponse(this.#response, 2, received, this.#keys);
    this.#responderCookies.addMacs(this.#response, this.#now.boot);
  }

  /** The initiator's second half. */
  complete(): void {
    if (!this.#toResponder.consumeResponse(this.#response, this.#keys)) {
      throw new Error("the response was refused");
    }
  }
}

function newIdentity(crypto: HandshakeCrypto): LocalIdentity {
  const privateKey = new Uint8Array(32);
  systemRandom(privateKey);
  return new LocalIdentity(crypto, privateKey);
}

for (const [name, crypto] of Object.entries(cryptos)) {
  const pair = new Pair(crypto);
  pair.initiate();
  pair.respond();
  pair.complete();
  Deno.bench({
    name: `${name}: respond to an initiation`,
    group: "responder",
    baseline: name === "wasm",
    fn(b) {
      pair.initiate();
      b.start();
      pair.respond();
      b.end();
    },
  });
}

const out = new Uint8Array(32);
const [privateKey, publicKey] = [new Uint8Array(32), new Uint8Array(32)];
systemRandom(privateKey);
systemRandom(publicKey);
for (const [name, crypto] of Object.entries(cryptos)) {
  const baseline = name === "wasm";
  Deno.bench({
    name: `${name}: a shared secret`,
    group: "x25519",
    baseline,
    fn: () => void crypto.x25519(out, privateKey, publicKey),
  });
  Deno.bench({
    name: `${name}: a public key`,
    group: "x25519 base",
    baseline,
    fn: () => crypto.x25519Base(out, privateKey),
  });
}

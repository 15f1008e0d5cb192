import type { Random } from "../clock.ts";
import { CONSTRUCTION, IDENTIFIER, KEY_SIZE } from "../constants.ts";
import type { HandshakeCrypto } from "../crypto/crypto.ts";
import { clampPrivateKey } from "../keys.ts";
import { secretBytes } from "../memory.ts";
import { SlotPool } from "../slot_pool.ts";
import { Tai64nClock } from "../tai64n.ts";
import { asciiBytes } from "./ascii.ts";
import type { KeyPair } from "./ikpsk2.ts";
import { HANDSHAKE_SLOT_SIZE } from "./handshake.ts";
import { SYMMETRIC_STATE_SIZE, SymmetricState } from "./symmetric_state.ts";

/** The static key pair of a device. Immutable: another private key is another identity. */
export class LocalIdentity implements KeyPair {
  /** 32 bytes, clamped; zeros after {@linkcode wipe}. */
  readonly privateKey: Uint8Array = secretBytes(KEY_SIZE);
  /** 32 bytes. */
  readonly publicKey: Uint8Array = new Uint8Array(KEY_SIZE);

  /** Copies and clamps `privateKey` (32 bytes). */
  constructor(crypto: HandshakeCrypto, privateKey: Uint8Array) {
    this.privateKey.set(privateKey);
    clampPrivateKey(this.privateKey);
    crypto.x25519Base(this.publicKey, this.privateKey);
  }

  /** Overwrites the private key. */
  wipe(): void {
    this.privateKey.fill(0);
  }
}

/** What all handshakes of a device share; they are worked on one at a time. */
export class HandshakeContext {
  /** The device's key pair; without one no handshake is made or answered. */
  identity: LocalIdentity | null = null;
  /** The primitives. */
  readonly crypto: HandshakeCrypto;
  /** The handshake being worked on; wiped after each step. */
  readonly state: SymmetricState;
  /** What is kept for each peer. */
  readonly slots: SlotPool = new SlotPool(HANDSHAKE_SLOT_SIZE);
  /** The time that initiations tell. */
  readonly clock: Tai64nClock = new Tai64nClock();

  readonly #random: Random;
  /** The state after construction and identifier, which all handshakes start from: public. */
  readonly #start = new Uint8Array(SYMMETRIC_STATE_SIZE);

  /** A context without an identity. */
  constructor(crypto: HandshakeCrypto, random: Random) {
    this.crypto = crypto;
    this.#random = random;
    this.state = new SymmetricState(crypto);
    this.state.initialize(asciiBytes(CONSTRUCTION));
    this.state.mixHash(asciiBytes(IDENTIFIER));
    this.state.save(this.#start);
    this.state.wipe();
  }

  /** Starts a handshake in {@linkcode state}. */
  begin(): void {
    this.state.load(this.#start);
  }

  /** Overwrites both 32-byte arrays of `pair` with a new key pair, which X25519 clamps. */
  generateKeyPair(pair: KeyPair): void {
    this.#random(pair.privateKey);
    this.crypto.x25519Base(pair.publicKey, pair.privateKey);
  }
}

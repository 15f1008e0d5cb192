import type { Crypto } from "../../core/crypto/crypto.ts";
import {
  SELF_TEST_SIZE,
  testChecksum,
  testHandshake,
  testTransport,
  testX25519,
} from "../../core/crypto/self_test.ts";
import { Arena } from "../../ffi/arena.ts";
import type { CreateBackend } from "./crypto_backends.ts";
import type { BackendName } from "./crypto_report.ts";
import { measureTransport, SPEED_TEST_SIZE } from "./crypto_speed.ts";

/** Room for every implementation's own memory, and for the tests. */
const TRIAL_SIZE = 128 * 1024;

/** An implementation that was loaded. */
export interface Candidate {
  readonly name: BackendName;
  readonly create: CreateBackend;
  /** One of it to try out, on the arena of the trials. */
  readonly crypto: Crypto;
}

/** Tries implementations out, on an arena of its own. */
export class CryptoTrials {
  readonly #arena: Arena;
  readonly #measure: typeof measureTransport;
  readonly #region: number;

  /** `shared` as of the arena that the chosen one will work on. */
  constructor(shared: boolean, measure = measureTransport) {
    this.#measure = measure;
    this.#arena = new Arena(TRIAL_SIZE, { shared });
    this.#region = this.#arena.reserve(Math.max(SELF_TEST_SIZE, SPEED_TEST_SIZE));
  }

  /** Throws Error with the reason when it can't be made. */
  create(name: BackendName, create: CreateBackend, base: Candidate | null): Candidate {
    return { name, create, crypto: create(this.#arena, base?.crypto ?? null) };
  }

  /** Returns what is wrong, or null. */
  test({ crypto }: Candidate): string | null {
    const { transport, handshake, checksum } = crypto;
    return testHandshake(handshake) ?? testX25519(handshake) ??
      testChecksum(checksum, this.#arena.memory, this.#region) ??
      testTransport(transport, this.#arena.memory, this.#region, handshake);
  }

  /** {@linkcode measureTransport} */
  measureTransport({ crypto }: Candidate): number {
    return this.#measure(crypto.transport, this.#arena.memory, this.#region);
  }
}

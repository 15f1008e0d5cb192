import type { Arena } from "../../ffi/arena.ts";
import { BACKENDS, type Backends } from "./crypto_backends.ts";
import { type Candidate, CryptoTrials } from "./crypto_trials.ts";
import type { CryptoChoice } from "./crypto_choice.ts";
import {
  BACKEND_NAMES,
  type BackendName,
  type BackendReport,
  type CryptoPart,
  type CryptoReport,
  describeReport,
  type ReportedCrypto,
} from "./crypto_report.ts";
import type { measureTransport } from "./crypto_speed.ts";
import type { Logger } from "./log.ts";

/** Makes the implementation of the cryptography that works on `arena`. */
export type CryptoFactory = (arena: Arena) => ReportedCrypto;

/** How {@linkcode chooseCrypto} goes about it. */
export interface CryptoOptions {
  /** What was asked for; "auto". */
  choice?: CryptoChoice;
  /** Where to tell what was chosen, and why others weren't. */
  logger?: Pick<Logger, "error" | "info" | "debug">;
  /** Whether threads will share the arena: WebAssembly is compiled anew for that. */
  shared?: boolean;
  /** The implementations to choose from; those of this machine. */
  backends?: Backends;
  /** {@linkcode measureTransport} */
  measure?: typeof measureTransport;
}

/**
 * Chooses an implementation of the cryptography. Only one that passes its self-test is used. Of one that
 * isn't asked for by name but fails, the log tells, and the next one is used.
 *
 * "auto" takes native code if it is faster than {@linkcode FAST_ENOUGH_NS}, else the fastest. libcrypto
 * is considered only where there is no native code: it takes 8 MB and 10 ms to load, and beside native
 * code it would only save 0.15 ms of a handshake that happens every two minutes. Where it is loaded,
 * handshakes use it too.
 *
 * To be called before the engine is confined. When it returns, the code for transport data is warm.
 *
 * @throws Error when what was asked for can't be used
 */
export async function chooseCrypto(options: CryptoOptions = {}): Promise<CryptoFactory> {
  return await new Chooser(options).choose();
}

/** For a packet of 1420 bytes. WebAssembly needs more on all but the fastest machines. */
const FAST_ENOUGH_NS = 1000;

const SILENT = { error() {}, info() {}, debug() {} };

class Chooser {
  readonly #choice: CryptoChoice;
  readonly #logger: NonNullable<CryptoOptions["logger"]>;
  readonly #backends: Backends;
  readonly #trials: CryptoTrials;
  /** Why implementations aren't used. */
  readonly #reasons = new Map<BackendName, string>();

  constructor({ choice, logger, shared, backends, measure }: CryptoOptions) {
    this.#choice = choice ?? "auto";
    this.#logger = logger ?? SILENT;
    this.#backends = backends ?? BACKENDS;
    this.#trials = new CryptoTrials(shared ?? false, measure);
  }

  async choose(): Promise<CryptoFactory> {
    const base = await this.#chooseBase();
    const chosen = await this.#chooseTransport(base);
    const report = this.#report(base.name, chosen.name);
    this.#logger.info(`cryptography: ${describeReport(report)}`);
    return (arena) => {
      const own = base.create(arena, null);
      return { ...(chosen === base ? own : chosen.create(arena, own)), report };
    };
  }

  /** What does all that the chosen one leaves to others. */
  async #chooseBase(): Promise<Candidate> {
    const wasm = this.#choice === "noble" ? null : await this.#try("wasm", null);
    if (wasm !== null) return wasm;
    const noble = await this.#try("noble", null);
    if (noble === null) throw new Error("Cannot encrypt: nothing computes correctly here");
    return noble;
  }

  async #chooseTransport(base: Candidate): Promise<Candidate> {
    if (this.#choice === "auto") return await this.#chooseFastest(base);
    const asked = base.name === this.#choice ? base : await this.#try(this.#choice, base);
    if (asked === null) throw new Error(`Cannot use ${this.#choice}`);
    if (asked.name !== "noble") this.#measure(asked);
    return asked;
  }

  async #chooseFastest(base: Candidate): Promise<Candidate> {
    const native = await this.#try("native", base);
    const nativeTime = native === null ? Infinity : this.#measure(native);
    if (native !== null && nativeTime < FAST_ENOUGH_NS) return native;

    const other = native ?? await this.#try("libcrypto", base);
    // Nothing is as slow as noble, and it takes long to find out.
    if (base.name === "noble") return other ?? base;
    const baseTime = this.#measure(base);
    if (other === null) return base;
    const otherTime = native === null ? this.#measure(other) : nativeTime;
    const [faster, slower] = otherTime < baseTime ? [other, base] : [base, other];
    this.#reasons.set(slower.name, `${faster.name} is faster`);
    return faster;
  }

  /**
   * Loads and tests an implementation. Null when it can't be used, of which the log tells.
   *
   * @throws Error instead when it was asked for
   */
  async #try(name: BackendName, base: Candidate | null): Promise<Candidate | null> {
    let problem: string | null;
    let broken = false;
    try {
      const candidate = this.#trials.create(name, await this.#backends[name](), base);
      problem = this.#trials.test(candidate);
      if (problem === null) return candidate;
      broken = true;
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    if (name === this.#choice) throw new Error(`Cannot use ${name} for cryptography: ${problem}`);
    this.#reasons.set(name, problem);
    const line = `cryptography: ${name} is not used: ${problem}`;
    if (broken) this.#logger.error(line);
    else this.#logger.info(line);
    return null;
  }

  /** Nanoseconds for a packet of 1420 bytes; from then on the code is warm. */
  #measure(candidate: Candidate): number {
    const nanoseconds = this.#trials.measureTransport(candidate);
    this.#logger.debug(
      `cryptography: ${candidate.name} takes ${Math.round(nanoseconds)} ns for 1420 bytes`,
    );
    return nanoseconds;
  }

  #report(base: BackendName, chosen: BackendName): CryptoReport {
    const agreement = chosen === "libcrypto" ? chosen : base;
    const users: [CryptoPart, BackendName][] = [
      ["transport", chosen],
      ["x25519", agreement],
      ["handshake", base],
    ];
    const backends = BACKEND_NAMES.map((name): BackendReport => {
      const parts = users.filter(([, user]) => user === name).map(([part]) => part);
      const idle = this.#choice === "auto" ? `${chosen} is fast enough` : "not asked for";
      const reason = parts.includes("transport") ? "" : this.#reasons.get(name) ?? idle;
      return { name, parts, reason };
    });
    return { backends };
  }
}

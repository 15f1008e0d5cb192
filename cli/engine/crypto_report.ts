import type { Crypto } from "../../core/crypto/crypto.ts";
import type { Choice } from "../../core/uapi/status.ts";

/** The implementations of the cryptography, those that are faster first. */
export const BACKEND_NAMES = ["native", "libcrypto", "wasm", "noble"] as const;

/** An implementation of the cryptography. */
export type BackendName = typeof BACKEND_NAMES[number];

/** What an implementation may be used for: transport data, key agreement, and the rest of handshakes. */
export type CryptoPart = "transport" | "x25519" | "handshake";

/** What became of an implementation that could have been used. */
export interface BackendReport {
  readonly name: BackendName;
  /** What it is used for; nothing when it wasn't chosen. */
  readonly parts: readonly CryptoPart[];
  /** Why it isn't used for more, in words such as "not asked for"; "" when there is nothing to tell. */
  readonly reason: string;
}

/** Which implementations of the cryptography an engine uses, and why not others: for `status`. */
export interface CryptoReport {
  /** Every implementation, in the order of {@linkcode BACKEND_NAMES}. */
  readonly backends: readonly BackendReport[];
}

/** A {@linkcode Crypto} that tells how it was chosen. */
export interface ReportedCrypto extends Crypto {
  readonly report?: CryptoReport;
}

const PARTS: Readonly<Record<CryptoPart, string>> = {
  transport: "transport data",
  x25519: "key agreement",
  handshake: "handshakes",
};

/** The report of `crypto` in the form of `status`. */
export function cryptoChoices({ name, report }: ReportedCrypto): Choice[] {
  if (report === undefined) return [{ name, on: true, reason: "" }];
  return report.backends.map(({ name, parts, reason }) => ({
    name,
    on: parts.length > 0,
    reason: parts.length > 0 ? describeParts(parts) : reason,
  }));
}

/** What is used for what: "native for transport data, wasm for key agreement and handshakes". */
export function describeReport({ backends }: CryptoReport): string {
  return backends.filter(({ parts }) => parts.length > 0)
    .map(({ name, parts }) => `${name} for ${describeParts(parts)}`)
    .join(", ");
}

function describeParts(parts: readonly CryptoPart[]): string {
  return parts.map((part) => PARTS[part]).join(", ").replace(/, ([^,]*)$/, " and $1");
}

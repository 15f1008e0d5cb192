/**
 * The values of `--crypto`:
 * - auto: the fastest that is correct on this machine
 * - wasm: WebAssembly with SIMD
 * - libcrypto: OpenSSL 3's library, and WebAssembly for what it lacks or is slower at
 * - native: machine code for this processor for transport data, WebAssembly for the rest
 * - noble: plain JavaScript: the reference, and slow
 */
export const CRYPTO_CHOICES = ["auto", "wasm", "libcrypto", "native", "noble"] as const;

/** Which implementation of the cryptography an engine is to use. */
export type CryptoChoice = typeof CRYPTO_CHOICES[number];

/** Parses the value of `--crypto`. Null when it is none. */
export function parseCryptoChoice(text: string): CryptoChoice | null {
  return CRYPTO_CHOICES.find((choice) => choice === text) ?? null;
}

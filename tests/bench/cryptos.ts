/** The implementations of the cryptography that this machine runs, for micro-benchmarks. */
import { BACKENDS } from "../../cli/engine/crypto_backends.ts";
import { BACKEND_NAMES } from "../../cli/engine/crypto_report.ts";
import type { Crypto } from "../../core/crypto/crypto.ts";
import type { Arena } from "../../ffi/arena.ts";

/** All that can be had, on one arena; the slowest, noble, first. Says which can't, and why. */
export async function loadCryptos(arena: Arena): Promise<Crypto[]> {
  const cryptos: Crypto[] = [];
  for (const name of BACKEND_NAMES.toReversed()) {
    try {
      // What libcrypto and native don't do themselves, WebAssembly does.
      const base = cryptos.find(({ name }) => name === "wasm") ?? cryptos[0] ?? null;
      cryptos.push((await BACKENDS[name]())(arena, base));
    } catch (error) {
      console.error(`${name} is left out: ${error instanceof Error ? error.message : error}`);
    }
  }
  return cryptos;
}

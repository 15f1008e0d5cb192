import { systemRandom } from "../../../cli/random.ts";
import { createWasmCrypto, WASM_SCRATCH_SIZE } from "../../../core/crypto/wasm.ts";
import { formatKey, generatePrivateKey } from "../../../core/keys.ts";

/** A key pair, and both keys as `wg` writes them. */
export interface KeyPair {
  readonly private: Uint8Array;
  readonly public: Uint8Array;
  readonly privateText: string;
  readonly publicText: string;
}

/** New key pairs. */
export function generateKeyPairs(count: number): KeyPair[] {
  const memory = new WebAssembly.Memory({ initial: Math.ceil(WASM_SCRATCH_SIZE / 65536) });
  const { handshake } = createWasmCrypto(memory, 0);
  return Array.from({ length: count }, () => {
    const privateKey = generatePrivateKey(systemRandom);
    const publicKey = new Uint8Array(32);
    handshake.x25519Base(publicKey, privateKey);
    return {
      private: privateKey,
      public: publicKey,
      privateText: formatKey(privateKey),
      publicText: formatKey(publicKey),
    };
  });
}

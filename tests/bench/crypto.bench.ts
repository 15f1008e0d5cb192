/**
 * The primitives of handshakes, and the checksum of packets, by each implementation that this machine
 * runs, noble being the baseline. See transport.bench.ts for transport data, handshake.bench.ts for all of
 * a handshake.
 */
import type { Crypto } from "../../core/crypto/crypto.ts";
import { Arena } from "../../ffi/arena.ts";
import { loadCryptos } from "./cryptos.ts";

const PACKET_SIZE = 1420;

const arena = new Arena(1 << 20);
const packet = arena.reserve(PACKET_SIZE), copy = arena.reserve(PACKET_SIZE);
const cryptos = await loadCryptos(arena);

const random = (length: number) => globalThis.crypto.getRandomValues(new Uint8Array(length));
const out = new Uint8Array(32), sealed = new Uint8Array(48);
const key = random(32), point = random(32), text = random(116);
const nonce = text.subarray(0, 24);

const operations: Record<string, (crypto: Crypto) => void> = {
  "BLAKE2s of 64 B": ({ handshake }) => handshake.hash(out, key, point),
  "keyed BLAKE2s of 116 B": ({ handshake }) => handshake.mac(out, key, text),
  "HMAC of 32 B": ({ handshake }) => handshake.hmac(out, key, point),
  "AEAD seal of 32 B with 32 B of data": ({ handshake }) => handshake.seal(sealed, key, point, key),
  "XChaCha20 seal of 32 B": ({ handshake }) => handshake.sealX(sealed, key, nonce, point, key),
  "X25519": ({ handshake }) => void handshake.x25519(out, key, point),
  "checksum of 1420 B": ({ checksum }) => void checksum.sum(packet, PACKET_SIZE),
  "checksum and copy of 1420 B": ({ checksum }) => {
    checksum.copyAndSum(copy, packet, PACKET_SIZE);
  },
};

/** Some take most of their primitives from others: those aren't measured again. */
function isOwn(crypto: Crypto, operation: string): boolean {
  if (crypto.name === "noble" || crypto.name === "wasm") return true;
  return crypto.name === "libcrypto" && operation === "X25519";
}

for (const [group, operate] of Object.entries(operations)) {
  for (const crypto of cryptos.filter((crypto) => isOwn(crypto, group))) {
    const baseline = crypto.name === "noble";
    Deno.bench({ name: `${group}: ${crypto.name}`, group, baseline, fn: () => operate(crypto) });
  }
}

import { withX25519 } from "../core/crypto/compose.ts";
import type { Crypto, TransportAead } from "../core/crypto/crypto.ts";
import type { Arena } from "./arena.ts";
import type { Libcrypto } from "./libcrypto.ts";
import { LibcryptoTransportAead } from "./libcrypto_transport.ts";
import { LibcryptoX25519 } from "./libcrypto_x25519.ts";

/**
 * {@linkcode Crypto} by libcrypto: transport data and X25519. The rest is `base`'s, which must work on
 * the same arena. Hashing is: BLAKE2s of 64 bytes takes 0.2 µs in either, and libcrypto's HMAC and
 * keyed BLAKE2s take more calls to set up than that is worth; and so are the short messages of the
 * handshake and of cookies, as libcrypto has no XChaCha20.
 *
 * Short transport data, for which calling libcrypto takes longer than computing, is left to `short`.
 *
 * @throws Error when libcrypto lacks an algorithm
 */
export function createLibcryptoCrypto(
  arena: Arena,
  library: Libcrypto,
  base: Crypto,
  short: TransportAead | null = null,
): Crypto {
  return {
    name: "libcrypto",
    transport: new LibcryptoTransportAead(arena, library, short),
    handshake: withX25519(base.handshake, new LibcryptoX25519(arena, library, base.handshake)),
    checksum: base.checksum,
  };
}

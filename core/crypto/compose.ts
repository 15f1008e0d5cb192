import type { HandshakeCrypto, X25519 } from "./crypto.ts";

/** The primitives of `base`, but for key agreement, which `agreement` does. */
export function withX25519(base: HandshakeCrypto, agreement: X25519): HandshakeCrypto {
  return {
    hash: (...args) => base.hash(...args),
    mac: (...args) => base.mac(...args),
    hmac: (...args) => base.hmac(...args),
    seal: (...args) => base.seal(...args),
    open: (...args) => base.open(...args),
    sealX: (...args) => base.sealX(...args),
    openX: (...args) => base.openX(...args),
    x25519: (...args) => agreement.x25519(...args),
    x25519Base: (...args) => agreement.x25519Base(...args),
  };
}

// What the module exports. Offsets and lengths are in bytes.

export { openWithData, sealWithData, hchacha20 } from "./aead.as";
export { hash, hmac, mac } from "./blake2s.as";
export { copyAndSum, sum } from "./checksum.as";
export { EXCHANGE } from "./layout.as";
export { open, openBatch, seal, sealBatch } from "./transport.as";
export { x25519 } from "./x25519.as";

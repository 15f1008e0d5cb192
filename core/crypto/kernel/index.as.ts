// What the module exports. Offsets and lengths are in bytes; kernel.ts describes each function.
//
// Three imports are not files: tests/build_wasm.ts generates "./woven.as", "./blake2s_compress.as" and
// "./field.as", and prints them when called with --print.

export { hchacha20, openWithData, sealWithData } from "./aead.as";
export { hash, hmac, mac } from "./blake2s.as";
export { copyAndSum, sum } from "./checksum.as";
export { EXCHANGE } from "./layout.as";
export { open, openBatch, seal, sealBatch } from "./transport.as";
export { x25519 } from "./x25519.as";

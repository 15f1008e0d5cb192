import { generateTransportAead, type NativeCode, type VectorExtension } from "./transport_aead.ts";

/**
 * The machine code for `extension`. It is the same everywhere, and a compiled program has it ready:
 * tests/bundle.ts puts what this returns in the place of this module.
 */
export function transportCode(extension: VectorExtension): NativeCode {
  return generateTransportAead(extension);
}

// Where the kernel keeps its working state, as offsets from `scratch`.
//
// The memory belongs to the caller. The kernel has no data segment, no stack in memory and no heap: it
// touches only what it is given and the scratch area, so that instances can share one memory.

/** Offset of this instance's scratch area, 16-byte aligned: an import of the module. */
export declare const scratch: usize;

/** Poly1305: h in five u64, r in four, 5/4 r1 to r3 in three, then the 16 bytes added at the end. */
export const POLY1305_STATE: usize = 0;
/** Two blocks of input that must be made up: a padded last one, and the lengths. */
export const POLY1305_PADDED: usize = 112;
/** Three areas for the keystream of four blocks. */
export const KEYSTREAM_A: usize = 144;
export const KEYSTREAM_B: usize = 400;
export const KEYSTREAM_C: usize = 656;
/** The end of what the AEAD uses. */
export const AEAD_END: usize = 912;

/** BLAKE2s: the eight chaining values. */
export const BLAKE2S_STATE: usize = 912;

/** X25519: ten pairs of field elements, and the constants that round them. */
export const X25519_STATE: usize = 960;
export const X25519_ROUNDING: usize = 2880;
/** The end of what X25519 uses. */
export const X25519_END: usize = 3072;

/** From here on the caller puts inputs and finds outputs of the handshake's primitives. */
export const EXCHANGE: usize = 3072;

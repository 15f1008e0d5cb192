/**
 * The scratch area of one thread: what doesn't fit into registers. Offsets in bytes from its 64-byte
 * aligned start. All of it is zeroed before the code returns.
 */
export const SCRATCH = {
  /** Poly1305's r, two 64-bit limbs, and 5/4 of the second. */
  R0: 0,
  R1: 8,
  S1: 16,
  /** Poly1305's s, 16 bytes. */
  S: 24,

  /** Address of the arena, and how many descriptors are left. */
  ARENA: 40,
  COUNT: 48,
  /** The chunk to encrypt: its address, and the message's bytes from there. */
  DATA: 56,
  REMAINING: 64,
  /** Keystream bytes that encrypt nothing: 64 in a message's first pass, else 0. */
  SKIP: 72,

  /** The chunk to authenticate: the end of its last whole 16 bytes, and how many bytes follow. */
  WHOLE_END: 80,
  TAIL: 88,
  /** The descriptor of its message when it ends it, else 0. */
  ENDED: 96,
  /** When opening: its address, length and keystream. */
  SEALED: 104,
  SEALED_LENGTH: 112,
  SEALED_KEYSTREAM: 120,
  /** A block for Poly1305 that isn't in the message: its padded end, and the lengths. */
  BLOCK: 128,

  /** Row 3 of the ChaCha20 state (block counter and nonce), of three groups of up to 64 bytes. */
  COUNTERS: 192,
  /** The keystream of one pass; in a message's first, the block with the Poly1305 key comes first. */
  KEYSTREAM: 384,
} as const;

/** Bytes of a scratch area. */
export const SCRATCH_SIZE = 384 + 12 * 64;

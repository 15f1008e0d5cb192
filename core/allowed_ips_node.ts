/**
 * The nodes of the tries of allowed IPs, and the way through them. A node is so many words of one large
 * array, in which it is called by the index of its first word. Neither many nodes nor their coming and going
 * give the garbage collector any work. What a lookup reads comes first, for a large table is mostly waiting
 * for memory.
 *
 * @module
 */

/** The address's first 32 bits; signed, as all of them. IPv4 uses this word only. */
export const WORD0 = 0;
/** The prefix length. */
export const LENGTH = 1;
/** Index of the owner; 0 is nobody. */
export const OWNER = 2;
/** The child whose next bit is 0, and behind it that whose is 1. Links to no node are 0. */
export const CHILD = 3;
/** An IPv6 address's second 32 bits. */
export const WORD1 = 5;
/** Its third. */
export const WORD2 = 6;
/** Its last. */
export const WORD3 = 7;
/** The node whose child it is. */
export const PARENT = 8;
/** The owner's prefix that was claimed before. */
export const PREVIOUS = 9;
/** The one that was claimed after. */
export const NEXT = 10;
/** 4 or 6. */
export const VERSION = 11;
/** Words of a node. */
export const NODE_WORDS = 12;

/** Nobody, and no node. */
export const NONE = 0;

/**
 * The index of the owner of an IPv4 address. The child is chosen by a branch and not by arithmetic: what
 * the processor guesses right it needn't wait for.
 */
export function lookup4(nodes: Int32Array, root: number, word: number): number {
  let owner = NONE;
  let node = root;
  while (node !== NONE) {
    const length = nodes[node + LENGTH] ?? 0;
    if (Math.clz32(word ^ (nodes[node + WORD0] ?? 0)) < length) break;
    const nodeOwner = nodes[node + OWNER] ?? NONE;
    if (nodeOwner !== NONE) owner = nodeOwner;
    if (length === 32) break;
    node = ((word << length) >= 0 ? nodes[node + CHILD] : nodes[node + CHILD + 1]) ?? NONE;
  }
  return owner;
}

/** The index of the owner of the IPv6 address at `offset`. */
export function lookup6(nodes: Int32Array, root: number, view: DataView, offset: number): number {
  const word0 = view.getInt32(offset);
  const word1 = view.getInt32(offset + 4);
  const word2 = view.getInt32(offset + 8);
  const word3 = view.getInt32(offset + 12);
  let owner = NONE;
  let node = root;
  while (node !== NONE) {
    const length = nodes[node + LENGTH] ?? 0;
    let common = Math.clz32(word0 ^ (nodes[node + WORD0] ?? 0));
    if (common === 32 && length > 32) common += Math.clz32(word1 ^ (nodes[node + WORD1] ?? 0));
    if (common === 64 && length > 64) common += Math.clz32(word2 ^ (nodes[node + WORD2] ?? 0));
    if (common === 96 && length > 96) common += Math.clz32(word3 ^ (nodes[node + WORD3] ?? 0));
    if (common < length) break;
    const nodeOwner = nodes[node + OWNER] ?? NONE;
    if (nodeOwner !== NONE) owner = nodeOwner;
    if (length === 128) break;
    const word = length < 64 ? (length < 32 ? word0 : word1) : (length < 96 ? word2 : word3);
    const zero = (word << (length & 31)) >= 0;
    node = (zero ? nodes[node + CHILD] : nodes[node + CHILD + 1]) ?? NONE;
  }
  return owner;
}

/** The 32-bit mask with `bits` leading ones; none when `bits` <= 0, all when >= 32. */
export function maskOf(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

/** Four bytes of `address` from `at` on. A view of it would cost more than all else of an insertion. */
export function wordOf(address: Uint8Array, at: number): number {
  const a = address[at] ?? 0, b = address[at + 1] ?? 0;
  return a << 24 | b << 16 | (address[at + 2] ?? 0) << 8 | (address[at + 3] ?? 0);
}

/** The reverse of {@linkcode wordOf}. */
export function writeWord(address: Uint8Array, at: number, word: number): void {
  address[at] = word >> 24;
  address[at + 1] = word >> 16;
  address[at + 2] = word >> 8;
  address[at + 3] = word;
}

/**
 * Comparisons whose time depends on the lengths only, never on the bytes.
 */

/** True when `a` and `b` have the same length and bytes. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  // Both reads are within bounds: the fallbacks only satisfy the type checker.
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

/** True when all of `bytes` are zero. */
export function isZero(bytes: Uint8Array): boolean {
  let any = 0;
  for (let i = 0; i < bytes.length; i++) any |= bytes[i] ?? 0;
  return any === 0;
}

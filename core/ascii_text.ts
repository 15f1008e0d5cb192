/** Comparing and reading ASCII text as bytes, which makes neither strings nor objects. */

const DOT = 0x2e;
const DIGIT_0 = 0x30;

/** Whether `text` is what stands at `at` of `buffer`. */
export function isAt(buffer: Uint8Array, at: number, text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) if (buffer[at + i] !== text[i]) return false;
  return true;
}

/** Whether the same `size` bytes stand at `atA` of `a` and at `atB` of `b`. */
export function isSameAt(
  a: Uint8Array,
  atA: number,
  b: Uint8Array,
  atB: number,
  size: number,
): boolean {
  for (let i = 0; i < size; i++) if (a[atA + i] !== b[atB + i]) return false;
  return true;
}

/** Where up to `most` digits from `at` on end; -1 when there is none, or a leading zero. */
export function digitsEnd(buffer: Uint8Array, at: number, most: number): number {
  let end = at;
  for (; end < at + most; end++) {
    const digit = (buffer[end] ?? 0) - DIGIT_0;
    if (digit < 0 || digit > 9) break;
  }
  return end === at || (end > at + 1 && buffer[at] === DIGIT_0) ? -1 : end;
}

/** The number that the digits from `at` to `end` say. */
export function decimal(buffer: Uint8Array, at: number, end: number): number {
  let value = 0;
  for (; at < end; at++) value = value * 10 + (buffer[at] ?? 0) - DIGIT_0;
  return value;
}

/** Reads four octets into `address`; gives where they end, or -1. */
export function readIpv4(buffer: Uint8Array, at: number, address: Uint8Array): number {
  for (let i = 0; i < 4; i++) {
    if (i > 0 && buffer[at++] !== DOT) return -1;
    const end = digitsEnd(buffer, at, 3);
    if (end < 0) return -1;
    const value = decimal(buffer, at, end);
    if (value > 255) return -1;
    address[i] = value;
    at = end;
  }
  return at;
}

/** Keys from hex digits to base64 as bytes, without a text or an object of each: there may be very many. */

import { base64Character, HEX_KEY_LENGTH, lowerHexValue } from "./keys.ts";

const DIGIT_0 = 0x30;
const EQUALS = 0x3d;

/** What is 0 only if the 64 characters at `at` of `hex` say the all-zero key; in constant time. */
export function differenceFromZeroKey(hex: Uint8Array, at: number): number {
  let difference = 0;
  for (let i = at; i < at + HEX_KEY_LENGTH; i++) difference |= (hex[i] ?? 0) ^ DIGIT_0;
  return difference;
}

/**
 * Writes the key whose 64 lowercase hex digits are at `at` of `hex` in base64, 44 characters, to
 * `base64`; in constant time. Gives what is negative when they aren't such digits, and 0 when the key
 * is all zero.
 */
export function hexKeyToBase64(hex: Uint8Array, at: number, base64: Uint8Array): number {
  // Negative as soon as one character isn't a digit.
  let all = 0;
  let to = 0;
  for (let i = at; i < at + HEX_KEY_LENGTH - 1; i += 3) {
    const a = lowerHexValue(hex[i] ?? 0), b = lowerHexValue(hex[i + 1] ?? 0);
    const bits = a << 8 | b << 4 | lowerHexValue(hex[i + 2] ?? 0);
    all |= bits;
    base64[to++] = base64Character(bits >> 6 & 63);
    base64[to++] = base64Character(bits & 63);
  }
  const last = lowerHexValue(hex[at + HEX_KEY_LENGTH - 1] ?? 0);
  base64[to++] = base64Character(last << 2 & 63);
  base64[to] = EQUALS;
  return all | last;
}

/** By character code: the value of a lowercase hex digit, or -1. */
const HEX_VALUES = Int8Array.from({ length: 256 }, (_, code) => lowerHexValue(code));
/** By value: the character code of a base64 digit. */
const BASE64_CHARACTERS = Uint8Array.from({ length: 64 }, (_, value) => base64Character(value));

/**
 * As {@linkcode hexKeyToBase64}, for a public key: by tables, which take a tenth of the time in cold
 * code.
 */
export function publicHexKeyToBase64(hex: Uint8Array, at: number, base64: Uint8Array): number {
  let all = 0;
  let to = 0;
  for (let i = at; i < at + HEX_KEY_LENGTH - 1; i += 3) {
    const a = HEX_VALUES[hex[i] ?? 0] ?? 0, b = HEX_VALUES[hex[i + 1] ?? 0] ?? 0;
    const bits = a << 8 | b << 4 | (HEX_VALUES[hex[i + 2] ?? 0] ?? 0);
    all |= bits;
    base64[to++] = BASE64_CHARACTERS[bits >> 6 & 63] ?? 0;
    base64[to++] = BASE64_CHARACTERS[bits & 63] ?? 0;
  }
  const last = HEX_VALUES[hex[at + HEX_KEY_LENGTH - 1] ?? 0] ?? 0;
  base64[to++] = BASE64_CHARACTERS[last << 2 & 63] ?? 0;
  base64[to] = EQUALS;
  return all | last;
}

/**
 * Curve25519 and preshared keys: 32 bytes, in base64 for people and files, in hex for the control
 * socket. Coding takes the same time whatever the key is: there are no tables indexed by secret
 * bits and no branches on them; only whether a text is valid shows.
 */

import type { Random } from "./clock.ts";
import { equalBytes, isZero, pooledBytes, secretBytes } from "./memory.ts";

/** Characters of a key in base64. */
export const BASE64_KEY_LENGTH = 44;
/** Characters of a key in hex. */
export const HEX_KEY_LENGTH = 64;
const KEY_SIZE = HEX_KEY_LENGTH / 2;
/** "=" */
const PADDING = 0x3d;

/**
 * The key that 44 characters of base64 (RFC 4648 section 4) say, or null. Only the canonical
 * spelling is accepted, whose two spare bits are zero, as `wg` does.
 */
export function parseKey(base64: string): Uint8Array<ArrayBuffer> | null {
  if (base64.length !== BASE64_KEY_LENGTH || base64.charCodeAt(43) !== 0x3d) return null;
  const key = pooledBytes(KEY_SIZE);
  // Negative as soon as one character isn't in the alphabet.
  let valid = 0;
  for (let group = 0; group < 11; group++) {
    const at = group * 4, to = group * 3;
    const a = base64Value(base64.charCodeAt(at));
    const b = base64Value(base64.charCodeAt(at + 1));
    const c = base64Value(base64.charCodeAt(at + 2));
    const d = group === 10 ? 0 : base64Value(base64.charCodeAt(at + 3));
    valid |= a | b | c | d;
    const bits = a << 18 | b << 12 | c << 6 | d;
    key[to] = bits >> 16;
    key[to + 1] = bits >> 8;
    if (group < 10) key[to + 2] = bits;
    else valid |= -(bits & 0xff);
  }
  if (valid >= 0) return key;
  key.fill(0);
  return null;
}

/** `key` (32 bytes) in base64, 44 characters. */
export function formatKey(key: Uint8Array): string {
  const view = viewOf(key);
  let text = "";
  for (let at = 0; at < 30; at += 3) {
    const bits = view.getUint8(at) << 16 | view.getUint8(at + 1) << 8 | view.getUint8(at + 2);
    text += base64Text(bits, 4);
  }
  return text + base64Text(view.getUint8(30) << 16 | view.getUint8(31) << 8, 3) + "=";
}

/** Writes `key` (32 bytes) in base64, 44 characters, to `target` from `at` on. */
export function writeKey(key: Uint8Array, target: Uint8Array, at: number): void {
  for (let from = 0; from < KEY_SIZE; from += 3) {
    const bits = (key[from] ?? 0) << 16 | (key[from + 1] ?? 0) << 8 | (key[from + 2] ?? 0);
    target[at++] = base64Character(bits >> 18);
    target[at++] = base64Character(bits >> 12 & 63);
    target[at++] = base64Character(bits >> 6 & 63);
    target[at++] = base64Character(bits & 63);
  }
  // In the place of what the byte behind the last one would say.
  target[at - 1] = PADDING;
}

/** The key that 64 hex digits of either case say, or null. */
export function parseHexKey(hex: string): Uint8Array<ArrayBuffer> | null {
  if (hex.length !== HEX_KEY_LENGTH) return null;
  const key = pooledBytes(KEY_SIZE);
  let valid = 0;
  for (let i = 0; i < KEY_SIZE; i++) {
    const high = hexValue(hex.charCodeAt(2 * i));
    const low = hexValue(hex.charCodeAt(2 * i + 1));
    valid |= high | low;
    key[i] = high << 4 | low;
  }
  if (valid >= 0) return key;
  key.fill(0);
  return null;
}

/** Writes `key` (32 bytes) in hex, 64 lowercase digits, to `target` from `at` on. */
export function writeHexKey(key: Uint8Array, target: Uint8Array, at: number): void {
  for (let i = 0; i < KEY_SIZE; i += 2) {
    const a = key[i] ?? 0, b = key[i + 1] ?? 0;
    // Four digits at once, each in a byte of its own: there may be very many keys.
    const values = a >> 4 | (a & 15) << 8 | (b & 0xf0) << 12 | (b & 15) << 24;
    const letters = (values + 0x0606_0606) >> 4 & 0x0101_0101;
    const digits = values + 0x3030_3030 + letters * 39;
    target[at++] = digits;
    target[at++] = digits >> 8;
    target[at++] = digits >> 16;
    target[at++] = digits >> 24;
  }
}

/** `key` (32 bytes) in hex, 64 lowercase digits. */
export function formatHexKey(key: Uint8Array): string {
  const view = viewOf(key);
  let text = "";
  for (let i = 0; i < KEY_SIZE; i++) {
    const byte = view.getUint8(i);
    text += String.fromCharCode(hexCharacter(byte >> 4), hexCharacter(byte & 15));
  }
  return text;
}

// Public keys are no secrets, and there may be very many: the runtime's own functions, whose time depends on
// what they code, take a tenth of the time.

/** As {@linkcode parseKey}, for a public key. */
export function parsePublicKey(base64: string): Uint8Array<ArrayBuffer> | null {
  if (base64.length !== BASE64_KEY_LENGTH) return null;
  const key = pooledBytes(KEY_SIZE);
  try {
    // White space is skipped, and missing then; what has no padding is longer.
    const { written } = key.setFromBase64(base64, { lastChunkHandling: "strict" });
    return written === KEY_SIZE ? key : null;
  } catch {
    return null;
  }
}

/** As {@linkcode formatKey}, for a public key. */
export function formatPublicKey(key: Uint8Array): string {
  return key.toBase64();
}

/** As {@linkcode parseHexKey}, for a public key. */
export function parsePublicHexKey(hex: string): Uint8Array<ArrayBuffer> | null {
  if (hex.length !== HEX_KEY_LENGTH) return null;
  const key = pooledBytes(KEY_SIZE);
  try {
    key.setFromHex(hex);
    return key;
  } catch {
    return null;
  }
}

/** As {@linkcode formatHexKey}, for a public key. */
export function formatPublicHexKey(key: Uint8Array): string {
  return key.toHex();
}

/** Clamps a Curve25519 private key (32 bytes) in place (RFC 7748 section 5). */
export function clampPrivateKey(key: Uint8Array): void {
  const view = viewOf(key);
  view.setUint8(0, view.getUint8(0) & 0xf8);
  view.setUint8(31, view.getUint8(31) & 0x7f | 0x40);
}

/** True when all of `key` is zero, which stands for "no key"; in constant time. */
export function isZeroKey(key: Uint8Array): boolean {
  return isZero(key);
}

/** True when `a` and `b` are the same key; in constant time. */
export function equalKeys(a: Uint8Array, b: Uint8Array): boolean {
  return equalBytes(a, b);
}

/** A new Curve25519 private key, clamped. */
export function generatePrivateKey(random: Random): Uint8Array<ArrayBuffer> {
  const key = generatePresharedKey(random);
  clampPrivateKey(key);
  return key;
}

/** A new preshared key. */
export function generatePresharedKey(random: Random): Uint8Array<ArrayBuffer> {
  const key = secretBytes(KEY_SIZE);
  random(key);
  return key;
}

/** All ones when `first <= code <= last`, else 0; codes are u16. */
function between(code: number, first: number, last: number): number {
  return ((first - 1 - code) & (code - last - 1)) >> 31;
}

/** 0 to 63, or -1 when `code` isn't in the base64 alphabet. */
function base64Value(code: number): number {
  return -1 +
    (between(code, 0x41, 0x5a) & (code - 0x41 + 1)) +
    (between(code, 0x61, 0x7a) & (code - 0x61 + 27)) +
    (between(code, 0x30, 0x39) & (code - 0x30 + 53)) +
    (between(code, 0x2b, 0x2b) & 63) +
    (between(code, 0x2f, 0x2f) & 64);
}

/** The character code of the base64 digit `value` (0 to 63): each step corrects the one before. */
export function base64Character(value: number): number {
  return value + 0x41 +
    ((25 - value) >> 31 & 6) -
    ((51 - value) >> 31 & 75) -
    ((61 - value) >> 31 & 15) +
    ((62 - value) >> 31 & 3);
}

/** The first `count` base64 digits of 24 bits. */
function base64Text(bits: number, count: 3 | 4): string {
  const a = base64Character(bits >> 18), b = base64Character(bits >> 12 & 63);
  const c = base64Character(bits >> 6 & 63);
  return count === 3
    ? String.fromCharCode(a, b, c)
    : String.fromCharCode(a, b, c, base64Character(bits & 63));
}

/** 0 to 15, or -1 when `code` isn't a hex digit. */
export function hexValue(code: number): number {
  return lowerHexValue(code) + (between(code, 0x41, 0x46) & (code - 0x41 + 11));
}

/** 0 to 15, or -1 when `code` isn't a lowercase hex digit. */
export function lowerHexValue(code: number): number {
  return -1 +
    (between(code, 0x30, 0x39) & (code - 0x30 + 1)) +
    (between(code, 0x61, 0x66) & (code - 0x61 + 11));
}

/** The character code of the lowercase hex digit `value` (0 to 15). */
function hexCharacter(value: number): number {
  return value + 0x30 + ((9 - value) >> 31 & 39);
}

function viewOf(key: Uint8Array): DataView {
  return new DataView(key.buffer, key.byteOffset, key.byteLength);
}

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  clampPrivateKey,
  equalKeys,
  formatHexKey,
  formatKey,
  formatPublicHexKey,
  formatPublicKey,
  generatePresharedKey,
  generatePrivateKey,
  isZeroKey,
  parseHexKey,
  parseKey,
  parsePublicHexKey,
  parsePublicKey,
  writeHexKey,
  writeKey,
} from "../../core/keys.ts";
import { Bytes, sequence } from "./crypto/bytes.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const anyKey = fc.uint8Array({ minLength: 32, maxLength: 32 });

/** All of ASCII, and characters whose low bits look like one of the alphabet's. */
const CHARACTERS = [
  ...Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)),
  "\u0141",
  "\uff21",
  "\u2041",
  "\uffff",
  "\ud83d",
];

function replaceAt(text: string, at: number, character: string): string {
  return text.slice(0, at) + character + text.slice(at + 1);
}

Deno.test("base64 of a key equals the platform's and parses back", () => {
  fc.assert(fc.property(anyKey, (key) => {
    const text = key.toBase64();
    assert.equal(formatKey(key), text);
    assert.deepEqual(parseKey(text), Uint8Array.from(key));
  }));
});

Deno.test("a key's hex digits are written where they are wanted, and nowhere else", () => {
  fc.assert(fc.property(anyKey, (key) => {
    const target = new Uint8Array(70).fill(0x2e);
    writeHexKey(key, target, 5);
    assert.equal(new TextDecoder().decode(target), `.....${key.toHex()}.`);
  }));
});

Deno.test("every base64 digit is read and written in every place", () => {
  for (let at = 0; at < 42; at++) {
    for (const digit of ALPHABET) {
      const text = replaceAt("A".repeat(43) + "=", at, digit);
      const key = parseKey(text);
      assert.ok(key, text);
      assert.deepEqual(key, Uint8Array.fromBase64(text));
      assert.equal(formatKey(key), text);
    }
  }
});

Deno.test("a character outside of the base64 alphabet is refused in every place", () => {
  for (const text of ["A".repeat(43) + "=", "/".repeat(42) + "8="]) {
    for (let at = 0; at < 44; at++) {
      for (const character of CHARACTERS) {
        if (at < 43 ? ALPHABET.includes(character) : character === "=") continue;
        assert.equal(parseKey(replaceAt(text, at, character)), null);
      }
    }
  }
});

Deno.test("only the 16 canonical last digits are accepted", () => {
  const accepted = [...ALPHABET].filter((digit) => parseKey("A".repeat(42) + digit + "=") !== null);
  assert.equal(accepted.join(""), "AEIMQUYcgkosw048");
});

Deno.test("base64 of another length is refused", () => {
  const text = formatKey(sequence(32));
  for (
    const other of ["", "=", text.slice(1), text.slice(0, 43), text + "=", text + "\n", " " + text]
  ) {
    assert.equal(parseKey(other), null, JSON.stringify(other));
  }
  assert.equal(parseKey("A".repeat(44)), null);
  assert.equal(parseKey("A".repeat(42) + "=="), null);
});

Deno.test("hex of a key equals the platform's and parses back in either case", () => {
  fc.assert(fc.property(anyKey, (key) => {
    const text = key.toHex();
    assert.equal(formatHexKey(key), text);
    assert.deepEqual(parseHexKey(text), Uint8Array.from(key));
    assert.deepEqual(parseHexKey(text.toUpperCase()), Uint8Array.from(key));
  }));
});

Deno.test("hex that isn't 64 hex digits is refused", () => {
  const text = formatHexKey(sequence(32));
  for (let at = 0; at < 64; at++) {
    for (const character of CHARACTERS) {
      if (/^[0-9a-fA-F]$/.test(character)) continue;
      assert.equal(parseHexKey(replaceAt(text, at, character)), null);
    }
  }
  for (const other of ["", text.slice(1), text + "0", "0x" + text.slice(2)]) {
    assert.equal(parseHexKey(other), null);
  }
});

Deno.test("clamping sets and clears the bits of RFC 7748 and no others", () => {
  const ones = new Uint8Array(32).fill(0xff);
  clampPrivateKey(ones);
  assert.equal(ones.toHex(), "f8" + "ff".repeat(30) + "7f");
  const zeros = new Uint8Array(32);
  clampPrivateKey(zeros);
  assert.equal(zeros.toHex(), "00".repeat(31) + "40");
});

Deno.test("keys are equal only when every bit is", () => {
  const key = sequence(32);
  assert.ok(equalKeys(key, sequence(32)));
  assert.ok(!equalKeys(key, key.subarray(0, 31)));
  assert.ok(!equalKeys(key.subarray(0, 31), key));
  for (let bit = 0; bit < 256; bit++) {
    assert.ok(!equalKeys(key, flipBit(key, bit)), `bit ${bit}`);
    assert.ok(!isZeroKey(flipBit(new Uint8Array(32), bit)), `bit ${bit}`);
  }
  assert.ok(isZeroKey(new Uint8Array(32)));
});

Deno.test("generated keys come from the given randomness", () => {
  const drawn = new Bytes(1).take(32);
  const random = (target: Uint8Array) => target.set(drawn);
  assert.deepEqual(generatePresharedKey(random), drawn);
  const clamped = drawn.slice();
  clampPrivateKey(clamped);
  assert.notDeepEqual(clamped, drawn);
  assert.deepEqual(generatePrivateKey(random), clamped);
});

function flipBit(key: Uint8Array, bit: number): Uint8Array {
  return key.map((byte, i) => i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte);
}

Deno.test("a key is written in base64 where it is wanted, and nowhere else", () => {
  fc.assert(fc.property(anyKey, (key) => {
    const target = new Uint8Array(50).fill(1);
    writeKey(key, target, 3);
    assert.equal(new TextDecoder().decode(target.subarray(3, 47)), formatKey(key));
    assert.deepEqual([...target.subarray(0, 3), ...target.subarray(47)], [1, 1, 1, 1, 1, 1]);
  }));
});

Deno.test("public keys are coded as all keys are", () => {
  fc.assert(fc.property(anyKey, (key) => {
    assert.equal(formatPublicKey(key), formatKey(key));
    assert.equal(formatPublicHexKey(key), formatHexKey(key));
  }));
  const bytes = sequence(32), base64 = formatKey(bytes), hex = formatHexKey(bytes);
  const agree = (text: string) => {
    assert.deepEqual(parsePublicKey(text), parseKey(text), JSON.stringify(text));
    assert.deepEqual(parsePublicHexKey(text), parseHexKey(text), JSON.stringify(text));
  };
  for (const text of [base64, hex, hex.toUpperCase()]) {
    agree(text);
    agree(text + text.at(-1));
    agree(text.slice(1));
    for (let at = 0; at < text.length; at++) {
      for (const character of CHARACTERS) agree(replaceAt(text, at, character));
      agree(replaceAt(text, at, "  ").slice(0, text.length));
    }
  }
  // White space that makes up for what is missing.
  agree(base64.slice(0, 40) + "    ");
  agree(`    ${base64.slice(0, 40)}`);
  agree(base64.slice(0, 38) + "==    ");
  agree(base64.slice(0, 39) + "=    ");
});

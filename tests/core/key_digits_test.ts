import assert from "node:assert/strict";
import fc from "fast-check";
import {
  differenceFromZeroKey,
  hexKeyToBase64,
  publicHexKeyToBase64,
} from "../../core/key_digits.ts";
import { isZeroKey } from "../../core/keys.ts";

const anyKey = fc.uint8Array({ minLength: 32, maxLength: 32 });
const key = fc.oneof(anyKey, fc.constant(new Uint8Array(32)));

for (const toBase64 of [hexKeyToBase64, publicHexKeyToBase64]) {
  Deno.test(`${toBase64.name} makes a key's hex digits the base64 of that key`, () => {
    const hex = new Uint8Array(70), base64 = new Uint8Array(44);
    fc.assert(fc.property(key, (key) => {
      hex.set(new TextEncoder().encode(key.toHex()), 5);
      const digits = toBase64(hex, 5, base64);
      assert.equal(new TextDecoder().decode(base64), key.toBase64());
      assert.equal(digits === 0, isZeroKey(key));
      assert.ok(digits >= 0);
    }));
  });

  Deno.test(`${toBase64.name} takes nothing but lowercase hex digits for those of a key`, () => {
    for (let at = 0; at < 64; at++) {
      for (let code = 0; code < 256; code++) {
        const hex = new Uint8Array(64).fill(0x30);
        hex[at] = code;
        const isDigit = /^[0-9a-f]$/.test(String.fromCharCode(code));
        assert.equal(toBase64(hex, 0, new Uint8Array(44)) >= 0, isDigit, `${code} at ${at}`);
      }
    }
  });
}

Deno.test("only 64 zeros are the hex digits of the all-zero key", () => {
  const hex = new Uint8Array(70).fill(0x30, 5, 69);
  assert.equal(differenceFromZeroKey(hex, 5), 0);
  for (let at = 5; at < 69; at++) {
    const other = hex.slice();
    other[at] = 0x31;
    assert.notEqual(differenceFromZeroKey(other, 5), 0);
  }
});

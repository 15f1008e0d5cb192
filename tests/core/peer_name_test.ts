import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodePeerName,
  encodePeerName,
  MAX_PEER_NAME_LENGTH,
  toPeerName,
} from "../../core/peer_name.ts";

const PRINTABLE = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]+$/u;

Deno.test("peer name: control and direction characters never get through", () => {
  assert.equal(toPeerName("  Alice's   laptop\t"), "Alice's laptop");
  assert.equal(toPeerName("\x1b[31mred\x1b[0m\x07"), "[31mred [0m");
  assert.equal(toPeerName("a\u009b2Jb"), "a 2Jb");
  assert.equal(toPeerName("user\u202egnp.exe"), "user gnp.exe");
  assert.equal(toPeerName("line\u2028two\r\nthree"), "line two three");
  assert.equal(toPeerName("\ud800half\udc80"), "half");
  assert.equal(toPeerName("Ünïcödé 名前 😀"), "Ünïcödé 名前 😀");
});

Deno.test("peer name: what names nobody is none", () => {
  for (const text of ["", " ", "-----", "\x1b\x07", "====", "…"]) {
    assert.equal(toPeerName(text), null, text);
  }
});

Deno.test("peer name: what may be a key is none", () => {
  const key = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
  for (const text of [key, `private key ${key}`, key.slice(0, -1), "ab".repeat(32)]) {
    assert.equal(toPeerName(text), null, text);
  }
});

Deno.test("peer name: a long one is cut between characters", () => {
  const name = toPeerName("😀 a".repeat(100)) ?? "";
  assert.equal([...name].length, MAX_PEER_NAME_LENGTH);
  assert.match(name, PRINTABLE);
});

Deno.test("peer name: any text gives a printable name or none, which survives the protocol", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      const name = toPeerName(text);
      if (name === null) return;
      assert.match(name, PRINTABLE);
      assert.ok([...name].length <= MAX_PEER_NAME_LENGTH);
      assert.equal(toPeerName(name), name);
      const encoded = encodePeerName(name);
      assert.match(encoded, /^[!-~]+$/);
      assert.ok(encoded.length <= 12 * MAX_PEER_NAME_LENGTH);
      assert.equal(decodePeerName(encoded), name);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("peer name: malformed percent-encoding is none", () => {
  for (const text of ["%", "%zz", "%ff", "%C3"]) assert.equal(decodePeerName(text), null, text);
});

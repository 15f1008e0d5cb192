import assert from "node:assert/strict";
import fc from "fast-check";
import {
  Attribute,
  AttributeEncoder,
  decodeAttributes,
  NetlinkFormatError,
  NLA_F_NESTED,
} from "../../../core/netlink/attributes.ts";

const NOTHING = new Uint8Array(0);
const encoder = () => new AttributeEncoder(NOTHING);

Deno.test("attributes of every kind survive encoding and decoding", () => {
  const bytes = new AttributeEncoder(Uint8Array.of(1, 2, 3, 4, 5))
    .u8(1, 0xff).u16(2, 0xffff).u32(3, 0xffff_ffff).i32(4, -0x8000_0000)
    .string(5, "wg0").bytes(6, Uint8Array.of(9, 8, 7)).bytes(7, NOTHING)
    .nested(8 | NLA_F_NESTED, (inner) => {
      inner.u8(1, 1).nested(2, (innermost) => innermost.string(1, "x"), Uint8Array.of(5, 6, 7, 8));
    })
    .finish();
  assert.deepEqual([...bytes.subarray(0, 8)], [1, 2, 3, 4, 5, 0, 0, 0], "header and its padding");
  const list = decodeAttributes(bytes, 8);
  assert.deepEqual(list.map((attribute) => attribute.type), [1, 2, 3, 4, 5, 6, 7, 8]);
  const [u8, u16, u32, i32, text, blob, flag, nest] = list;
  assert.equal(u8?.u8(), 0xff);
  assert.equal(u16?.u16(), 0xffff);
  assert.equal(u32?.u32(), 0xffff_ffff);
  assert.equal(i32?.i32(), -0x8000_0000);
  assert.equal(text?.string(), "wg0");
  assert.deepEqual(text?.payload, new TextEncoder().encode("wg0\0"));
  assert.deepEqual(blob?.bytes(3), Uint8Array.of(9, 8, 7));
  assert.equal(flag?.payload.length, 0);
  assert.equal(nest?.rawType, 8 | NLA_F_NESTED);
  const inner = nest?.nested();
  assert.equal(inner?.[0]?.u8(), 1);
  assert.deepEqual(inner?.[1]?.payload.subarray(0, 4), Uint8Array.of(5, 6, 7, 8));
  assert.equal(inner?.[1]?.nested(4)[0]?.string(), "x");
});

Deno.test("the encoder reports its first error, and only at the end", () => {
  const failing: [RegExp, (encoder: AttributeEncoder) => void][] = [
    [/256.*attribute 1.*0 to 255/, (e) => e.u8(1, 256)],
    [/-1/, (e) => e.u16(1, -1)],
    [/65536/, (e) => e.u16(1, 0x10000)],
    [/4294967296/, (e) => e.u32(1, 2 ** 32)],
    [/1\.5/, (e) => e.u32(1, 1.5)],
    [/NaN/, (e) => e.u32(1, NaN)],
    [/2147483648/, (e) => e.i32(1, 2 ** 31)],
    [/NUL/, (e) => e.string(1, "a\0b")],
    [/too long: 16 bytes, at most 15/, (e) => e.string(1, "sixteen_letters_", 16)],
    [/65536 bytes is too long/, (e) => e.bytes(1, new Uint8Array(0x10000))],
    [/too long/, (e) => {
      e.nested(1, (inner) => inner.bytes(2, new Uint8Array(0xfff0)).bytes(3, new Uint8Array(99)));
    }],
  ];
  for (const [pattern, fail] of failing) {
    const chain = encoder().u32(9, 9);
    fail(chain);
    chain.u8(1, 999).u32(2, 2);
    assert.throws(() => chain.finish(), { name: "RangeError", message: pattern });
  }
});

Deno.test("a payload of the wrong size is refused, never read beyond", () => {
  const four = new Attribute(1, Uint8Array.of(1, 2, 3, 4));
  for (const read of [() => four.u8(), () => four.u16(), () => four.bytes(3)]) {
    assert.throws(read, NetlinkFormatError);
  }
  const three = new Attribute(1, Uint8Array.of(1, 2, 3));
  assert.throws(() => three.u32(), /attribute 1 is 3 bytes long, expected 4/);
  assert.throws(() => three.i32(), NetlinkFormatError);
});

Deno.test("lengths that lead nowhere are refused", () => {
  const refused = [[0, 0, 1, 0], [3, 0, 1, 0], [9, 0, 1, 0, 1, 2, 3, 4], [0xff, 0xff, 1, 0]];
  for (const bytes of refused) {
    assert.throws(() => decodeAttributes(Uint8Array.from(bytes)), NetlinkFormatError);
  }
  assert.deepEqual(decodeAttributes(Uint8Array.of(1, 2, 3)), [], "padding");
  const unpadded = decodeAttributes(Uint8Array.of(5, 0, 1, 0, 42));
  assert.equal(unpadded[0]?.u8(), 42, "the last attribute may lack its padding");
});

Deno.test("any list of attributes survives, in order", () => {
  const attribute = fc.tuple(fc.nat(0xffff), fc.uint8Array({ maxLength: 40 }));
  fc.assert(fc.property(fc.array(attribute), fc.uint8Array({ maxLength: 20 }), (list, header) => {
    const encoder = new AttributeEncoder(header);
    for (const [type, payload] of list) encoder.bytes(type, payload);
    const bytes = encoder.finish();
    const start = Math.ceil(header.length / 4) * 4;
    const decoded = decodeAttributes(bytes, start);
    assert.deepEqual(decoded.map((a) => [a.rawType, a.payload]), list);
    const again = new AttributeEncoder(header).attributes(decoded).finish();
    assert.deepEqual(again, bytes);
  }));
});

Deno.test("any bytes either decode inside their bounds or are refused", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(70), (bytes, start) => {
    try {
      const total = decodeAttributes(bytes, start).reduce(
        (sum, a) => sum + 4 + a.payload.length,
        0,
      );
      assert(total <= bytes.length);
    } catch (error) {
      assert(error instanceof NetlinkFormatError);
    }
  }));
});

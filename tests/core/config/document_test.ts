import assert from "node:assert/strict";
import fc from "fast-check";
import { ConfigDocument } from "../../../core/config/document.ts";
import { decodeConfigText, encodeConfigText } from "../../../core/config/text.ts";

Deno.test("ConfigDocument keeps every text as it is", () => {
  const piece = fc.constantFrom(
    "[Peer]",
    " = ",
    "#",
    "\n",
    "\r\n",
    "\t",
    "key",
    "ä",
    "=",
    "[",
    "]",
  );
  fc.assert(fc.property(fc.array(piece), (pieces) => {
    const text = pieces.join("");
    const document = ConfigDocument.parse(text, "test.conf");
    assert.equal(document.toString(), text);
    assert.deepEqual(
      document.lines.map((line) => line.number),
      [...document.lines.keys()].map((i) => i + 1),
    );
  }));
});

Deno.test("ConfigDocument tells what each line is", () => {
  const text =
    "\n \t\r\n# [Peer]\n[ Inter face ] # x\n  Listen Port\t=  5 18 20 # y = z \r\n[Peer\n[]\n= \n[A]=1\n" +
    "PostUp = a = b # c\n";
  assert.deepEqual(
    ConfigDocument.parse(text, "test.conf").lines.map(({ text: _, number: __, ...line }) => line),
    [
      { kind: "blank" },
      { kind: "blank" },
      { kind: "blank" },
      { kind: "section", name: "Interface" },
      {
        kind: "setting",
        key: "ListenPort",
        value: "51820",
        valueText: "5 18 20",
        rawText: "5 18 20 # y = z",
        column: 18,
      },
      { kind: "other" },
      { kind: "section", name: "" },
      { kind: "setting", key: "", value: "", valueText: "", rawText: "", column: 3 },
      { kind: "setting", key: "[A]", value: "1", valueText: "1", rawText: "1", column: 5 },
      {
        kind: "setting",
        key: "PostUp",
        value: "a=b",
        valueText: "a = b",
        rawText: "a = b # c",
        column: 10,
      },
      { kind: "blank" },
    ],
  );
});

Deno.test("ConfigDocument rejects NUL and a byte order mark, and says where", () => {
  assert.throws(() => ConfigDocument.parse("[Interface]\n# a\0", "test.conf"), {
    name: "ConfigError",
    message: "test.conf:2: a NUL byte: expected text",
    column: 4,
  });
  assert.throws(() => ConfigDocument.parse("\ufeff[Interface]\n", "test.conf"), {
    message: "test.conf:1: a byte order mark: expected plain UTF-8",
  });
});

Deno.test("a config file's bytes survive decoding and encoding", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.string({ unit: "grapheme" }).map((text) => new TextEncoder().encode(text)),
    fc.tuple(fc.string({ unit: "binary" }), fc.uint8Array({ maxLength: 9 }), fc.string()).map(
      ([a, b, c]) => {
        const encoder = new TextEncoder();
        return Uint8Array.from([...encoder.encode(a), ...b, ...encoder.encode(c)]);
      },
    ),
  );
  fc.assert(
    fc.property(bytes, (bytes) => {
      assert.deepEqual(encodeConfigText(decodeConfigText(bytes)), bytes);
    }),
    { numRuns: 200 },
  );
});

Deno.test("decodeConfigText gives text for UTF-8 and keeps what isn't", () => {
  const latin1 = Uint8Array.of(0x23, 0x20, 0xe4, 0x0a, 0xef, 0xbb, 0xbf, 0xf0, 0x9f, 0x98, 0x80);
  assert.equal(decodeConfigText(latin1), "# \udce4\n\ufeff😀");
  assert.equal(decodeConfigText(latin1.subarray(4)), "\ufeff😀");
  assert.equal(decodeConfigText(new TextEncoder().encode("\ufeff# \ufffd")), "\ufeff# \ufffd");
});

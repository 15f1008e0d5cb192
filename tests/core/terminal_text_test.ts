import assert from "node:assert/strict";
import fc from "fast-check";
import { ASCII, columnsOf, fit, printable, UNICODE } from "../../core/terminal_text.ts";

/** Names with all that is odd: wide, combining and control characters, halves of surrogate pairs. */
const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) }),
  fc.string({
    unit: fc.constantFrom("日", "e\u0301", "\u0301", "\x1b[2J", "👩‍👩‍👧", "ㅤ", "a", "\u202e"),
  }),
);
const anyCharset = fc.constantFrom(UNICODE, ASCII);

Deno.test("text: a column is what the C library counts", () => {
  const mask = 1; // LC_CTYPE_MASK
  const library = Deno.dlopen("libc.so.6", {
    newlocale: { parameters: ["i32", "buffer", "pointer"], result: "pointer" },
    uselocale: { parameters: ["pointer"], result: "pointer" },
    freelocale: { parameters: ["pointer"], result: "void" },
    wcwidth: { parameters: ["u32"], result: "i32" },
  });
  const { newlocale, uselocale, freelocale, wcwidth } = library.symbols;
  const locale = newlocale(mask, new TextEncoder().encode("C.UTF-8\0"), null);
  assert.ok(locale !== null);
  const before = uselocale(locale);
  let compared = 0;
  const wrong: string[] = [];
  for (let code = 0; code <= 0x10ffff; code++) {
    const character = String.fromCodePoint(code);
    const expected = wcwidth(code);
    // One has been assigned, or got its width, in a later version of Unicode than the C library's.
    if (expected < 0 || printable(character, UNICODE) !== character) continue;
    compared++;
    if (columnsOf(character) !== expected) wrong.push(`U+${code.toString(16)}`);
  }
  uselocale(before);
  freelocale(locale);
  library.close();
  assert.ok(compared > 100_000, `only ${compared}`);
  assert.ok(wrong.length <= 100, `${wrong.length} differ: ${wrong.slice(0, 300).join(" ")}`);
});

Deno.test("text: nothing that a terminal would obey is printable, whatever a name is", () => {
  fc.assert(fc.property(anyText, anyCharset, (name, charset) => {
    const text = printable(name, charset);
    assert.doesNotMatch(text, /[\p{C}\p{Zl}\p{Zp}]/u);
    assert.doesNotMatch(text, /[\p{Mn}\p{Me}]{3}/u);
    if (charset === ASCII) assert.match(text, /^[ -~]*$/);
    assert.equal(printable(text, charset), text, "printable twice");
  }));
});

Deno.test("text: what can't be shown is escaped, and what can isn't", () => {
  const cases: [string, string][] = [
    ["plain name ~", "plain name ~"],
    ["\x1b[31mred", "\\u{1b}[31mred"],
    ["a\nb\x7f\x9b", "a\\u{a}b\\u{7f}\\u{9b}"],
    ["\u202egnp.exe", "\\u{202e}gnp.exe"],
    ["\ud800", "\\u{d800}"],
    ["Zoë 日本 👍🏽 ❤\ufe0f", "Zoë 日本 👍🏽 ❤"],
  ];
  for (const [name, text] of cases) assert.equal(printable(name, UNICODE), text);
  assert.equal(printable("Zoë 日\x1b", ASCII), "Zo? ?\\u{1b}");
});

Deno.test("text: fitted text takes exactly the columns it may, and is cut at characters", () => {
  const columns = fc.integer({ min: 0, max: 40 }), side = fc.constantFrom("left", "right");
  fc.assert(fc.property(anyText, anyCharset, columns, side, (name, charset, columns, align) => {
    const text = printable(name, charset);
    const fitted = fit(text, columns, charset, align as "left" | "right");
    assert.equal(columnsOf(fitted), columns);
    assert.ok(fitted.isWellFormed());
    if (columnsOf(text) <= columns) assert.equal(fitted.trim(), text.trim());
  }));
});

Deno.test("text: a cut is marked, and a wide character isn't cut in two", () => {
  assert.equal(fit("abcdef", 4, UNICODE), "abc…");
  assert.equal(fit("abcdef", 4, ASCII), "abc~");
  assert.equal(fit("日本語", 4, UNICODE), "日… ");
  assert.equal(fit("日本語", 5, UNICODE), "日本…");
  assert.equal(fit("日", 1, UNICODE), "…");
  assert.equal(fit("ab", 4, UNICODE, "right"), "  ab");
});

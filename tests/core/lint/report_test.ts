/** How findings are shown: exact texts, columns of tabs and wide characters, nothing of a secret. */
import assert from "node:assert/strict";
import { ConfigDocument } from "../../../core/config/document.ts";
import { frameOf } from "../../../core/lint/frame.ts";
import { lintConfig } from "../../../core/lint/lint.ts";
import { maskLine } from "../../../core/lint/masked_line.ts";
import { formatFindings, formatFindingsJson } from "../../../core/lint/report.ts";
import type { LintSurroundings } from "../../../core/lint/surroundings.ts";
import { styleOf } from "../../../core/show/style.ts";
import { ASCII, UNICODE } from "../../../core/terminal_text.ts";

const KEY = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
const PEER = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";

const SURROUNDINGS: LintSurroundings = {
  file: "wg0.conf",
  isNamedAfterInterface: true,
  isWorldAccessible: true,
  hasBash: true,
  tableNames: new Map(),
  servicePort: () => null,
  publicKeyOf: () => new Uint8Array(32).fill(7),
  readKeyFile: () => assert.fail("no file to read"),
  neighbours: [],
};
const PLAIN = { style: styleOf(false), charset: UNICODE };

const lint = (text: string) => lintConfig(text, SURROUNDINGS);

const TEXT = `[Interface]
PrivateKey = ${KEY}
\tAdress\t= 10.0.0.1/24
[Peer]
PublicKey = ${PEER}0
AllowedIPs = 世界, 10.0.0.1/24 # 世
`;

Deno.test("a report says where, what, and what was expected", () => {
  assert.equal(
    formatFindings([lint(TEXT)], PLAIN),
    `\
wg0.conf: warning: everybody may access this file, which holds secret keys [world-accessible]
     = chmod 600 it

wg0.conf:3:2: error: unknown key "Adress" in [Interface] [unknown-key]
   3 |  Adress = 10.0.0.1/24
     |  ^^^^^^
     = did you mean Address?

wg0.conf:4:1: warning: no peer has an Endpoint, and there is no ListenPort: neither side could begin \
[no-way-to-peers]
   4 | [Peer]
     | ^^^^^^
     = add one of them

wg0.conf:5:13: error: cannot parse PublicKey [invalid-value]
   5 | PublicKey = *********************************************
     |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
     = a key has 44 characters of base64, not 45

wg0.conf:6:14: error: cannot parse AllowedIPs "世界, 10.0.0.1/24" [invalid-value]
   6 | AllowedIPs = 世界, 10.0.0.1/24 # 世
     |              ^^^^
     = "世界" is not an IPv4 or IPv6 address with a prefix length

wg0.conf:6:18: warning: 10.0.0.1/24 has bits behind its prefix length: it is taken as 10.0.0.0/24 \
[host-bits]
   6 | AllowedIPs = 世界, 10.0.0.1/24 # 世
     |                    ^^^^^^^^^^^
     = did you mean 10.0.0.0/24, or 10.0.0.1/32?

3 errors, 3 warnings
`,
  );
});

Deno.test("a report of nothing is empty, and one in colours has the same text", () => {
  assert.equal(formatFindings([], PLAIN), "");
  const colored = formatFindings([lint(TEXT)], { ...PLAIN, style: styleOf(true) });
  // deno-lint-ignore no-control-regex -- colours
  assert.equal(colored.replaceAll(/\x1b\[\d+m/g, ""), formatFindings([lint(TEXT)], PLAIN));
  assert.ok(colored.includes(": \x1b[31merror\x1b[0m: "));
});

Deno.test("a domain isn't repeated with what may be a key in it", () => {
  const text = `[Interface]\nDNS = 10.0.0.53, example.com, ~PrivateKey=${KEY}`;
  const report = formatFindings([lint(text)], PLAIN);
  assert.match(report, /not only those in "~PrivateKey=\(hidden\)" \[unsplit-dns\]/);
  assert.doesNotMatch(report + formatFindingsJson([lint(text)]), /[A-Za-z0-9+/]{32}/);
});

Deno.test("the space before a section's name is not underlined", () => {
  assert.match(
    formatFindings([lint(" \t[Interface] # mine\n")], PLAIN),
    /^wg0\.conf:1:3: warning: no PrivateKey.*\n.*\| +\[Interface\] # mine\n +\|  +\^{11}\n/m,
  );
});

Deno.test("JSON has the same, with columns in characters", () => {
  const text = `[Interface]\nPrivateKey=${KEY}\n[Peer]\nPublicKey=${PEER}\nEndpoint=🦕:0 # é`;
  const result = lintConfig(text, { ...SURROUNDINGS, isWorldAccessible: false });
  const json: unknown = JSON.parse(formatFindingsJson([result]));
  assert.deepEqual(json, {
    version: 1,
    errors: 1,
    warnings: 1,
    infos: 0,
    files: [{
      file: "wg0.conf",
      findings: [
        {
          code: "no-allowed-ips",
          severity: "warning",
          message: "this peer has no AllowedIPs: nothing is sent to it or taken from it",
          help: "",
          line: 3,
          column: 1,
          endColumn: 7,
        },
        {
          code: "invalid-value",
          severity: "error",
          message: 'cannot parse Endpoint "🦕:0"',
          help: "a peer can't be reached at port 0",
          line: 5,
          column: 10,
          endColumn: 13,
        },
      ],
    }],
  });
  const whole: unknown = JSON.parse(formatFindingsJson([lint(`[Interface]\nPrivateKey=${KEY}`)]));
  assert.deepEqual(whole, {
    version: 1,
    errors: 0,
    warnings: 1,
    infos: 0,
    files: [{
      file: "wg0.conf",
      findings: [{
        code: "world-accessible",
        severity: "warning",
        message: "everybody may access this file, which holds secret keys",
        help: "chmod 600 it",
        line: null,
        column: null,
        endColumn: null,
      }],
    }],
  });
});

Deno.test("a part of a long line is shown around it, and underlined where it stands", () => {
  const text = `${"世".repeat(60)}\tPART${"x".repeat(300)}`;
  const at = text.indexOf("PART");
  for (const [charset, columns] of [[UNICODE, 2], [ASCII, 1]] as const) {
    const { source, indent, underline } = frameOf(
      text,
      { line: 1, start: at, end: at + 4 },
      charset,
    );
    assert.equal(underline, "^^^^");
    const before = source.slice(0, source.indexOf("PART"));
    const width = [...before].reduce((sum, c) => sum + (c === "世" ? columns : 1), 0);
    assert.equal(indent.length, width);
    assert.ok(width <= 40 && source.endsWith(charset.ellipsis));
  }
  const whole = frameOf(text, { line: 1, start: 0, end: text.length }, UNICODE);
  assert.equal(whole.underline.length, 100);
  assert.deepEqual(frameOf("a\x1b[2Jb", { line: 1, start: 5, end: 6 }, UNICODE), {
    source: "a\\u{1b}[2Jb",
    indent: " ".repeat(10),
    underline: "^",
  });
  assert.deepEqual(frameOf("", { line: 1, start: 0, end: 0 }, UNICODE), {
    source: "",
    indent: "",
    underline: "^",
  });
});

Deno.test("a line that is shown has nothing of a key, wherever it stands, and keeps its length", () => {
  const half = KEY.slice(0, 22), rest = KEY.slice(22);
  const lines: readonly (readonly [line: string, shown: string])[] = [
    [`PrivateKey = ${KEY} # old`, `PrivateKey = ${"*".repeat(44)} * ***`],
    [`private key=${half} ${rest}`, `private key=${"*".repeat(22)} ${"*".repeat(22)}`],
    [`PresharedKey\t=\tshort`, `PresharedKey\t=\t*****`],
    [`PrivatKey = short`, `PrivatKey = *****`],
    [`PublicKey = ${PEER}`, `PublicKey = ${"*".repeat(44)}`],
    [`PostUp = f ${KEY} %i`, `PostUp = f ${"*".repeat(44)} %i`],
    [`# PrivateKey = ${KEY}`, `# PrivateKey = ${"*".repeat(44)}`],
    [half, "*".repeat(22)],
    [`[${half}]`, `[${"*".repeat(22)}]`],
    [`${half} = ${rest}`, `${"*".repeat(22)} = ${"*".repeat(22)}`],
    ["AllowedIPs 10.0.0.0/8", "AllowedIPs 10.0.0.0/8"],
    ["Address = 10.0.0.1/24, fd00::1/64 # home", "Address = 10.0.0.1/24, fd00::1/64 # home"],
  ];
  for (const [text, shown] of lines) {
    const [line] = ConfigDocument.parse(text, "wg0.conf").lines;
    assert.ok(line !== undefined);
    assert.equal(maskLine(line), shown);
    assert.equal(shown.length, text.length);
  }
});

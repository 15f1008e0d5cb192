/** Key files, as `wg set` reads them. */
import assert from "node:assert/strict";
import { isSpace, readKeyText } from "../../../cli/key_text.ts";
import { readKeyFile } from "../../../cli/system/key_file.ts";
import { WgError } from "../../../core/wg/error.ts";

const KEY = new Uint8Array(32).fill(7);
const BASE64 = KEY.toBase64();

/** What reading a file of these contents gives: its key in hex, or what is said of it. */
function read(contents: string | Uint8Array): string {
  const path = Deno.makeTempFileSync({ prefix: "wgts-test-" });
  try {
    const bytes = typeof contents === "string" ? new TextEncoder().encode(contents) : contents;
    Deno.writeFileSync(path, bytes);
    return readAt(path);
  } finally {
    Deno.removeSync(path);
  }
}

function readAt(path: string): string {
  try {
    return readKeyFile(path).toHex();
  } catch (error) {
    assert.ok(error instanceof WgError, String(error));
    return error.message;
  }
}

Deno.test("a key file may end with white space", () => {
  for (
    const text of [BASE64, `${BASE64}\n`, `${BASE64} \t\r\n\v\f\n`, BASE64 + " ".repeat(10_000)]
  ) {
    assert.equal(read(text), KEY.toHex());
  }
});

Deno.test("an empty key file is no key", () => {
  assert.equal(read(""), "00".repeat(32));
  assert.equal(readAt("/dev/null"), "00".repeat(32));
});

Deno.test("a key file that holds less than a key, or something before it, is refused", () => {
  for (const text of ["\n", " ", BASE64.slice(0, 43), "\0"]) {
    assert.equal(read(text), "Invalid length key in key file", JSON.stringify(text));
  }
  assert.equal(readAt("/"), "Invalid length key in key file");
  assert.match(read(` ${BASE64}`), /^Found trailing character in key file: `='$/);
});

Deno.test("the first stray byte behind a key is named, however much follows", () => {
  assert.equal(read(`${BASE64}x`), "Found trailing character in key file: `x'");
  assert.equal(read(`${BASE64}\n\n#${BASE64}`), "Found trailing character in key file: `#'");
  assert.equal(read(`${BASE64}\0`), "Found trailing character in key file: `\0'");
  assert.equal(readAt("/dev/zero"), "Found trailing character in key file: `\0'");
});

Deno.test("a key file that holds no key is refused, and isn't repeated", () => {
  for (const text of [`${BASE64.slice(0, 43)}A`, BASE64.replace("B", "!"), "é".repeat(22)]) {
    assert.equal(read(text), "Key is not the correct length or format: `(hidden)'");
  }
});

Deno.test("a key file that can't be opened is told of in the system's words", () => {
  assert.equal(readAt("/nonexistent/key"), "fopen: No such file or directory");
  assert.equal(readAt(""), "fopen: No such file or directory");
  assert.equal(readAt("/dev/null/key"), "fopen: Not a directory");
  assert.equal(readAt("x".repeat(5000)), "fopen: File name too long");
});

Deno.test("only as much is read as is needed, in pieces of any size, and wiped", () => {
  const encoder = new TextEncoder();
  for (const size of [1, 43, 44, 45]) {
    let rest = encoder.encode(`${BASE64}\nxy`), chunk: Uint8Array = new Uint8Array();
    const source = {
      readSync(target: Uint8Array) {
        chunk = target;
        target.set(rest.subarray(0, size));
        const count = Math.min(size, rest.length);
        rest = rest.subarray(count);
        return count === 0 ? null : count;
      },
    };
    assert.deepEqual(readKeyText(source, isSpace), { text: BASE64, stray: 0x78, error: null });
    assert.ok(chunk.every((byte) => byte === 0));
  }
});

Deno.test("a source that fails gives what came before", () => {
  const failure = new Error("Input/output error (os error 5)");
  let reads = 0;
  const source = {
    readSync(target: Uint8Array) {
      if (reads++ > 0) throw failure;
      target.set([0x41, 0x42]);
      return 2;
    },
  };
  assert.deepEqual(readKeyText(source, isSpace), { text: "AB", stray: null, error: failure });
});

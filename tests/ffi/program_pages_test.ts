import assert from "node:assert/strict";
import "./bind_libc.ts";
import { unmapProgramPages, unmodified } from "../../ffi/program_pages.ts";

const mapping = (range: string, permissions: string, file: string, anonymous: number) =>
  `${range} ${permissions} 00001000 fd:01 1234${file === "" ? "" : `        ${file}`}
Size:                100 kB
Rss:                  64 kB
Anonymous:      ${String(anonymous).padStart(8)} kB
LazyFree:              0 kB
VmFlags: rd ex mr mw me
`;

Deno.test("program pages: only what is read-only, unmodified and the program's is unmapped", () => {
  const smaps = mapping("1000-2000", "r--p", "/usr/bin/wgts", 0) +
    mapping("2000-5000", "r-xp", "/usr/bin/wgts", 0) +
    mapping("5000-6000", "r--p", "/usr/bin/wgts", 4) +
    mapping("6000-7000", "rw-p", "/usr/bin/wgts", 0) +
    mapping("7000-8000", "r-xp", "/usr/lib/libc.so.6", 0) +
    mapping("8000-9000", "rw-p", "", 0) +
    mapping("9000-a000", "r-xs", "/usr/bin/wgts", 0) +
    mapping("7f0000000000-7f0000001000", "r-xp", "/usr/bin/wgts", 0) +
    mapping("7f0000001000-7f0000002000", "r-xp", "/usr/bin/wgts (deleted)", 0);
  assert.deepEqual(unmodified(smaps, "/usr/bin/wgts"), [
    { begin: 0x1000n, end: 0x2000n },
    { begin: 0x2000n, end: 0x5000n },
    { begin: 0x7f0000000000n, end: 0x7f0000001000n },
  ]);
});

Deno.test("program pages: the process goes on with fewer of them", () => {
  const bytes = unmapProgramPages();
  assert.ok(bytes > 1 << 20, `${bytes} bytes`);
  assert.equal([3, 1, 2].toSorted().join(), "1,2,3");
});

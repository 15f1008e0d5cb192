/** The library: importing it does nothing, and its examples work. */
import assert from "node:assert/strict";

const ROOT = new URL("..", import.meta.url);
const LIBRARY = new URL("mod.ts", ROOT);

async function deno(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Runs `code` as a program that has no permission whatsoever. */
async function runWithoutPermissions(code: string) {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, code);
    const flags = ["--config=deno.json", "--no-prompt", "--cached-only", "--quiet", "--no-check"];
    return await deno("run", ...flags, file);
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("the library can be imported and used without any permission", async () => {
  const result = await runWithoutPermissions(`
    import * as wgts from ${JSON.stringify(LIBRARY.href)};
    const crypto = wgts.createWasmCrypto(new WebAssembly.Memory({ initial: 1 }), 0);
    const publicKey = new Uint8Array(32);
    crypto.handshake.x25519Base(publicKey, new Uint8Array(32).fill(1));
    console.log(wgts.formatKey(publicKey));`);
  assert.equal(result.code, 0, result.stderr);
  // What `wg pubkey` prints for a key of 32 bytes 01.
  assert.equal(result.stdout, "pOCSkrZRwni5dyxWn1+puxPZBrRqtoyd+dwrRAn4ogk=\n");
});

Deno.test("without permissions, opening the C library would fail", async () => {
  const libc = new URL("ffi/libc.ts", ROOT).href;
  const result = await runWithoutPermissions(
    `import { libc } from ${JSON.stringify(libc)}; libc.getpid();`,
  );
  assert.notEqual(result.code, 0);
  assert.match(result.stderr, /needs Linux with glibc|--allow-ffi/);
});

Deno.test("the library consists of core/ and @noble only", async () => {
  const { stdout } = await deno("info", "--json", "mod.ts");
  const { modules } = JSON.parse(stdout) as { modules: { specifier: string }[] };
  assert.ok(modules.length > 20, `only ${modules.length} modules`);
  for (const { specifier } of modules) {
    const isOurs = specifier === LIBRARY.href || specifier.startsWith(new URL("core/", ROOT).href);
    assert.ok(isOurs || /^npm:\/?@noble\//.test(specifier), specifier);
  }
});

Deno.test("the examples of mod.ts and README.md run without any permission", async () => {
  const { code, stdout, stderr } = await deno(
    "test",
    "--doc",
    "--no-prompt",
    "mod.ts",
    "README.md",
  );
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /^ok \| 4 passed/m);
});

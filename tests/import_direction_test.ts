/** Dependencies point one way: cli -> ffi -> core. core/ is pure. */
import assert from "node:assert/strict";

const ROOT = new URL("..", import.meta.url);

/** What would make core/ impure: I/O, clocks, timers, randomness. Matched in code, not in comments. */
const IMPURE =
  /\bDeno\b|["']node:|\bDate\b|\bperformance\b|\bsetTimeout\b|\bsetInterval\b|\bgetRandomValues\b|\brandomUUID\b|\bMath\.random\b|\bfetch\b|\bprocess\b\.|\bconsole\b|\bWorker\b|\blocalStorage\b/;

const ALLOWED_IMPORTS: Record<string, RegExp> = {
  // Relative, within core/; the reference cryptography is @noble.
  core: /^@noble\/|^\/core\//,
  ffi: /^\/(core|ffi)\//,
  // deno.json for the version
  cli: /^\/(core|ffi|cli)\/|^\/deno\.json$/,
};

/** AssemblyScript has globals and imports of its own. */
function isAssemblyScript(file: string): boolean {
  return file.endsWith(".as.ts");
}

Deno.test("core names no Deno, node:, clock, timer or randomness", async () => {
  let files = 0;
  for await (const file of sources("core/")) {
    if (isAssemblyScript(file)) continue;
    const code = withoutComments(await Deno.readTextFile(new URL(file, ROOT)));
    for (const [i, line] of code.split("\n").entries()) {
      assert.ok(!IMPURE.test(line), `${file}:${i + 1}: ${line.trim()}`);
    }
    files++;
  }
  assert.ok(files > 20, `only ${files} files found`);
});

for (const [folder, allowed] of Object.entries(ALLOWED_IMPORTS)) {
  Deno.test(`${folder} imports only what it may`, async () => {
    for await (const file of sources(`${folder}/`)) {
      if (isAssemblyScript(file)) continue;
      const code = withoutComments(await Deno.readTextFile(new URL(file, ROOT)));
      for (const specifier of imports(code)) {
        assert.match(resolve(specifier, file), allowed, `${file} imports ${specifier}`);
      }
    }
  });
}

Deno.test("mod.ts is the library: it imports core only, and loads no native library", async () => {
  const code = withoutComments(await Deno.readTextFile(new URL("mod.ts", ROOT)));
  const specifiers = [...imports(code)];
  assert.ok(specifiers.length > 0);
  for (const specifier of specifiers) assert.match(resolve(specifier, "mod.ts"), /^\/core\//);
});

Deno.test("dependencies are few and pinned", async () => {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const known = [
    "@noble/ciphers",
    "@noble/curves",
    "@noble/hashes",
    "ajv",
    "assemblyscript",
    "esbuild",
    "fast-check",
  ];
  assert.deepEqual(Object.keys(imports).sort(), known);
  for (const specifier of Object.values(imports)) {
    assert.match(String(specifier), /^npm:@?[^@]+@\d+\.\d+\.\d+$/);
  }
  // A lock file must not send anyone to a registry that only its author can reach.
  const lock = await Deno.readTextFile(new URL("deno.lock", ROOT));
  assert.ok(!/https?:\/\//.test(lock), "deno.lock names a host");
});

/** The paths of all TypeScript files below a folder, relative to the root. */
async function* sources(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(new URL(folder, ROOT))) {
    const path = `${folder}${entry.name}`;
    if (entry.isDirectory) yield* sources(`${path}/`);
    else if (path.endsWith(".ts") && !path.endsWith(".gen.ts")) yield path;
  }
}

/** Blanks comments and keeps the lines. Good enough for sources that `deno fmt` has formatted. */
function withoutComments(code: string): string {
  return code
    .replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, " "))
    .replaceAll(/(^|\s)\/\/.*$/gm, "$1");
}

/** What a module imports, exports from, or loads dynamically. */
function* imports(code: string): Generator<string> {
  for (const match of code.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)"([^"]+)"/g)) {
    if (match[1]) yield match[1];
  }
}

/** The path from the root, with a leading slash, of a relative specifier; others unchanged. */
function resolve(specifier: string, file: string): string {
  return specifier.startsWith(".") ? new URL(specifier, `file:///${file}`).pathname : specifier;
}

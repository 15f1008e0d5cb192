/**
 * Builds the WebAssembly module from the AssemblyScript sources of the kernel and from what the
 * generators there add, and writes it as base64 into `wgts_crypto.gen.ts`. The same sources give the same
 * bytes on every machine. It stands here because it reads and writes files, which nothing in core/ does.
 *
 * `deno task build:wasm` writes the file; with `--check` it only compares, and exits with 1 if they differ,
 * with `--print` it prints what the generators add.
 */

import asc from "assemblyscript/asc";
import { generateBlake2s } from "../core/crypto/kernel/generate_blake2s.ts";
import { generateChaCha20 } from "../core/crypto/kernel/generate_chacha20.ts";
import { generateField } from "../core/crypto/kernel/generate_field.ts";

const FOLDER = new URL("../core/crypto/kernel/", import.meta.url);
const OUTPUT = new URL("wgts_crypto.gen.ts", FOLDER);
const BASE64_LINE = 96;

const GENERATORS: Record<string, () => string> = {
  "woven.as.ts": generateChaCha20,
  "blake2s_compress.as.ts": generateBlake2s,
  "field.as.ts": generateField,
};

const OPTIONS = [
  "-O3",
  "--noAssert",
  "--runtime",
  "stub",
  "--use",
  "abort=",
  "--enable",
  "simd,threads",
  "--importMemory",
  "--noExportMemory",
  // The import is for a shared memory of any size; instantiation turns it into one for any other memory.
  "--sharedMemory",
  "--initialMemory",
  "1",
  "--maximumMemory",
  "65536",
];

/** A memory import's limits: shared, at least 1 page, at most 65,536 (WebAssembly, section 5.3.7). */
const SHARED_LIMITS = [0x03, 0x01, 0x80, 0x80, 0x04];

/** Compiles the module. Throws when a source has an error. */
export async function buildKernel(): Promise<Uint8Array<ArrayBuffer>> {
  let module: Uint8Array<ArrayBuffer> | null = null;
  const { error, stderr } = await asc.main(
    ["index.as.ts", "--outFile", "kernel.wasm", ...OPTIONS],
    {
      readFile: readSource,
      writeFile(_name: string, contents: string | Uint8Array) {
        if (typeof contents !== "string") module = Uint8Array.from(contents);
      },
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`Cannot compile the kernel: ${error.message}\n${stderr}`);
  if (module === null) throw new Error("Cannot compile the kernel: the compiler wrote no module");
  return module;
}

function readSource(name: string): string | null {
  const generate = GENERATORS[name];
  if (generate) return generate();
  try {
    return Deno.readTextFileSync(new URL(name, FOLDER));
  } catch (error) {
    // The compiler asks for each import under several names.
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Where {@linkcode SHARED_LIMITS} begin in `module`. */
function findLimits(module: Uint8Array): number {
  const found: number[] = [];
  for (let at = 0; at + SHARED_LIMITS.length <= module.length; at++) {
    if (SHARED_LIMITS.every((byte, i) => module[at + i] === byte)) found.push(at);
  }
  const [at] = found;
  if (at === undefined || found.length > 1) {
    throw new Error(`Cannot find the memory import: ${found.length} places look like it`);
  }
  return at;
}

/** The text of `wgts_crypto.gen.ts` for `module`. */
export function formatModule(module: Uint8Array<ArrayBuffer>): string {
  const lines = module.toBase64().match(new RegExp(`.{1,${BASE64_LINE}}`, "g")) ?? [];
  return [
    "// Written by `deno task build:wasm` from the sources in this folder. Do not edit.",
    "",
    `/** Bytes of the module. */`,
    `export const MODULE_SIZE = ${module.length};`,
    "/** Offset in the module of the limits of its memory import, for a shared memory (5 bytes). */",
    `export const MEMORY_LIMITS_OFFSET = ${findLimits(module)};`,
    "/** The module, in base64. */",
    "export const MODULE_BASE64 = `",
    ...lines,
    "`;",
    "",
  ].join("\n");
}

if (import.meta.main) {
  const text = formatModule(await buildKernel());
  if (Deno.args.includes("--check")) {
    if (Deno.readTextFileSync(OUTPUT) !== text) {
      console.error("wgts_crypto.gen.ts is not what its sources give: run deno task build:wasm");
      Deno.exit(1);
    }
  } else if (Deno.args.includes("--print")) {
    for (const generate of Object.values(GENERATORS)) console.log(generate());
  } else {
    Deno.writeTextFileSync(OUTPUT, text);
  }
}

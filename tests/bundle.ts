/**
 * Joins the modules of a program, and what they import, to few files of JavaScript without comments, which
 * `deno compile` then embeds. A compiled program reads all that is embedded in it at each start, whatever it
 * needs of it, and `up` starts two: so the modules themselves with their source maps, and all files of the
 * packages, made each start a fifth longer.
 *
 * `deno run -A tests/bundle.ts DIRECTORY ENTRY`: the modules of this repository keep their places, in
 * DIRECTORY, as far as they are `ENTRY` or are imported when they are needed.
 */
import { build, type Plugin } from "esbuild";
import type { VectorExtension } from "../core/crypto/x86/transport_aead.ts";
import { transportCode } from "../core/crypto/x86/transport_code.ts";
import { LATER_MODULES } from "./later_modules.ts";

const ROOT = new URL("../", import.meta.url).pathname;

/** Finds packages where the runtime has them: the versions of deno.json, checked by deno.lock. */
const PACKAGES: Plugin = {
  name: "packages",
  setup({ onResolve }) {
    onResolve({ filter: /^@noble\// }, ({ path }) => ({
      path: new URL(import.meta.resolve(path)).pathname,
    }));
  },
};

const VECTOR_EXTENSIONS: readonly VectorExtension[] = ["avx2", "avx512"];

/** Generates the machine code now, and not at each start of an engine. */
const GENERATED: Plugin = {
  name: "generated",
  setup({ onLoad }) {
    onLoad({ filter: /\/core\/crypto\/x86\/transport_code\.ts$/ }, () => ({
      contents: generatedTransportCode(),
      loader: "ts",
    }));
  },
};

/** The source of a module that takes the place of core/crypto/x86/transport_code.ts. */
export function generatedTransportCode(): string {
  const generated = VECTOR_EXTENSIONS.map((extension) => {
    const { code, functions } = transportCode(extension);
    return [extension, { code: new Uint8Array(code).toBase64(), functions }];
  });
  return `
    const GENERATED = ${JSON.stringify(Object.fromEntries(generated))};
    export function transportCode(extension) {
      const { code, functions } = GENERATED[extension];
      return { code: Uint8Array.fromBase64(code), functions };
    }`;
}

async function main([directory, entry]: string[]): Promise<void> {
  if (directory === undefined || entry === undefined) {
    throw new Error("bundle: tell the directory to write to, and the entry");
  }
  // So that the packages are there, on a fresh machine too.
  await import("../core/crypto/noble.ts");
  const commands = [...Deno.readDirSync(`${ROOT}cli/commands`)]
    .map(({ name }) => `cli/commands/${name}`);
  await Deno.remove(directory, { recursive: true }).catch(() => {});
  await build({
    absWorkingDir: ROOT,
    entryPoints: [entry, ...commands.sort(), ...LATER_MODULES],
    outbase: ROOT,
    outdir: directory,
    // Beside cli/main.js, since `laterModule` is in one of them.
    chunkNames: "cli/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    target: "esnext",
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: "inline",
    external: ["node:*"],
    plugins: [PACKAGES, GENERATED],
    logLevel: "warning",
  });
}

if (import.meta.main) await main(Deno.args);

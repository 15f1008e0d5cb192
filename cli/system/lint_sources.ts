/** What `wgts check` reads: the configs that it is given, and those beside them. */

import { isInterfaceName, locateConfig } from "../../core/config/interface_name.ts";
import { neighbourOf } from "../../core/lint/lint.ts";
import type { Neighbour } from "../../core/lint/surroundings.ts";
import { isThere, MissingConfigError, readConfigFile } from "./config_file.ts";

const SUFFIX = ".conf";

/** A config to check. */
export interface LintSource {
  /** As messages call it. */
  readonly file: string;
  readonly text: string;
  readonly isNamedAfterInterface: boolean;
  readonly isWorldAccessible: boolean;
  /** Absolute path without symbolic links; null for stdin. */
  readonly realPath: string | null;
}

/**
 * The config that an argument means: stdin for `-`, else what `up` would take, or any other file.
 *
 * @throws MissingConfigError, Error when it can't be read
 */
export async function readLintSource(argument: string): Promise<LintSource> {
  if (argument === "-") {
    const bytes = new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer());
    return {
      file: "stdin",
      text: decode(bytes),
      isNamedAfterInterface: true,
      isWorldAccessible: false,
      realPath: null,
    };
  }
  const path = findConfig(argument);
  let isWorldAccessible = false;
  const { bytes, path: realPath } = readConfigFile(path, () => isWorldAccessible = true);
  const isNamedAfterInterface = locateConfig(path.includes("/") ? path : `./${path}`) !== null;
  return { file: path, text: decode(bytes), isNamedAfterInterface, isWorldAccessible, realPath };
}

/** A name of an interface comes first; what isn't one's config may still be a file in this directory. */
function findConfig(argument: string): string {
  const path = locateConfig(argument)?.path;
  if (path !== undefined && isThere(path)) return path;
  if (isThere(argument)) return argument;
  throw new MissingConfigError(path ?? argument);
}

/** Reads configs beside those that are checked, each once. */
export class NeighbourReader {
  readonly #known = new Map<string, Neighbour | null>();

  /**
   * The other configs in the directory of `source`, and the others of `sources`; of those that can't be
   * read, none.
   */
  neighboursOf(source: LintSource, sources: readonly LintSource[]): Neighbour[] {
    const paths = new Map<string, string>();
    for (const { file, realPath } of sources) if (realPath !== null) paths.set(realPath, file);
    if (source.realPath !== null) {
      for (const path of configsBeside(source.file)) {
        const realPath = realPathOf(path);
        if (realPath !== null && !paths.has(realPath)) paths.set(realPath, path);
      }
      paths.delete(source.realPath);
    }
    return [...paths].flatMap(([realPath, file]) => this.#read(realPath, file) ?? []);
  }

  #read(realPath: string, file: string): Neighbour | null {
    const known = this.#known.get(realPath);
    if (known !== undefined) return known;
    let neighbour: Neighbour | null;
    try {
      neighbour = neighbourOf(decode(Deno.readFileSync(realPath)), file);
    } catch {
      neighbour = null;
    }
    this.#known.set(realPath, neighbour);
    return neighbour;
  }
}

/** The configs of interfaces in the directory of the file at `path`. */
function configsBeside(path: string): string[] {
  const directory = path.includes("/") ? path.slice(0, path.lastIndexOf("/") + 1) : "";
  try {
    return [...Deno.readDirSync(directory === "" ? "." : directory)]
      .map(({ name }) => name)
      .filter((name) => name.endsWith(SUFFIX) && isInterfaceName(name.slice(0, -SUFFIX.length)))
      .sort()
      .map((name) => `${directory}${name}`);
  } catch {
    return [];
  }
}

function realPathOf(path: string): string | null {
  try {
    return Deno.realPathSync(path);
  } catch {
    return null;
  }
}

/** As `up` reads it. */
function decode(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

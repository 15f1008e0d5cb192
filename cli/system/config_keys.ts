/**
 * The keys of a config that are in files of their own.
 *
 * @module
 */
import {
  KeyFileError,
  keyFilePaths,
  type KeyFilePlaces,
  type KeyInFile,
  showKeyFile,
} from "../../core/config/key_files.ts";
import type { KeyFileName } from "../../core/config/types.ts";
import { KEY_SIZE } from "../../core/crypto/crypto.ts";
import { BASE64_KEY_LENGTH, parseKey } from "../../core/keys.ts";
import { secretBytes } from "../../core/memory.ts";
import { isSpace, readKeyText } from "../key_text.ts";
import { osErrorText } from "./os_error.ts";
import { isWorldAccessible } from "./world_access.ts";

/**
 * Where the config at `path`, absolute, has its key files. A service of systemd's is told of its credentials
 * by the environment.
 */
export function keyFilePlaces(
  path: string,
  environment: (variable: string) => string | undefined = (variable) => Deno.env.get(variable),
): KeyFilePlaces {
  return {
    directory: path.slice(0, path.lastIndexOf("/")) || "/",
    credentials: environment("CREDENTIALS_DIRECTORY") || null,
  };
}

/**
 * Reads the key in the file that a config names, as `wg` reads key files: an empty one holds none, and only
 * white space may follow a key.
 *
 * @throws KeyFileError
 */
export function readConfigKey({ name }: KeyFileName, places: KeyFilePlaces): KeyInFile {
  const paths = keyFilePaths(name, places);
  const path = paths.find(isThere) ?? paths.at(-1) ?? name;
  const shown = showKeyFile(name, path);
  const fail = (problem: string) => new KeyFileError(`${shown}: ${problem}`);
  try {
    using file = Deno.openSync(path);
    const { text, stray, error } = readKeyText(file, isSpace);
    if (error !== null) throw error;
    if (text !== "" && text.length < BASE64_KEY_LENGTH) throw fail("shorter than a key");
    if (stray !== null) throw fail("something follows the key");
    const key = text === "" ? secretBytes(KEY_SIZE) : parseKey(text);
    if (key === null) throw fail("not a key as `wg genkey' prints it");
    return { key, path: shown, isWorldAccessible: isWorldAccessible(path) };
  } catch (error) {
    throw error instanceof KeyFileError ? error : fail(osErrorText(error));
  }
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

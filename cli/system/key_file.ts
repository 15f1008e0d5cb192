import { decodeConfigText } from "../../core/config/text.ts";
import { KEY_SIZE } from "../../core/crypto/crypto.ts";
import { BASE64_KEY_LENGTH } from "../../core/keys.ts";
import { secretBytes } from "../../core/memory.ts";
import { WgError } from "../../core/wg/error.ts";
import { parseWgSecretKey } from "../../core/wg/values.ts";
import { isSpace, readKeyText } from "../key_text.ts";
import { osErrorText } from "./os_error.ts";

/**
 * The key in the file at `path`, 32 bytes; all zero for an empty file, such as /dev/null.
 * @throws WgError
 */
export function readKeyFile(path: string): Uint8Array {
  using file = open(path);
  const { text, stray, error } = readKeyText(file, isSpace);
  if (text === "" && error === null && isAtItsBeginning(file)) return secretBytes(KEY_SIZE);
  if (text.length < BASE64_KEY_LENGTH) throw new WgError("Invalid length key in key file");
  if (stray !== null) {
    const character = decodeConfigText(Uint8Array.of(stray));
    throw new WgError(`Found trailing character in key file: \`${character}'`);
  }
  if (error !== null) throw new WgError(`getc: ${osErrorText(error)}`);
  return parseWgSecretKey(text);
}

function open(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path);
  } catch (error) {
    throw new WgError(`fopen: ${osErrorText(error)}`);
  }
}

/** Whether nothing came before; pipes don't tell. */
function isAtItsBeginning(file: Deno.FsFile): boolean {
  try {
    return file.seekSync(0, Deno.SeekMode.Current) === 0;
  } catch {
    return false;
  }
}

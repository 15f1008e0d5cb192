import { BASE64_KEY_LENGTH } from "../../core/keys.ts";
import { secretBytes } from "../../core/memory.ts";
import { WgError } from "../../core/wg/error.ts";
import { parseWgSecretKey } from "../../core/wg/values.ts";
import { osErrorText } from "./os_error.ts";

const CHUNK_SIZE = 4096;
const KEY_BYTES = 32;

/** Something that a key is read from: a file, or stdin. */
export interface KeySource {
  readSync(target: Uint8Array): number | null;
}

/** What was read of a key in base64 and of what follows it. */
export interface KeyText {
  /** As Latin-1, as many characters as a key has at most. */
  readonly text: string;
  /** The first byte behind it that may not follow a key; the rest isn't read. Null at the end. */
  readonly stray: number | null;
  /** Why it ended before its end; null otherwise. */
  readonly error: unknown;
}

/** Reads a key in base64, and further as long as only bytes follow that `mayFollow` allows. */
export function readKeyText(source: KeySource, mayFollow: (byte: number) => boolean): KeyText {
  const chunk = secretBytes(CHUNK_SIZE);
  let text = "";
  try {
    for (let count; (count = source.readSync(chunk)) !== null;) {
      for (const byte of chunk.subarray(0, count)) {
        if (text.length < BASE64_KEY_LENGTH) text += String.fromCharCode(byte);
        else if (!mayFollow(byte)) return { text, stray: byte, error: null };
      }
    }
    return { text, stray: null, error: null };
  } catch (error) {
    return { text, stray: null, error };
  } finally {
    chunk.fill(0);
  }
}

/** C's isspace(3) in the C locale. */
export function isSpace(byte: number): boolean {
  return byte === 0x20 || byte >= 0x09 && byte <= 0x0d;
}

/**
 * The key in the file at `path`, 32 bytes; all zero for an empty file, such as /dev/null.
 * @throws WgError
 */
export function readKeyFile(path: string): Uint8Array {
  using file = open(path);
  const { text, stray, error } = readKeyText(file, isSpace);
  if (text === "" && error === null && isAtItsBeginning(file)) return secretBytes(KEY_BYTES);
  if (text.length < BASE64_KEY_LENGTH) throw new WgError("Invalid length key in key file");
  if (stray !== null) {
    const character = String.fromCharCode(stray);
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

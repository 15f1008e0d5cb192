import { BASE64_KEY_LENGTH } from "../core/keys.ts";
import { secretBytes } from "../core/memory.ts";

const CHUNK_SIZE = 4096;

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

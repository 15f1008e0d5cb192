/** Between the bytes of a config file and its text, and what is white space in that. */

/** Lone surrogates, which no UTF-8 holds, stand for bytes that aren't UTF-8: U+DC80 for 0x80 … */
const BYTE_BASE = 0xdc00;
/** What decoders put in place of bytes that aren't UTF-8, and text may have too. */
const REPLACEMENT = "\ufffd";

/**
 * The text of a config file. Bytes that are not UTF-8, as in a comment in Latin-1, survive as lone
 * surrogates, and a byte order mark is kept, so that {@linkcode encodeConfigText} gives the same bytes.
 */
export function decodeConfigText(bytes: Uint8Array): string {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  if (!text.includes(REPLACEMENT)) return text;
  // Not at first: the runtime takes several times as long for it, and makes texts of twice the size.
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return decodeByPieces(bytes);
  }
}

/** The bytes that {@linkcode decodeConfigText} made `text` of. */
export function encodeConfigText(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const piece of text.split(/([\udc80-\udcff])/u)) {
    const code = piece.charCodeAt(0);
    if (piece.length === 1 && code >= 0xdc80 && code <= 0xdcff) bytes.push(code - BYTE_BASE);
    else for (const byte of new TextEncoder().encode(piece)) bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

function decodeByPieces(bytes: Uint8Array): string {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const size = sequenceSize(bytes[at] ?? 0);
    try {
      text += decoder.decode(bytes.subarray(at, at + size));
      at += size;
    } catch {
      text += String.fromCharCode(BYTE_BASE + (bytes[at++] ?? 0));
    }
  }
  return text;
}

/** Bytes of the UTF-8 sequence that `first` begins (RFC 3629 section 3). */
function sequenceSize(first: number): number {
  if (first < 0xc0) return 1;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/**
 * C's isspace(3) in the C locale, nothing of Unicode: `wg` and wg-quick know no other. For a class of
 * an expression.
 */
export const SPACE = "\\t-\\r ";
const ALL_SPACE = new RegExp(`[${SPACE}]`, "g");

/** `text` without any white space. */
export function removeSpace(text: string): string {
  return text.replace(ALL_SPACE, "");
}

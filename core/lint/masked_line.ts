/** Lines of a config as they may be shown: nothing in them that is a key or a part of one. */

import type { ConfigLine } from "../config/document.ts";
import { findName, nearestName, SECTION_NAMES } from "../config/keys.ts";
import { KEYS_OF_KEYS } from "../config/sections.ts";
import { maskKeys } from "../hidden_keys.ts";
import { ALL_KEYS } from "./located.ts";

/** Stands for a character of a secret: with as many of them, all else stays in its column. */
const MASK = "*";

/** So many characters of base64 in a row, at a place where nothing should be, may be a piece of a key. */
const PIECE_OF_KEY = /[A-Za-z0-9+/=]{8,}/g;

/** The text of `line`, as long as it is, with a mask over what may be secret. */
export function maskLine(line: ConfigLine): string {
  const { text } = line;
  if (line.kind === "blank") return maskKeys(text, MASK);
  if (line.kind === "section") {
    return findName(line.name, SECTION_NAMES) === null ? maskPieces(text) : maskKeys(text, MASK);
  }
  if (line.kind === "other") return maskPieces(text);
  const key = findName(line.key, ALL_KEYS);
  const meant = key ?? nearestName(line.key, ALL_KEYS);
  if (meant !== null && KEYS_OF_KEYS.has(meant)) {
    const value = text.indexOf("=") + 1;
    return maskPieces(text.slice(0, value)) + text.slice(value).replace(/[^\t-\r ]/g, MASK);
  }
  return key === null ? maskPieces(text) : maskKeys(text, MASK);
}

function maskPieces(text: string): string {
  return maskKeys(text, MASK).replace(PIECE_OF_KEY, (piece) => {
    const word = piece.replace(/=+$/, "");
    return nearestName(word, ALL_KEYS) === null ? MASK.repeat(piece.length) : piece;
  });
}

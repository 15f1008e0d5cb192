/** Text from outside in the cells of a terminal: made harmless, measured and cut by columns. */

/** How text is put on a terminal. */
export interface Charset {
  /** From nothing to full, in characters of one column. */
  readonly ramp: string;
  /** Stands for what was cut off; one column. */
  readonly ellipsis: string;
  /** Whether the terminal shows more than ASCII. */
  readonly unicode: boolean;
}

/** For terminals that take UTF-8. */
export const UNICODE: Charset = { ramp: "▁▂▃▄▅▆▇█", ellipsis: "…", unicode: true };
/** For all others. */
export const ASCII: Charset = { ramp: "_.:-=+*#", ellipsis: "~", unicode: false };

/**
 * What a terminal would obey, show nowhere, or show where it doesn't stand: control and format
 * characters (those that change the direction of writing too), lone surrogates, line separators, and
 * what isn't assigned, whose width nobody knows.
 */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;
/** Terminals disagree on the width of what these ask for. */
const VARIATION_SELECTORS = /[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/gu;
/** More marks on one letter than any language has would cover the lines above and below. */
const PILED_MARKS = /([\p{Mn}\p{Me}]{2})[\p{Mn}\p{Me}]+/gu;
const NOT_ASCII = /[^ -~]/gu;
const ASCII_ONLY = /^[ -~]*$/;

/** `text` as it may be written to a terminal: `\u{1b}` for a control character, `?` for what it lacks. */
export function printable(text: string, charset: Charset): string {
  if (ASCII_ONLY.test(text)) return text;
  const escaped = text.replace(VARIATION_SELECTORS, "").replace(PILED_MARKS, "$1")
    .replace(UNPRINTABLE, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
  return charset.unicode ? escaped : escaped.replace(NOT_ASCII, "?");
}

/** Nonspacing marks, and the vowels and final consonants that join a Hangul syllable. */
const ZERO_WIDTH = /^[\p{Mn}\p{Me}\u1160-\u11ff\ud7b0-\ud7fb]$/u;
/**
 * East_Asian_Width Wide or Fullwidth (UAX #11). A pair of regional indicators, a flag, takes two
 * columns.
 */
const DOUBLE_WIDTH = new RegExp(
  "^(?![\\u{1f1e6}-\\u{1f1ff}])[\\p{Emoji_Presentation}\\u1100-\\u115f\\u2329\\u232a\\u2e80-\\u303e" +
    "\\u3041-\\u3247\\u3250-\\u4dbf\\u4e00-\\ua4cf\\ua960-\\ua97c\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe10-\\ufe19" +
    "\\ufe30-\\ufe6f\\uff01-\\uff60\\uffe0-\\uffe6\\u{16fe0}-\\u{18dff}\\u{1aff0}-\\u{1b2ff}" +
    "\\u{1f200}-\\u{1f265}\\u{1f3fb}-\\u{1f3ff}\\u{20000}-\\u{3fffd}]$",
  "u",
);

/** The columns that a printable `text` takes on a terminal. */
export function columnsOf(text: string): number {
  if (ASCII_ONLY.test(text)) return text.length;
  let columns = 0;
  for (const character of text) columns += columnsOfCharacter(character);
  return columns;
}

function columnsOfCharacter(character: string): number {
  if (character < "\u0300") return 1;
  if (ZERO_WIDTH.test(character)) return 0;
  return DOUBLE_WIDTH.test(character) ? 2 : 1;
}

/** A printable `text` in exactly `columns` columns: filled up with spaces, or cut with an ellipsis. */
export function fit(
  text: string,
  columns: number,
  charset: Charset,
  align: "left" | "right" = "left",
): string {
  const width = columnsOf(text);
  if (width <= columns) {
    const space = " ".repeat(columns - width);
    return align === "left" ? text + space : space + text;
  }
  if (columns <= 0) return "";
  let kept = "", used = 0;
  for (const character of text) {
    const next = used + columnsOfCharacter(character);
    if (next > columns - 1) break;
    kept += character;
    used = next;
  }
  return kept + charset.ellipsis + " ".repeat(columns - 1 - used);
}

/** A line of a file with a part of it underlined. */

import { type Charset, columnsOf, fit, printable } from "../terminal_text.ts";
import type { Span } from "./finding.ts";

/** Columns of the longest piece of a line that is shown, and what of it may be in front of the part. */
const MAX_COLUMNS = 100, MAX_BEFORE = 40;

/** What is shown of a line, and what is to stand below it. */
export interface Frame {
  /** The line, or the piece of it around the part; fit for a terminal. */
  readonly source: string;
  /** Spaces up to the part. */
  readonly indent: string;
  /** As wide as what can be seen of the part, one column at least. */
  readonly underline: string;
}

/** The line `text` with the part `span` underlined. White space, a tab too, is one column. */
export function frameOf(text: string, { start, end }: Span, charset: Charset): Frame {
  const show = (part: string) => printable(part.replace(/\s/g, " "), charset);
  let before = show(text.slice(0, start));
  const part = show(text.slice(start, end)), after = show(text.slice(end));
  if (columnsOf(before + part + after) > MAX_COLUMNS && columnsOf(before) > MAX_BEFORE) {
    before = charset.ellipsis + lastColumns(before, MAX_BEFORE - 1);
  }
  const source = before + part + after;
  const width = Math.min(columnsOf(source), MAX_COLUMNS);
  const indent = columnsOf(before);
  const underlined = Math.min(columnsOf(part), MAX_COLUMNS - indent);
  return {
    source: fit(source, width, charset).trimEnd(),
    indent: " ".repeat(indent),
    underline: "^".repeat(Math.max(1, underlined)),
  };
}

function lastColumns(text: string, columns: number): string {
  const characters = [...text];
  let first = characters.length, used = 0;
  while (first > 0) {
    used += columnsOf(characters[first - 1] ?? "");
    if (used > columns) break;
    first--;
  }
  return characters.slice(first).join("");
}

/** What a parser refuses, as findings. */

import type { ConfigError } from "../config/error.ts";
import type { ConfigDocument, SettingLine } from "../config/document.ts";
import { findName } from "../config/keys.ts";
import { type Span, type Tell, WHOLE_FILE } from "./finding.ts";
import { ALL_KEYS, contentSpan, itemsOf, keySpan, valueSpan } from "./located.ts";

/** Tells of an error in `document`, at the text that is at fault. */
export function tellRefusal(document: ConfigDocument, error: ConfigError, tell: Tell): void {
  tell(error.code, spanOf(document, error), error.problem, error.help);
}

function spanOf(
  document: ConfigDocument,
  { line: number, column = 1, code, item }: ConfigError,
): Span {
  const line = document.lines[number - 1];
  if (line === undefined) return WHOLE_FILE;
  if (code === "nul-byte") return { line: number, start: column - 1, end: column };
  if (code === "byte-order-mark") return { line: number, start: 0, end: 0 };
  if (line.kind !== "setting") return contentSpan(line);
  if (code !== "invalid-value") return keySpan(line);
  return itemSpan(line, item) ?? valueSpan(line);
}

/** An item that is wrong because it is there already is the last one of its kind. */
function itemSpan(line: SettingLine, item: string | undefined): Span | null {
  const key = findName(line.key, ALL_KEYS);
  if (item === undefined || key === null) return null;
  return itemsOf({ key, line }).findLast(({ text }) => text === item)?.span ?? null;
}

import { withoutKeys } from "../hidden_keys.ts";

/** Where a {@linkcode ConfigError} points to. Lines and columns count from 1. */
export interface ConfigPosition {
  /** Path, or what else names the text. */
  readonly file: string;
  /** 0 for the file as a whole. */
  readonly line: number;
  /** When known. */
  readonly column?: number | undefined;
  /** In its canonical spelling, when it is about one. */
  readonly key?: string | undefined;
}

/** A configuration that can't be accepted. Its text is one line, `FILE:LINE: what was expected`. */
export class ConfigError extends Error {
  /** Tells it from other errors. */
  override readonly name = "ConfigError";
  /** Path, or what else names the text. */
  readonly file: string;
  /** Line in the file, from 1; 0 when the complaint is about the file as a whole. */
  readonly line: number;
  /** Column in the line, from 1, when known. */
  readonly column: number | undefined;
  /** The key at fault, in its canonical spelling. */
  readonly key: string | undefined;

  /** An error about `problem` at `position`. */
  constructor(position: ConfigPosition, problem: string) {
    super(formatComplaint(position, problem));
    this.file = position.file;
    this.line = position.line;
    this.column = position.column;
    this.key = position.key;
  }
}

/** Something that is accepted, but that its author will want to know about. */
export interface ConfigWarning {
  /** Path, or what else names the text. */
  readonly file: string;
  /** Line in the file, from 1. */
  readonly line: number;
  /** One line, `FILE:LINE: …`, as a {@linkcode ConfigError}'s. */
  readonly message: string;
}

/** `FILE:LINE: problem`, or `FILE: problem` for line 0. */
export function formatComplaint(position: ConfigPosition, problem: string): string {
  const where = position.line > 0 ? `${position.file}:${position.line}` : position.file;
  return `${where}: ${problem}`;
}

/**
 * Quotes text from a file for a message: control characters are escaped and long text is cut, so that
 * one complaint stays one readable line and can't drive a terminal; what may be a key is left out.
 */
export function quote(text: string): string {
  const shown = withoutKeys(text);
  const cut = shown.length > 60 ? shown.slice(0, 57) + "..." : shown;
  // JSON leaves DEL, C1 controls and bidirectional overrides as they are.
  return JSON.stringify(cut).replace(
    /[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]/g,
    (char) => "\\u" + char.charCodeAt(0).toString(16).padStart(4, "0"),
  );
}

import { ConfigError, type ConfigPosition, raise, type Refuse } from "./error.ts";
import { removeSpace, SPACE } from "./text.ts";

/** What every line of a config has. */
export interface LineBase {
  /** From 1. */
  readonly number: number;
  /** The line as it is in the file, without its newline. */
  readonly text: string;
}

/** Nothing but white space and a comment. */
export interface BlankLine extends LineBase {
  /** Tells this kind of line from the others. */
  readonly kind: "blank";
}

/** `[NAME]`. */
export interface SectionLine extends LineBase {
  /** Tells this kind of line from the others. */
  readonly kind: "section";
  /** As written, without white space and brackets. */
  readonly name: string;
}

/** `KEY = VALUE`. */
export interface SettingLine extends LineBase {
  /** Tells this kind of line from the others. */
  readonly kind: "setting";
  /** As written, without any white space: `wg` allows it anywhere. */
  readonly key: string;
  /** Without any white space and without the comment. */
  readonly value: string;
  /** Trimmed, without the comment: for lists that spaces separate. */
  readonly valueText: string;
  /** All behind the first `=`, trimmed, a `#` included: for hooks. */
  readonly rawText: string;
  /** Column where the value begins, from 1. */
  readonly column: number;
}

/** Anything else: no config has it. */
export interface OtherLine extends LineBase {
  /** Tells this kind of line from the others. */
  readonly kind: "other";
}

/** One line of a config, whatever it means. */
export type ConfigLine = BlankLine | SectionLine | SettingLine | OtherLine;

/**
 * A config as its lines, in order and without loss: joined, they are the text again. A line can be
 * replaced without touching any other.
 */
export class ConfigDocument {
  /** Takes lines that belong together; {@linkcode ConfigDocument.parse} makes them from a text. */
  constructor(
    /** For messages. */
    readonly file: string,
    /** All lines, in order. */
    readonly lines: readonly ConfigLine[],
  ) {}

  /**
   * Splits `text` into lines. Throws ConfigError for a byte order mark and for NUL, at which C programs
   * stop to read a line; else nothing is checked. With another `refuse`, the mark is left out.
   */
  static parse(text: string, file: string, refuse: Refuse = raise): ConfigDocument {
    if (text.startsWith("\ufeff")) {
      const details = { code: "byte-order-mark", help: "expected plain UTF-8" } as const;
      refuse(new ConfigError({ file, line: 1, column: 1 }, "a byte order mark", details));
      return ConfigDocument.parse(text.slice(1), file, refuse);
    }
    const lines = text.split("\n").map((line, i) => parseLine(line, i + 1));
    for (const { number, text } of lines) {
      const nul = text.indexOf("\0");
      if (nul < 0) continue;
      const details = { code: "nul-byte", help: "expected text" } as const;
      refuse(new ConfigError({ file, line: number, column: nul + 1 }, "a NUL byte", details));
    }
    return new ConfigDocument(file, lines);
  }

  /** The text that the lines were parsed from. */
  toString(): string {
    return this.lines.map((line) => line.text).join("\n");
  }

  /** Where `line` is, for an error about `key`. */
  position(line: ConfigLine, key?: string): ConfigPosition {
    return {
      file: this.file,
      line: line.number,
      column: line.kind === "setting" ? line.column : undefined,
      key,
    };
  }
}

const SPACE_AROUND = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, "g");

const SECTION = /^\[([^\]=]*)\]$/;

function parseLine(text: string, number: number): ConfigLine {
  const hash = text.indexOf("#");
  const content = hash < 0 ? text : text.slice(0, hash);
  const squeezed = removeSpace(content);
  if (squeezed === "") return { kind: "blank", number, text };
  const section = SECTION.exec(squeezed);
  if (section !== null) return { kind: "section", number, text, name: section[1] ?? "" };
  const equals = content.indexOf("=");
  if (equals < 0) return { kind: "other", number, text };
  const behind = text.slice(equals + 1);
  const split = squeezed.indexOf("=");
  return {
    kind: "setting",
    number,
    text,
    key: squeezed.slice(0, split),
    value: squeezed.slice(split + 1),
    valueText: trimSpace(content.slice(equals + 1)),
    rawText: trimSpace(behind),
    column: equals + 2 + behind.search(new RegExp(`[^${SPACE}]|$`)),
  };
}

function trimSpace(text: string): string {
  return text.replace(SPACE_AROUND, "");
}

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

/** What kind of mistake a {@linkcode ConfigError} is about. */
export type ConfigErrorCode =
  | "byte-order-mark"
  | "nul-byte"
  | "not-a-setting"
  | "outside-section"
  | "unknown-section"
  | "unknown-key"
  | "misplaced-key"
  | "invalid-value"
  | "no-public-key"
  | "two-keys"
  | "key-file";

/** What a {@linkcode ConfigError} tells beside its place and its problem. */
export interface ConfigErrorDetails {
  /** "invalid-value" when it is left out. */
  readonly code?: ConfigErrorCode;
  /** What was expected, or probably meant. */
  readonly help?: string;
  /** The item at fault of a value that is a list, as written but for white space. */
  readonly item?: string | undefined;
}

/** Is told of each mistake; when it returns, reading goes on behind that. */
export type Refuse = (error: ConfigError) => void;

/** Ends reading at the first mistake. */
export function raise(error: ConfigError): never {
  throw error;
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
  /** What kind of mistake it is. */
  readonly code: ConfigErrorCode;
  /** What is wrong, without the place. */
  readonly problem: string;
  /** What was expected, or probably meant, when that is told apart. */
  readonly help: string | undefined;
  /** The item at fault of a value that is a list. */
  readonly item: string | undefined;

  /** An error about `problem` at `position`. */
  constructor(position: ConfigPosition, problem: string, details: ConfigErrorDetails = {}) {
    const { code = "invalid-value", help, item } = details;
    super(formatComplaint(position, help === undefined ? problem : `${problem}: ${help}`));
    this.code = code;
    this.problem = problem;
    this.help = help;
    this.item = item;
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

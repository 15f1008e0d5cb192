/** Edits of a config that leave all the rest of it as it is, byte for byte. */

import { formatKey, parseKey } from "../keys.ts";
import { isCommentedOut } from "./comment.ts";
import { isComment, isNameLine, ownersOfComments } from "./comment_owners.ts";
import { ConfigDocument, type ConfigLine, type SectionLine, type SettingLine } from "./document.ts";
import { asciiLowerCase } from "./keys.ts";

/** A section of a document. */
export interface ConfigSection {
  /** Its first line. */
  readonly header: SectionLine;
  /** In the order of the file. */
  readonly settings: readonly SettingLine[];
  /** Index of the first line that may belong to the next section: its header, or behind the end. */
  readonly end: number;
}

/** The sections of `document`, in order. */
export function sectionsOf({ lines }: ConfigDocument): ConfigSection[] {
  const headers = lines.filter((line) => line.kind === "section");
  return headers.map((header, i) => {
    const end = (headers[i + 1]?.number ?? lines.length + 1) - 1;
    const settings = lines.slice(header.number, end).filter((line) => line.kind === "setting");
    return { header, settings, end };
  });
}

/** The public key in base64 that a section of a peer has; "" without one. */
export function publicKeyOf({ settings }: ConfigSection): string {
  const line = settings.findLast(({ key }) => asciiLowerCase(key) === "publickey");
  const key = parseKey(line?.value ?? "");
  return key === null ? "" : formatKey(key);
}

/** Collects edits of one document; {@linkcode ConfigEditor.finish} carries them out. */
export class ConfigEditor {
  readonly #document: ConfigDocument;
  /** For each line, the number of the header that it belongs to if it is a comment. */
  readonly #owners: Int32Array;
  /** What stands in the place of lines, by their numbers; null is nothing. */
  readonly #replaced = new Map<number, string | null>();
  /** New lines, by the number of the line in front of them. */
  readonly #inserted = new Map<number, string[]>();
  readonly #prepended: string[] = [];
  readonly #appended: string[] = [];
  /** What each line ends with before its newline: a carriage return in files from Windows. */
  readonly #lineEnd: "" | "\r";
  /** Index of the last line that isn't empty; -1 for none. */
  readonly #lastText: number;

  /** Starts with a document that needn't be valid. */
  constructor(document: ConfigDocument) {
    this.#document = document;
    this.#owners = ownersOfComments(document.lines);
    this.#lineEnd = document.lines[0]?.text.endsWith("\r") ? "\r" : "";
    this.#lastText = document.lines.findLastIndex((line) => !isEmpty(line));
  }

  /** Names the document in messages. */
  get file(): string {
    return this.#document.file;
  }

  /** Changes the value of a setting; indentation, spaces and comment stay. */
  setValue(line: SettingLine, value: string): void {
    this.#replaced.set(line.number, replaceValue(line.text, value));
  }

  /** Adds a setting behind `line`, and behind those that were added there before, in `line`'s style. */
  insertSetting(line: ConfigLine, key: string, value: string): void {
    this.#insert(line.number, settingLike(line, key) + value + this.#lineEnd);
  }

  #insert(number: number, text: string): void {
    const inserted = this.#inserted.get(number) ?? [];
    inserted.push(text);
    this.#inserted.set(number, inserted);
  }

  /** Removes one line. */
  removeLine(line: ConfigLine): void {
    this.#replaced.set(line.number, null);
  }

  /**
   * Removes a section and the comments that are its own: those next to its settings, and those directly
   * above its header, from the one that names it on or else those that aren't commented-out settings.
   * Empty lines between it and the next section go with it. Sections are to be removed in their order.
   */
  removeSection({ header, settings, end: limit }: ConfigSection): void {
    const { lines } = this.#document;
    const start = this.#startOf(header.number - 1);
    const next = this.#startOf(limit);
    let end = settings.at(-1)?.number ?? header.number;
    while (end < next && isComment(lines[end])) end++;
    for (let i = start; i < end; i++) this.#replaced.set(i + 1, null);
    const before = this.#keptBefore(start);
    if (end > this.#lastText) {
      for (let line = before; isEmpty(line); line = this.#keptBefore(line.number - 1)) {
        this.removeLine(line);
      }
    } else if (before === undefined || isEmpty(before)) {
      for (let i = end; isEmpty(lines[i]); i++) this.#replaced.set(i + 1, null);
    }
  }

  /** Puts a section in front of everything. */
  prependSection(lines: readonly string[]): void {
    this.#prepended.push(...lines, "");
  }

  /** Adds a section at the end, behind an empty line. */
  appendSection(lines: readonly string[]): void {
    this.#appended.push("", ...lines);
  }

  /** The document with all edits. */
  finish(): ConfigDocument {
    this.#keepNames();
    const texts = this.#editedLines();
    const ended = (line: string) => line + this.#lineEnd;
    if (this.#appended.length > 0) {
      // The last of the texts is what follows the last newline.
      const last = texts.pop() ?? "";
      if (last !== "") texts.push(ended(last));
      const isFirst = texts.length === 0;
      const hasGap = isFirst || texts.at(-1)?.trim() === "";
      texts.push(...this.#appended.slice(hasGap ? 1 : 0).map(ended), "");
    }
    const text = [...this.#prepended.map(ended), ...texts].join("\n");
    return ConfigDocument.parse(text, this.#document.file);
  }

  /**
   * Lines that name a section still do so where settings below them went: they move up to where the
   * comments next to its last setting end, and keep apart from a section there that is commented out.
   */
  #keepNames(): void {
    const { lines } = this.#document;
    for (const { header, end } of sectionsOf(this.#document)) {
      if (!this.#isKept(header.number)) continue;
      let last = end - 1;
      while (lines[last]?.kind === "blank" || !this.#isKept(last + 1)) last--;
      let place = last + 1, isApart = false;
      for (const line of lines.slice(place, end)) {
        if (!this.#isKept(line.number)) continue;
        const isOwn = this.#ownerOf(line) === header.number;
        if (!isComment(line)) isApart = true;
        else if (!isApart && isOwn) place = line.number;
        else if (isOwn && isNameLine(line)) {
          this.removeLine(line);
          this.#insert(place, line.text.trimEnd() + this.#lineEnd);
        } else if (!isApart) {
          isApart = true;
          if (place > last + 1 && line.number === place + 1) this.#insert(place, this.#lineEnd);
        }
      }
    }
  }

  #editedLines(): string[] {
    const texts: string[] = [];
    let previous: ConfigLine | undefined;
    for (const line of this.#document.lines) {
      if (!this.#isKept(line.number)) continue;
      // A comment that comes to stand next to a header, or to another section's, would name a peer.
      const isNew = previous !== undefined && previous.number !== line.number - 1;
      const couldName = isComment(previous) && line.kind === "section" ||
        previous?.kind === "section" && isComment(line) ||
        isComment(previous) && isComment(line) && this.#ownerOf(previous) !== this.#ownerOf(line);
      if (isNew && couldName) texts.push(this.#lineEnd);
      const text = this.#replaced.get(line.number);
      if (text !== null) texts.push(text ?? line.text);
      texts.push(...this.#inserted.get(line.number) ?? []);
      previous = line;
    }
    return texts;
  }

  /** Index of the first of the comments that belong to the header at `index`; `index` without any. */
  #startOf(index: number): number {
    const { lines } = this.#document;
    const header = lines[index];
    if (header?.kind !== "section") return index;
    let start = index, isOwn = true;
    for (let i = index - 1; isComment(lines[i]); i--) {
      const line = lines[i];
      const namesIt = isNameLine(line) && this.#ownerOf(line) === header.number;
      if (isCommentedOut(line?.text ?? "")) isOwn = namesIt;
      if (isOwn) start = i;
    }
    return start;
  }

  /** Number of the header that a comment belongs to; 0 for none. */
  #ownerOf(line: ConfigLine | undefined): number {
    return this.#owners[(line?.number ?? 0) - 1] ?? 0;
  }

  /** The last line before `index` that stays. */
  #keptBefore(index: number): ConfigLine | undefined {
    while (index > 0 && !this.#isKept(index)) index--;
    return this.#document.lines[index - 1];
  }

  #isKept(number: number): boolean {
    return this.#replaced.get(number) !== null || this.#inserted.has(number);
  }
}

function isEmpty(line: ConfigLine | undefined): line is ConfigLine {
  return line?.kind === "blank" && line.text.trim() === "";
}

/** A setting's text with another value. */
function replaceValue(text: string, value: string): string {
  const begin = text.indexOf("=") + 1;
  const hash = text.indexOf("#");
  const end = hash < 0 ? text.length : hash;
  const old = text.slice(begin, end);
  const [, before = "", after = ""] = /^([\t-\r ]*)[^\t-\r ].*?([\t-\r ]*)$/s.exec(old) ??
    ["", " ", old];
  return text.slice(0, begin) + before + value + after + text.slice(end);
}

/** The beginning of a line for `key`, up to its value, that looks like `line`. */
function settingLike({ kind, text }: ConfigLine, key: string): string {
  const [, indent = "", name = "", space = "", behind = ""] = kind === "setting"
    ? /^([ \t]*)([^=]*?)([ \t]*)=([ \t]*)/.exec(text) ?? []
    : ["", "", "", " ", " "];
  // More than one space: the equals signs of several lines are in one column.
  const width = space.length > 1 ? name.length + space.length - 1 : 0;
  return `${indent}${key.padEnd(width)}${space.length > 1 ? " " : space}=${behind}`;
}

/** A config with the places of all that it sets. */

import type { ConfigDocument, SectionLine, SettingLine } from "../config/document.ts";
import { sectionsOf } from "../config/edit.ts";
import {
  findName,
  INTERFACE_KEYS,
  type InterfaceKey,
  PEER_KEYS,
  type PeerKey,
  SECTION_NAMES,
  type SectionName,
} from "../config/keys.ts";
import { LIST_ITEM } from "../config/quick.ts";
import { removeSpace } from "../config/text.ts";
import type { Span } from "./finding.ts";

/** Any key that a section may have, in its canonical spelling. */
export type KnownKey = InterfaceKey | PeerKey;

/** The keys of each section. */
const KEYS: Readonly<Record<SectionName, readonly KnownKey[]>> = {
  Interface: INTERFACE_KEYS,
  Peer: PEER_KEYS,
};

/** The keys of both sections. */
export const ALL_KEYS: readonly KnownKey[] = [...KEYS.Interface, ...KEYS.Peer];

/** A setting that its section knows. */
export interface LocatedSetting {
  /** In its canonical spelling. */
  readonly key: KnownKey;
  /** Where it stands. */
  readonly line: SettingLine;
}

/** A section from its header on. */
export interface LocatedSection {
  /** Which one it is. */
  readonly name: SectionName;
  /** Its header. */
  readonly line: SectionLine;
  /** In the order of the file. */
  readonly settings: readonly LocatedSetting[];
}

/** The sections of `document`, without those and the settings that nobody knows. */
export function locate(document: ConfigDocument): LocatedSection[] {
  return sectionsOf(document).flatMap(({ header, settings }) => {
    const name = findName(header.name, SECTION_NAMES);
    if (name === null) return [];
    const known = settings.flatMap((line) => {
      const key = findName(line.key, KEYS[name]);
      return key === null ? [] : [{ key, line }];
    });
    return [{ name, line: header, settings: known }];
  });
}

/** The settings of `key` in all sections. */
export function settingsOf(sections: readonly LocatedSection[], key: KnownKey): LocatedSetting[] {
  return sections.flatMap(({ settings }) => settings.filter((setting) => setting.key === key));
}

/** The part of a line that holds `text` from `from` on, without the white space around it. */
function trimmed(line: number, text: string, from: number): Span {
  const lead = text.length - text.trimStart().length;
  const start = from + lead;
  return { line, start, end: Math.max(start, from + text.trimEnd().length) };
}

/** Where the header of a section, or a line that is none, stands, without its comment. */
export function contentSpan({ number, text }: { number: number; text: string }): Span {
  return trimmed(number, text.split("#", 1)[0] ?? "", 0);
}

/** Where the name of a setting's key stands. */
export function keySpan({ number, text }: SettingLine): Span {
  return trimmed(number, text.slice(0, text.indexOf("=")), 0);
}

/** Where the value of a setting stands, without a comment; its `=` when there is none. */
export function valueSpan(line: SettingLine): Span {
  const equals = line.text.indexOf("=");
  const content = line.text.split("#", 1)[0] ?? "";
  const span = trimmed(line.number, content.slice(equals + 1), equals + 1);
  return span.end > span.start ? span : { ...span, start: equals, end: equals + 1 };
}

/** An item of a list. */
export interface LocatedItem {
  /** Without white space. */
  readonly text: string;
  /** Where it stands. */
  readonly span: Span;
}

/** What stands between commas, where white space counts nowhere. */
const PEER_ITEM = /[^,]+/g;

/** The items of the list that a setting is; none that is empty. */
export function itemsOf({ key, line }: LocatedSetting): LocatedItem[] {
  if (line.value === "") return [];
  const { start, end } = valueSpan(line);
  const matches = line.text.slice(start, end).matchAll(
    key === "Address" || key === "DNS" ? LIST_ITEM : PEER_ITEM,
  );
  return [...matches]
    .map(({ 0: piece, index }) => ({
      text: removeSpace(piece),
      span: trimmed(line.number, piece, start + index),
    }))
    .filter(({ text }) => text !== "");
}

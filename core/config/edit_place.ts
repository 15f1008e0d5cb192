/** Edits of settings: of single values, and of lists over several lines. */

import type { IpPrefix } from "../ip.ts";
import type { ConfigLine, SettingLine } from "./document.ts";
import type { ConfigEditor, ConfigSection } from "./edit.ts";
import { asciiLowerCase, type WgInterfaceKey, type WgPeerKey } from "./keys.ts";
import { parsePrefix } from "./values.ts";

/** Sections that mean one interface or one peer together. */
export class Place {
  /** Edits `sections`, at least one, in the order of the file. */
  constructor(
    readonly editor: ConfigEditor,
    readonly sections: readonly [ConfigSection, ...ConfigSection[]],
  ) {}

  /** The settings of `key`, in the order of the file. */
  settings(key: string): SettingLine[] {
    const wanted = asciiLowerCase(key);
    return this.sections.flatMap(({ settings }) =>
      settings.filter((line) => asciiLowerCase(line.key) === wanted)
    );
  }

  /** Sets the only value of `key`, that of the last of its lines. Null takes them all away. */
  set(key: WgInterfaceKey | WgPeerKey | "MTU", value: string | null): void {
    const lines = this.settings(key);
    const last = lines.at(-1);
    if (value === null) { for (const line of lines) this.editor.removeLine(line); }
    else if (last !== undefined) this.editor.setValue(last, value);
    else this.insert(key, value);
  }

  /** Adds a setting behind `after`, by default behind all others. */
  insert(key: string, value: string, after?: ConfigLine): void {
    const filled = this.sections.findLast(({ settings }) => settings.length > 0);
    const line = after ?? filled?.settings.at(-1) ?? this.sections[0].header;
    this.editor.insertSetting(line, key, value);
  }
}

/** A prefix, or its text as it prints itself. */
export type PrefixText = string | IpPrefix;

/** How a key's value lists prefixes. */
export interface ListSyntax {
  /** What is between two items, with the white space around it. */
  readonly separator: RegExp;
  /** An item without white space in its canonical spelling. */
  canonical(item: string): string;
}

/** Commas and white space. */
export const ADDRESS_LIST: ListSyntax = {
  separator: /[,\t-\r ]+/,
  canonical: (item) => parsePrefix(item).toString(),
};
/** Commas; white space may be anywhere. */
export const ALLOWED_IP_LIST: ListSyntax = {
  separator: /[\t-\r ]*,[\t-\r ]*/,
  canonical: (item) => parsePrefix(item.replace(/[\t-\r ]/g, "")).masked().toString(),
};

/** Makes the lists of `key` name the prefixes `wanted`, and touches only lines that must change. */
export function editList(
  place: Place,
  key: "Address" | "AllowedIPs",
  wanted: readonly PrefixText[],
  syntax: ListSyntax,
): void {
  const texts = new Set(wanted.map(String));
  const missing = new Set(texts);
  const lines = place.settings(key).map((line) => {
    const all = line.valueText.split(syntax.separator).filter((item) => item !== "");
    const kept = all.filter((item) => texts.has(syntax.canonical(item)));
    for (const item of kept) missing.delete(syntax.canonical(item));
    return { line, all, kept };
  });
  const last = lines.at(-1);
  // What comes takes the place of what goes.
  const free = lines.find(({ kept }) => kept.length === 0);
  const isOneEach = lines.length > 1 && last?.all.length === 1;
  const target = free ?? (isOneEach ? undefined : last);
  for (const item of lines) {
    const added = item === target ? [...missing] : [];
    if (item.kept.length === item.all.length && added.length === 0) continue;
    const separator = syntax.separator.exec(item.line.valueText)?.[0] ?? ", ";
    const items = [...item.kept, ...added];
    if (items.length === 0) place.editor.removeLine(item.line);
    else place.editor.setValue(item.line, items.join(separator));
  }
  if (target !== undefined || missing.size === 0) return;
  if (isOneEach) { for (const item of missing) place.insert(key, item, last?.line); }
  else place.insert(key, [...missing].join(", "));
}

/** Whether the same prefixes, host bits included, are in both, in whatever order. */
export function isSameSet(a: readonly PrefixText[], b: readonly PrefixText[]): boolean {
  const texts = new Set(a.map(String));
  return texts.size === new Set(b.map(String)).size &&
    b.every((prefix) => texts.has(String(prefix)));
}

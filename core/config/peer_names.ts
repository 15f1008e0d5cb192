/**
 * Names of peers in the comments of a config. In order of precedence, the name of a `[Peer]` section is
 *
 * 1. `# Name = Alice` in the section, on a line of its own (the last one, if there are several; also
 *    `#Name=`, in any case; and `# friendly_name = Alice`, as prometheus_wireguard_exporter has it),
 * 2. the comment behind `[Peer]` on the same line,
 * 3. the comment line directly above `[Peer]`, with nothing in between,
 * 4. the comment line directly below `[Peer]`.
 *
 * A comment line that is a setting or a section commented out, such as `# Endpoint = …`, is no name, nor
 * is one without a letter or digit, or with something that looks like a key; see `toPeerName`.
 */

import { formatKey, parseKey } from "../keys.ts";
import { toPeerName } from "../peer_name.ts";
import type { ConfigDocument, ConfigLine } from "./document.ts";
import { asciiLowerCase, findName, INTERFACE_KEYS, PEER_KEYS } from "./keys.ts";

/** The names of a config's peers, by their public keys in base64. */
export type PeerNames = ReadonlyMap<string, string>;

/**
 * The names that the comments of `document` give. A key that comes again keeps its name unless the later
 * section has one. The rest of the config needn't be valid.
 */
export function readPeerNames(document: ConfigDocument): PeerNames {
  const names = new Map<string, string>();
  let section: NamedSection | null = null;
  for (const [index, line] of document.lines.entries()) {
    if (line.kind === "section") {
      const isPeer = asciiLowerCase(line.name) === "peer";
      section = isPeer ? { name: nameAround(document.lines, index), key: null } : null;
    } else if (line.kind === "setting" && section !== null) {
      if (asciiLowerCase(line.key) === "publickey") section.key = parseKey(line.value);
    } else if (line.kind === "blank" && section !== null) {
      section.name = nameSetting(line) ?? section.name;
    }
    if (section?.key && section.name !== null) names.set(formatKey(section.key), section.name);
  }
  return names;
}

interface NamedSection {
  name: string | null;
  /** 32 bytes; null until its line was read. */
  key: Uint8Array | null;
}

const NAME_SETTING = /^\s*#[#\s]*(?:name|friendly_name)\s*=(.*)$/is;

/** The name that a line `# Name = …` gives. */
function nameSetting({ text }: ConfigLine): string | null {
  const value = NAME_SETTING.exec(text)?.[1];
  return value === undefined ? null : toPeerName(value);
}

/** The name that the plain comments next to the header at `index` give. */
function nameAround(lines: readonly ConfigLine[], index: number): string | null {
  const behind = lines[index];
  const hash = behind?.text.indexOf("#") ?? -1;
  return (behind !== undefined && hash >= 0 ? plainName(behind.text.slice(hash)) : null) ??
    plainName(commentOf(lines[index - 1])) ?? plainName(commentOf(lines[index + 1]));
}

function commentOf(line: ConfigLine | undefined): string {
  return line?.kind === "blank" ? line.text.trim() : "";
}

/** The name that a comment from its `#` on is; null for none and for what was commented out. */
function plainName(comment: string): string | null {
  return isCommentedOut(comment) ? null : toPeerName(withoutMarks(comment));
}

/** Whether a comment is a setting, also one that names a peer, or a section that was commented out. */
export function isCommentedOut(comment: string): boolean {
  const text = withoutMarks(comment);
  const setting = /^([A-Za-z_\s]+)=/.exec(text)?.[1]?.replace(/\s/g, "") ?? "";
  return SETTINGS.some((keys) => findName(setting, keys) !== null) || /^\[.*\]$/.test(text) ||
    isNameSetting(`#${text}`);
}

/** Whether the line `text` is a comment `# Name = …`, whatever the name. */
export function isNameSetting(text: string): boolean {
  return NAME_SETTING.test(text);
}

function withoutMarks(comment: string): string {
  return comment.replace(/^[#\s]+|[#\s]+$/g, "");
}

const SETTINGS = [INTERFACE_KEYS, PEER_KEYS];

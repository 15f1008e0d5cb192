/**
 * Names of peers in the comments of a config. In order of precedence, the name of a `[Peer]` section is
 *
 * 1. `# Name = Alice` in the section, on a line of its own (the last one, if there are several; however
 *    it is written, see `nameSettingOf`),
 * 2. the same in the comment lines directly above `[Peer]`, with no other line in between,
 * 3. the comment behind `[Peer]` on the same line,
 * 4. the comment line directly above `[Peer]`, with nothing in between,
 * 5. the comment line directly below `[Peer]`.
 *
 * `ownersOfComments` tells where a section's comments begin and end. A comment line that is a setting or a
 * section commented out, such as `# Endpoint = …`, is no name, nor is one without a letter or digit, or
 * with something that looks like a key; see `toPeerName`.
 */

import { formatKey, parseKey } from "../keys.ts";
import { toPeerName } from "../peer_name.ts";
import { isCommentedOut, nameSettingOf, withoutMarks } from "./comment.ts";
import { isPeer, ownersOfComments } from "./comment_owners.ts";
import type { ConfigDocument, ConfigLine } from "./document.ts";
import { asciiLowerCase } from "./keys.ts";

/** The names of a config's peers, by their public keys in base64. */
export type PeerNames = ReadonlyMap<string, string>;

/**
 * The names that the comments of `document` give. A key that comes again keeps its name unless the later
 * section has one. The rest of the config needn't be valid.
 */
export function readPeerNames({ lines }: ConfigDocument): PeerNames {
  const names = new Map<string, string>();
  const given = nameLinesOf(lines);
  let name: string | null = null;
  for (const [index, line] of lines.entries()) {
    if (line.kind === "section") {
      name = isPeer(line) ? given.get(line.number) ?? nameAround(lines, index) : null;
    } else if (
      line.kind === "setting" && name !== null && asciiLowerCase(line.key) === "publickey"
    ) {
      const key = parseKey(line.value);
      if (key !== null) names.set(formatKey(key), name);
    }
  }
  return names;
}

/** The names that lines `# Name = …` give sections, by the numbers of the lines with their headers. */
function nameLinesOf(lines: readonly ConfigLine[]): Map<number, string> {
  const names = new Map<number, string>();
  const owners = ownersOfComments(lines);
  for (const [index, { text }] of lines.entries()) {
    const owner = owners[index] ?? 0;
    const name = owner === 0 ? null : toPeerName(nameSettingOf(text) ?? "");
    // Those above a header come first, those in the section later, and the later ones count.
    if (name !== null) names.set(owner, name);
  }
  return names;
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

/** Which section of a config each comment belongs to, as far as its place tells. */

import { isCommentedOutHeader, nameSettingOf } from "./comment.ts";
import type { ConfigLine } from "./document.ts";
import { asciiLowerCase } from "./keys.ts";

/**
 * For each of `lines`, the number of the line with the header of the section that it belongs to if it is a
 * comment; 0 for none.
 *
 * Comments belong to the section that they stand in, up to those directly below its last setting, and
 * those directly above a header to the section below. Where this is the same place, without an empty line
 * to tell, they belong to the section below, unless that is named by a line within it: then those of all
 * sections stand behind their settings. What stands apart, between two sections, belongs to none, nor does
 * what follows the header of a section that is commented out, nor what is next to it.
 */
export function ownersOfComments(lines: readonly ConfigLine[]): Int32Array {
  const owners = new Int32Array(lines.length);
  const own = (begin: number, end: number, header: number) => {
    for (let i = begin; i < end; i++) if (isComment(lines[i])) owners[i] = header + 1;
  };
  let below = lines.length, isBelowNamed = false;
  while (below >= 0) {
    const [header, last] = findAbove(lines, below);
    // The comments directly below the last setting end here, those directly above the next header begin.
    let end = last + 1, above = below;
    if (header >= 0) { while (end < below && isComment(lines[end])) end++; }
    if (below < lines.length) { while (above > last + 1 && isComment(lines[above - 1])) above--; }
    // Both are the same lines.
    if (above < end) {
      if (isBelowNamed && isPeer(lines[header])) above = below;
      else end = above;
    }
    if (findCommentedOut(lines, above, below) < 0) own(above, below, below);
    const commentedOut = findCommentedOut(lines, header + 1, end);
    if (commentedOut >= 0) end = Math.min(commentedOut, last + 1);
    own(header + 1, end, header);
    isBelowNamed = false;
    for (let i = header + 1; i < end && !isBelowNamed; i++) isBelowNamed = isNameLine(lines[i]);
    below = header;
  }
  return owners;
}

/** Whether a line is `# Name = Alice`, whatever the name. */
export function isNameLine(line: ConfigLine | undefined): boolean {
  return line?.kind === "blank" && nameSettingOf(line.text) !== null;
}

/** Whether a line is a comment and nothing else. */
export function isComment(line: ConfigLine | undefined): boolean {
  return line?.kind === "blank" && line.text.trim() !== "";
}

/** Whether a line is the header of a peer's section. */
export function isPeer(line: ConfigLine | undefined): boolean {
  return line?.kind === "section" && asciiLowerCase(line.name) === "peer";
}

/** Indexes of the header above `below`, -1 for none, and of the last line in between that says something. */
function findAbove(
  lines: readonly ConfigLine[],
  below: number,
): [header: number, last: number] {
  let last = -1;
  for (let i = below - 1; i >= 0; i--) {
    const kind = lines[i]?.kind;
    if (kind !== "blank") last = Math.max(last, i);
    if (kind === "section") return [i, last];
  }
  return [-1, last];
}

/** Index of the first header of a section that is commented out; -1 for none. */
function findCommentedOut(lines: readonly ConfigLine[], begin: number, end: number): number {
  for (let i = begin; i < end; i++) {
    const line = lines[i];
    if (line?.kind === "blank" && isCommentedOutHeader(line.text)) return i;
  }
  return -1;
}

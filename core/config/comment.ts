/** What a comment of a config is, whatever is around it. */

import { findName, INTERFACE_KEYS, PEER_KEYS, SECTION_NAMES } from "./keys.ts";

const NAME_SETTING = /^\s*#[#\s]*(?:name|friendly_name)[#\s]*[=:](.*)$/is;
/** A header, also one with a comment behind it. */
const SECTION = /^\[([^\]]*)\]\s*(?:#|$)/;

/**
 * What a line `# Name = Alice` gives as a name, however it is written: `#Name=`, `# Name:` as
 * wireguard-ui has it, `#Name# =` as WGDashboard, `# friendly_name =` as prometheus_wireguard_exporter.
 * Null when the line `text` is none; whether it is fit for a name is another question.
 */
export function nameSettingOf(text: string): string | null {
  return NAME_SETTING.exec(text)?.[1] ?? null;
}

/** Whether a comment is a setting, also one that names a peer, or a section that was commented out. */
export function isCommentedOut(comment: string): boolean {
  const text = withoutMarks(comment);
  const setting = /^([A-Za-z_\s]+)=/.exec(text)?.[1]?.replace(/\s/g, "") ?? "";
  return SETTINGS.some((keys) => findName(setting, keys) !== null) || SECTION.test(text) ||
    nameSettingOf(`#${text}`) !== null;
}

/** Whether a comment is the header of a section that a config may have: what follows it is commented out. */
export function isCommentedOutHeader(comment: string): boolean {
  const name = SECTION.exec(withoutMarks(comment))?.[1];
  return name !== undefined && findName(name.replace(/\s/g, ""), SECTION_NAMES) !== null;
}

/** The text of a comment. */
export function withoutMarks(comment: string): string {
  return comment.replace(/^[#\s]+|[#\s]+$/g, "");
}

const SETTINGS = [INTERFACE_KEYS, PEER_KEYS];

/**
 * How messages repeat what somebody else wrote: without keys, on one line, and with nothing in it that a terminal
 * would obey.
 *
 * @module
 */

/** Stands for a secret in messages. */
export const HIDDEN = "(hidden)";

/** So many characters of base64 in a row may be a key that went astray, or most of one. */
const KEY_LIKE = /[A-Za-z0-9+/]{32,}=*/g;

/** `text` from a configuration as a message may repeat it. */
export function withoutKeys(text: string): string {
  return text.replace(KEY_LIKE, HIDDEN);
}

/** The same with every character of what may be a key replaced by `mask`, so that nothing moves. */
export function maskKeys(text: string, mask: string): string {
  return text.replace(KEY_LIKE, (key) => mask.repeat(key.length));
}

/**
 * Quotes text from a file for a message: control characters are escaped and long text is cut, so that
 * one complaint stays one readable line and can't drive a terminal; what may be a key is left out.
 */
export function quote(text: string): string {
  const shown = withoutKeys(text);
  return escape(shown.length > 60 ? shown.slice(0, 57) + "..." : shown);
}

/** Quotes the path of a file for a message: neither cut nor searched for keys, which look like paths. */
export function quotePath(path: string): string {
  return escape(path);
}

function escape(text: string): string {
  // JSON leaves DEL, C1 controls and bidirectional overrides as they are.
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]/g,
    (char) => "\\u" + char.charCodeAt(0).toString(16).padStart(4, "0"),
  );
}

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

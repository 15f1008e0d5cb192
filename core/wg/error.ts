/** Something that `wg` refuses; the message is what it prints. */
export class WgError extends Error {
  /** Tells it from other errors. */
  override readonly name = "WgError";
}

/** What `wg` refuses whatever the configuration is: it stops at once. */
export class WgEnvironmentError extends WgError {}

/** Stands for a secret in messages; `wg` would repeat what was to be one. */
export const HIDDEN = "(hidden)";

/** As many characters of base64 in a row may be a key that went astray. */
const KEY_LIKE = /[A-Za-z0-9+/]{40,}=*/g;

/** `text` from a configuration as a message may repeat it. */
export function withoutKeys(text: string): string {
  return text.replace(KEY_LIKE, HIDDEN);
}

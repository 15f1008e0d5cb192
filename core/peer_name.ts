/**
 * Names that administrators give peers. They come from comments of config files and from control
 * sockets, and go to terminals, logs and monitoring: nothing of them is trusted.
 */

/** Characters (code points) of the longest name; what is longer is cut. */
export const MAX_PEER_NAME_LENGTH = 64;

/** Control and format characters (such as those that turn the writing direction), line separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]+/gu;

/** A base64 key of 32 bytes: what looks like one may be a private key, and isn't taken for a name. */
const LOOKS_LIKE_KEY = /[A-Za-z0-9+/]{43}/;

/**
 * The name that `text` gives, fit to be shown anywhere: characters that could move a cursor or disguise
 * text become spaces, several spaces one, and it is cut to {@linkcode MAX_PEER_NAME_LENGTH}. Null when no
 * letter or digit is left, or when it might hold a key.
 */
export function toPeerName(text: string): string | null {
  const plain = text.replace(UNPRINTABLE, " ").replace(/\s+/gu, " ").trim();
  if (!/[\p{L}\p{N}]/u.test(plain) || LOOKS_LIKE_KEY.test(plain)) return null;
  return [...plain].slice(0, MAX_PEER_NAME_LENGTH).join("").trim();
}

/** A name as printable ASCII without spaces, for a line of the control protocol. */
export function encodePeerName(name: string): string {
  return encodeURIComponent(name);
}

/** The name that {@linkcode encodePeerName} made `text` of; null when it is none. */
export function decodePeerName(text: string): string | null {
  try {
    return toPeerName(decodeURIComponent(text));
  } catch {
    return null;
  }
}

/** Domain names as DNS messages have them (RFC 1035 sections 3.1 and 4.1.4). */

/** Bytes of the longest name on the wire, its final zero included. */
const MAX_NAME_SIZE = 255;
/** Bytes of the longest label. */
const MAX_LABEL_SIZE = 63;
/** As many as the longest name has labels, of at least two bytes each. */
const MAX_POINTERS = MAX_NAME_SIZE >> 1;
/** The two high bits of a length that is a pointer to the rest of the name. */
const POINTER = 0xc0;

/** A name that was read from a message. */
export interface DecodedName {
  /** As {@linkcode canonicalName} gives it. */
  readonly name: string;
  /** Where the message goes on. */
  readonly end: number;
}

/**
 * The name `text`, such as `vpn.example.com`, as it stands in a query: uncompressed. A final dot means
 * nothing more. Null when it is no domain name: a label is empty or too long, or the whole is.
 */
export function encodeName(text: string): Uint8Array | null {
  const labels = text.replace(/\.$/, "").split(".").map((label) => new TextEncoder().encode(label));
  const size = labels.reduce((sum, { length }) => sum + 1 + length, 1);
  const isValid = labels.every(({ length }) => length > 0 && length <= MAX_LABEL_SIZE);
  if (!isValid || size > MAX_NAME_SIZE) return null;
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const label of labels) {
    bytes[at++] = label.length;
    bytes.set(label, at);
    at += label.length;
  }
  return bytes;
}

/** What equal names have in common: their uncompressed bytes as text, with ASCII letters in lower case. */
export function canonicalName(bytes: Uint8Array): string {
  return String.fromCharCode(
    ...bytes.map((byte) => byte >= 0x41 && byte <= 0x5a ? byte | 32 : byte),
  );
}

/**
 * Reads the name at `start` of `message`, whose pointers may lead to earlier bytes only, and no more often
 * than a name has labels: so there is no way round in circles, and no long one that leads nowhere. Null
 * when it is malformed.
 */
export function decodeName(message: Uint8Array, start: number): DecodedName | null {
  const name = new Uint8Array(MAX_NAME_SIZE);
  let size = 0, end = -1, pointers = 0;
  for (let at = start, first = start;;) {
    const length = message[at];
    if (length === undefined) return null;
    if (length >= POINTER) {
      const low = message[at + 1];
      if (low === undefined) return null;
      if (end < 0) end = at + 2;
      const target = (length & ~POINTER) << 8 | low;
      if (target >= first) return null;
      if (++pointers > MAX_POINTERS) return null;
      at = first = target;
      continue;
    }
    // The other lengths of two bits were never used (RFC 6891 section 5).
    if (length > MAX_LABEL_SIZE || at + 1 + length > message.length) return null;
    if (size + 1 + length > MAX_NAME_SIZE) return null;
    name.set(message.subarray(at, at + 1 + length), size);
    size += 1 + length;
    at += 1 + length;
    if (length === 0) {
      return { name: canonicalName(name.subarray(0, size)), end: end < 0 ? at : end };
    }
  }
}

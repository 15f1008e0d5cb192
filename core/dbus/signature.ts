/** Types of D-Bus values, as signatures write them. Source: D-Bus Specification 0.43, "Type System". */

/** Bytes or text that D-Bus' rules don't allow. */
export class DbusFormatError extends Error {
  override readonly name = "DbusFormatError";
}

/** What each type's first byte is aligned to, in bytes. A type that isn't here is not supported. */
const ALIGNMENTS: Readonly<Record<string, number>> = {
  /** byte */
  y: 1,
  /** signature */
  g: 1,
  /** variant */
  v: 1,
  /** unsigned 16-bit number */
  q: 2,
  /** boolean */
  b: 4,
  /** signed 32-bit number */
  i: 4,
  /** unsigned 32-bit number */
  u: 4,
  /** string */
  s: 4,
  /** object path */
  o: 4,
  /** array */
  a: 4,
  /** struct */
  "(": 8,
};

/** How deep arrays and structs may be nested, in all. */
const MAX_DEPTH = 32;

/** What a value of the complete type `type` is aligned to, in bytes. */
export function alignmentOf(type: string): number {
  const alignment = ALIGNMENTS[type.charAt(0)];
  if (alignment === undefined) throw new DbusFormatError(`unsupported D-Bus type ${type}`);
  return alignment;
}

/** `signature` as the complete types that it consists of: "ia(iay)" is "i" and "a(iay)". */
export function splitSignature(signature: string): string[] {
  const types: string[] = [];
  for (let at = 0; at < signature.length;) {
    const end = endOfType(signature, at, 0);
    types.push(signature.slice(at, end));
    at = end;
  }
  return types;
}

function endOfType(signature: string, at: number, depth: number): number {
  const code = signature.charAt(at);
  if (!(code in ALIGNMENTS) || depth > MAX_DEPTH) {
    throw new DbusFormatError(`unsupported D-Bus signature ${signature}`);
  }
  if (code === "a") return endOfType(signature, at + 1, depth + 1);
  if (code !== "(") return at + 1;
  for (let end = at + 1;;) {
    if (signature.charAt(end) === ")" && end > at + 1) return end + 1;
    end = endOfType(signature, end, depth + 1);
  }
}

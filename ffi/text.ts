const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** `text` in UTF-8 with the NUL that ends a C string. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(`${text}\0`);
}

/** The text of a NUL-terminated string in a field of fixed size. */
export function fromCString(field: Uint8Array): string {
  const end = field.indexOf(0);
  return decoder.decode(end < 0 ? field : field.subarray(0, end));
}

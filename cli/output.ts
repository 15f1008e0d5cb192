/** Writes all of `text` to stdout. Throws BrokenPipe when nobody reads it any more. */
export function writeStdout(text: string): void {
  let bytes: Uint8Array = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
}

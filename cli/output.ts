/** Writes all of `text` to stdout. Throws BrokenPipe when nobody reads it any more. */
export function writeStdout(text: string): void {
  let bytes: Uint8Array = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
}

/**
 * Writes a line to stderr, if that can be: nothing that a command does is left undone because the disk
 * with its log is full.
 */
export function printError(line: string): void {
  try {
    console.error(line);
  } catch {
    // There is nobody left to tell.
  }
}

/** Whether stdout is to have colours: as `WG_COLOR_MODE` says, else when it is a terminal. */
export function colorWanted(): boolean {
  const mode = Deno.env.get("WG_COLOR_MODE");
  if (mode === "always") return true;
  return mode !== "never" && Deno.stdout.isTerminal();
}

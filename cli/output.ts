/**
 * Writes all of `text` to stdout.
 *
 * @throws BrokenPipe when nobody reads it any more; Error in one line, as for a full disk
 */
export function writeStdout(text: string): void {
  writeAllStdout(new TextEncoder().encode(text));
}

/** Writes all of `bytes` to stdout, likewise. */
export function writeAllStdout(bytes: Uint8Array): void {
  try {
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(Deno.stdout.writeSync(rest));
  } catch (error) {
    if (!(error instanceof Error) || error instanceof Deno.errors.BrokenPipe) throw error;
    throw new Error(`Cannot write to stdout: ${error.message.replace(/ \(os error \d+\)$/, "")}`);
  }
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
  const mode = environmentText("WG_COLOR_MODE");
  if (mode === "always") return true;
  return mode !== "never" && Deno.stdout.isTerminal();
}

/** A variable of the environment, undefined if there is none. One that isn't UTF-8 means nothing to anybody. */
export function environmentText(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch {
    return "\ufffd";
  }
}

import { writeStdout } from "./output.ts";

/**
 * Writes one base64 key and a newline to stdout. Warns, in `wg`'s words, when stdout is a regular
 * file that everybody may access.
 */
export function writeKey(base64: string): void {
  try {
    const stdout = Deno.statSync("/proc/self/fd/1");
    if (stdout.isFile && ((stdout.mode ?? 0) & 0o007) !== 0) {
      console.error(
        "Warning: writing to world accessible file.\n" +
          "Consider setting the umask to 077 and trying again.",
      );
    }
  } catch {
    // Without /proc, or with stdout closed, there is nothing to warn about.
  }
  writeStdout(`${base64}\n`);
}

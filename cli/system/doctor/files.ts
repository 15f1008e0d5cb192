/** The text of a file; null when it isn't there or can't be read. */
export function readText(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return null;
  }
}

/** Whether the file at `path` could be written by this process; changes nothing. */
export function isWritable(path: string): boolean {
  try {
    Deno.openSync(path, { write: true }).close();
    return true;
  } catch {
    return false;
  }
}

/** The number that a file below /proc/sys holds; null when there is none. */
export function readNumber(path: string): number | null {
  const text = readText(path)?.trim() ?? "";
  return /^-?[0-9]+$/.test(text) ? Number(text) : null;
}

/** Whether a program is in one of the directories of PATH, or in those of root's. */
export function isInstalled(program: string): boolean {
  const path = `${Deno.env.get("PATH") ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;
  return path.split(":").some((directory) => {
    try {
      const { isFile, mode } = Deno.statSync(`${directory}/${program}`);
      return directory !== "" && isFile && ((mode ?? 0) & 0o111) !== 0;
    } catch {
      return false;
    }
  });
}

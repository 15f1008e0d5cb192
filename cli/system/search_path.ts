/** Where programs are looked for when the environment doesn't say; the same as systemd's. */
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** Where an administrator's programs are when PATH, as a plain user's, doesn't tell. */
const SBIN = "/usr/local/sbin:/usr/sbin:/sbin";

/** Where programs are looked for: directories with colons between them. */
export function searchPath(): string {
  return Deno.env.get("PATH") || DEFAULT_PATH;
}

/** The same, and where an administrator's programs are. */
export function administratorPath(): string {
  return `${searchPath()}:${SBIN}`;
}

/** The path at which the program `name` is found in `path`; null when there is none. */
export function findProgram(name: string, path: string = searchPath()): string | null {
  for (const directory of path.split(":")) {
    const candidate = `${directory || "."}/${name}`;
    try {
      const { isFile, mode } = Deno.statSync(candidate);
      if (isFile && ((mode ?? 0) & 0o111) !== 0) return candidate;
    } catch {
      // It isn't there, or not for us to see.
    }
  }
  return null;
}

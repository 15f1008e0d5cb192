/** Tells one file from another that took over its path. */
export interface FileIdentity {
  readonly device: number;
  readonly inode: number;
}

/** The identity of what is at `path`, symbolic links not followed; null when there is nothing. */
export function fileIdentity(path: string): FileIdentity | null {
  try {
    const { dev, ino } = Deno.lstatSync(path);
    return { device: dev, inode: ino ?? 0 };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return null;
    }
    throw error;
  }
}

/** Whether both are the same file; false when one is null. */
export function sameFile(a: FileIdentity | null, b: FileIdentity | null): boolean {
  return a !== null && b !== null && a.device === b.device && a.inode === b.inode;
}

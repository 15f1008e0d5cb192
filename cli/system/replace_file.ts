import { NewFile } from "../../ffi/new_file.ts";

/** A file as it was read, to be replaced only if it is still the same. */
export interface FileVersion {
  /** Its absolute path, symbolic links resolved. */
  readonly path: string;
  readonly info: Deno.FileInfo;
}

/** What is at `path` now; a symbolic link counts for what it leads to. */
export function fileVersion(path: string): FileVersion {
  const real = Deno.realPathSync(path);
  return { path: real, info: Deno.statSync(real) };
}

/** Somebody else changed or removed the file in the meantime. */
export class FileChangedError extends Error {
  override readonly name = "FileChangedError";

  constructor(path: string) {
    super(`${path} was changed by somebody else in the meantime: it stays as it is`);
  }
}

/**
 * Replaces a file by `bytes`, so that whoever reads it and whatever happens, even a loss of power, there
 * is the old or the new one, whole. Owner, group and mode stay; meanwhile only the owner of this process
 * may read the new one.
 *
 * @throws FileChangedError, or what the system throws; then the file is the old one
 */
export function replaceFile(version: FileVersion, bytes: Uint8Array): void {
  const { path, info: { mode, uid, gid } } = version;
  const directory = path.slice(0, path.lastIndexOf("/")) || "/";
  const temporary = `${path}.${Deno.pid}.tmp`;
  // Not one that somebody put there: in a directory that others may write to, it could be read.
  const file = NewFile.create(temporary);
  try {
    {
      using _file = file;
      file.writeAll(bytes);
      file.permit({ uid: uid ?? 0, gid: gid ?? 0, mode: (mode ?? 0o600) & 0o7777 });
      file.sync();
    }
    if (!isUnchanged(version)) throw new FileChangedError(path);
    Deno.renameSync(temporary, path);
  } catch (error) {
    Deno.removeSync(temporary);
    throw error;
  }
  syncDirectory(directory);
}

function isUnchanged({ path, info }: FileVersion): boolean {
  try {
    const now = Deno.statSync(path);
    return now.dev === info.dev && now.ino === info.ino && now.size === info.size &&
      now.mtime?.getTime() === info.mtime?.getTime();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Has the names in a directory outlast a loss of power. */
export function syncDirectory(path: string): void {
  using directory = Deno.openSync(path, { read: true });
  directory.syncSync();
}

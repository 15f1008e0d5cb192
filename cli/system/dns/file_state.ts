/**
 * Reading and replacing a file of which others may have made anything: a symbolic link, the target of a
 * bind mount, or nothing at all.
 *
 * @module
 */
import type { FileState } from "../../../core/dns/record.ts";
import { Errno, SysError } from "../../../ffi/errno.ts";
import { NewFile } from "../../../ffi/new_file.ts";
import { osErrorNumber } from "../os_error.ts";
import { syncDirectory } from "../replace_file.ts";

const NEW_FILE = { mode: 0o644, uid: 0, gid: 0 };
/** Why a file can't be replaced, though perhaps overwritten: a mount, or a directory closed to us. */
const NOT_REPLACEABLE: readonly (number | null)[] = [
  Errno.EBUSY,
  Errno.EROFS,
  Errno.EACCES,
  Errno.EPERM,
];

/**
 * What is at `path`.
 * @throws Error when it is neither a file nor a symbolic link
 */
export function readFileState(path: string): FileState {
  try {
    const { isSymlink, isFile, mode, uid, gid } = Deno.lstatSync(path);
    if (isSymlink) return { kind: "link", target: Deno.readLinkSync(path) };
    if (!isFile) throw new Error(`${path} is not a file`);
    const text = decode(Deno.readFileSync(path));
    return { kind: "file", text, mode: (mode ?? 0o644) & 0o7777, uid: uid ?? 0, gid: gid ?? 0 };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { kind: "absent" };
    throw error;
  }
}

/**
 * Makes `path`, at which there is `current`, what `wanted` says, at once: whoever reads it finds either
 * the one or the other. Where it can't be replaced, but written to, that takes a moment, in which the
 * file has blank lines at its end.
 *
 * @param inPlace whether other mounts show the file: they would keep the former one
 */
export function changeFile(
  path: string,
  current: FileState,
  wanted: FileState,
  inPlace: boolean,
): void {
  if (inPlace && current.kind === "file" && wanted.kind === "file") {
    return overwrite(path, wanted.text);
  }
  try {
    replace(path, wanted);
  } catch (error) {
    const isPossible = current.kind === "file" && wanted.kind === "file" &&
      NOT_REPLACEABLE.includes(osErrorNumber(error));
    if (!isPossible) throw error;
    overwrite(path, wanted.text);
  }
}

/** A file with `text` that takes the place of `current`: with the same owner and mode, if that is a file. */
export function fileLike(current: FileState, text: string): FileState {
  const { mode, uid, gid } = current.kind === "file" ? current : NEW_FILE;
  return { kind: "file", text, mode, uid, gid };
}

/** Whether a file or link can't be put at `path` because of where that is. */
export function isClosed(error: unknown): boolean {
  return NOT_REPLACEABLE.includes(osErrorNumber(error));
}

/** Removes what a crash may have left of {@linkcode changeFile}. */
export function removeTemporary(path: string): void {
  try {
    Deno.removeSync(temporaryOf(path));
  } catch {
    // There is none, or the directory is closed to us: then it could not be made either.
  }
}

function replace(path: string, wanted: FileState): void {
  removeTemporary(path);
  const temporary = temporaryOf(path);
  try {
    switch (wanted.kind) {
      case "file":
        writeNew(temporary, wanted);
        Deno.renameSync(temporary, path);
        break;
      case "link":
        Deno.symlinkSync(wanted.target, temporary);
        Deno.renameSync(temporary, path);
        break;
      case "absent":
        Deno.removeSync(path);
    }
  } catch (error) {
    removeTemporary(path);
    throw error instanceof SysError ? new SysError(`change ${path}`, error.errno) : error;
  }
  syncDirectory(path.slice(0, path.lastIndexOf("/")) || "/");
}

/** The same each time, so that one that a crash left behind is found. */
function temporaryOf(path: string): string {
  return `${path}.wgts-tmp`;
}

function writeNew(
  path: string,
  { text, mode, uid, gid }: FileState & { readonly kind: "file" },
): void {
  using file = NewFile.create(path);
  file.writeAll(encode(text));
  file.permit({ uid, gid, mode });
  file.sync();
}

/** Writes in one call, so that nobody reads a part of either text: what is shorter ends in blank lines. */
function overwrite(path: string, text: string): void {
  using file = Deno.openSync(path, { write: true });
  const { size } = file.statSync();
  writeAll(file, encode(text.padEnd(size, "\n")));
  file.truncateSync(text.length);
  file.syncSync();
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(file.writeSync(rest));
}

function decode(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

function encode(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

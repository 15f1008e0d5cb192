/**
 * Symbolic links by which this program is called as others.
 *
 * @module
 */
import { APPLETS } from "../program_name.ts";
import { osError, osErrorNumber } from "./os_error.ts";

/** What is at a link's place. */
type Occupant =
  | "nothing"
  /** A link to this program: there is nothing to do. */
  | "ours"
  /** A link to another place. */
  | "link"
  /** A program, or anything else that isn't a directory. */
  | "file"
  | "directory"
  /** The very program that the links are to lead to. */
  | "target";

/**
 * Makes symbolic links of the names `wg`, `wg-quick` and `wireguard-go` in `directory`, all or none, that
 * lead to the program `target` (an absolute path). Replaces other programs and links only if `force` is
 * true, and never a directory. Each appears at once, whole.
 *
 * @returns the paths of all links, of those too that were there already
 * @throws Error in one line
 */
export function installLinks(directory: string, target: string, force: boolean): string[] {
  if (!attempt(`install links in ${directory}`, () => isDirectory(directory))) {
    throw new Error(`Cannot install links in ${directory}: no directory`);
  }
  const parent = directory.replace(/\/+$/, "");
  const places = APPLETS.map((name) => {
    const path = `${parent}/${name}`;
    return { path, occupant: attempt(installing(path), () => occupantOf(path, target)) };
  });
  for (const { path, occupant } of places) {
    const reason = reasonAgainst(occupant, force);
    if (reason !== null) throw new Error(`Cannot install the link ${path}: ${reason}`);
  }
  const missing = places.filter(({ occupant }) => occupant !== "ours");
  const done: Replacement[] = [];
  try {
    for (const { path, occupant } of missing) {
      const isOccupied = occupant !== "nothing";
      done.push(attempt(installing(path), () => putLink(path, target, isOccupied)));
    }
  } catch (error) {
    done.reverse().forEach(undo);
    throw error;
  }
  for (const { kept } of done) if (kept !== null) Deno.removeSync(kept);
  return places.map(({ path }) => path);
}

function reasonAgainst(occupant: Occupant, force: boolean): string | null {
  switch (occupant) {
    case "nothing":
    case "ours":
      return null;
    case "link":
      return force ? null : "a link to another place is there (--force replaces it)";
    case "file":
      return force ? null : "another program is there (--force replaces it)";
    case "directory":
      return "a directory is there";
    case "target":
      return "this program itself is there";
  }
}

function occupantOf(path: string, target: string): Occupant {
  const info = statOf(() => Deno.lstatSync(path));
  if (info === null) return "nothing";
  if (info.isSymlink) return Deno.readLinkSync(path) === target ? "ours" : "link";
  if (info.isDirectory) return "directory";
  const own = statOf(() => Deno.statSync(target));
  return own !== null && info.ino === own.ino && info.dev === own.dev ? "target" : "file";
}

/** A link that was made. */
interface Replacement {
  readonly path: string;
  /** The second name of what was there before, if anything was. */
  readonly kept: string | null;
}

function putLink(path: string, target: string, occupied: boolean): Replacement {
  const kept = occupied ? `${path}.wgts-${Deno.pid}-old` : null;
  if (kept !== null) Deno.linkSync(path, kept);
  try {
    makeLink(path, target);
  } catch (error) {
    if (kept !== null) Deno.removeSync(kept);
    throw error;
  }
  return { path, kept };
}

function makeLink(path: string, target: string): void {
  const temporary = `${path}.wgts-${Deno.pid}`;
  Deno.symlinkSync(target, temporary);
  try {
    Deno.renameSync(temporary, path);
  } catch (error) {
    Deno.removeSync(temporary);
    throw error;
  }
}

function undo({ path, kept }: Replacement): void {
  if (kept === null) Deno.removeSync(path);
  else Deno.renameSync(kept, path);
}

function isDirectory(path: string): boolean {
  return statOf(() => Deno.statSync(path))?.isDirectory === true;
}

function statOf(stat: () => Deno.FileInfo): Deno.FileInfo | null {
  try {
    return stat();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return null;
    }
    throw error;
  }
}

function installing(path: string): string {
  return `install the link ${path}`;
}

/** Does what `operation` says; the system's errors tell that, and no other path that was involved. */
function attempt<Result>(operation: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw osErrorNumber(error) === null ? error : osError(operation, error, 0);
  }
}

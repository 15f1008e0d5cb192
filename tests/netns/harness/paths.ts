/** The absolute path of a file that is named relative to this folder. */
export function pathOf(relative: string): string {
  return decodeURIComponent(new URL(relative, import.meta.url).pathname);
}

/** Whether there is anything at `path`, be it a broken symbolic link. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch {
    return false;
  }
}

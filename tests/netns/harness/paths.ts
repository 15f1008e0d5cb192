/** The absolute path of a file that is named relative to this folder. */
export function pathOf(relative: string): string {
  return decodeURIComponent(new URL(relative, import.meta.url).pathname);
}

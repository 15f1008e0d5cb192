import { GROUP } from "./layout.ts";
import { libc } from "./libc.ts";
import { cString } from "./text.ts";

/** The number of the group called `name` (getgrnam(3)), or that `name` is; null when there is none. */
export function groupNumber(name: string): number | null {
  if (/^\d{1,9}$/.test(name)) return Number(name);
  const group = name === "" || name.includes("\0") ? null : libc.getgrnam(cString(name));
  return group === null ? null : new Deno.UnsafePointerView(group).getUint32(GROUP.GID);
}

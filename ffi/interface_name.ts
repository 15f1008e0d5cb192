import { IFNAMSIZ } from "./layout.ts";
import { libc } from "./libc.ts";
import { cString, fromCString } from "./text.ts";

/**
 * The index of the interface `name` (if_nametoindex(3)), also when `name` is a number; 0 if there is
 * none.
 */
export function interfaceIndexOf(name: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(name)) return Number(name);
  return indexOfName(name);
}

/** The same where a number is a name too. */
export function indexOfName(name: string): number {
  return libc.if_nametoindex(cString(name));
}

/** The name of the interface with that index (if_indextoname(3)); the index as text if there is none. */
export function interfaceNameOf(index: number): string {
  const name = new Uint8Array(IFNAMSIZ);
  return libc.if_indextoname(index, name) === null ? String(index) : fromCString(name);
}

import { SysError } from "../../ffi/errno.ts";

/** The failure of a system call that Deno reports, in the C library's words; throws all other errors on. */
export function osErrorText(error: unknown): string {
  const number = error instanceof Error ? /\(os error ([0-9]+)\)/.exec(error.message)?.[1] : null;
  if (number === null || number === undefined) throw error;
  return new SysError("use a file", Number(number)).description;
}

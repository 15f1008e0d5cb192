import { SysError } from "../../ffi/errno.ts";

/** The failure of a system call that Deno reports, in the C library's words; throws all other errors on. */
export function osErrorText(error: unknown): string {
  const number = osErrorNumber(error);
  if (number === null) throw error;
  return new SysError("use a file", number).description;
}

/** The same as an error of ours, with the number `other` if Deno tells none. */
export function osError(operation: string, error: unknown, other: number): SysError {
  return new SysError(operation, osErrorNumber(error) ?? other);
}

/** The error number that an error of ours or of Deno tells of; null when it tells none. */
export function osErrorNumber(error: unknown): number | null {
  if (error instanceof SysError) return error.errno;
  const number = error instanceof Error ? /\(os error ([0-9]+)\)/.exec(error.message)?.[1] : null;
  return number === null || number === undefined ? null : Number(number);
}

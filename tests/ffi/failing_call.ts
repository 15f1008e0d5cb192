import assert from "node:assert/strict";
import { type Libc, libc } from "../../ffi/libc.ts";

/**
 * Runs `body` with a function of the C library replaced: `replacement` gets the real one, and may return
 * a negative error number, which becomes -1 and errno.
 */
export function withReplaced<Name extends keyof Libc>(
  name: Name,
  replacement: (real: Libc[Name], ...args: Parameters<Libc[Name]>) => number,
  body: () => void,
): void {
  const location = libc.__errno_location();
  assert(location !== null);
  const errno = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(location, 4));
  const real = libc[name];
  const replaced = (...args: Parameters<Libc[Name]>): number => {
    const result = replacement(real, ...args);
    if (result >= 0) return result;
    errno[0] = -result;
    return -1;
  };
  Object.defineProperty(libc, name, { value: replaced });
  try {
    body();
  } finally {
    Object.defineProperty(libc, name, { value: real });
  }
}

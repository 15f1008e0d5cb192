import assert from "node:assert/strict";
import { O_CLOEXEC } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";

/** The two ends of a new pipe, closed on exec unless `flags` say otherwise. */
export function openPipe(flags: number = O_CLOEXEC): { reading: number; writing: number } {
  const fds = new Int32Array(2);
  assert.equal(libc.pipe2(fds, flags), 0);
  const [reading, writing] = fds;
  assert(reading !== undefined && writing !== undefined);
  return { reading, writing };
}

/** Reads up to the end and closes. */
export function readText(fd: number): string {
  const part = new Uint8Array(4096);
  let text = "";
  for (;;) {
    const count = libc.read(fd, part, part.length);
    if (count <= 0) break;
    text += new TextDecoder().decode(part.subarray(0, count));
  }
  libc.close(fd);
  return text;
}

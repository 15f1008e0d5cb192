import { M_MMAP_THRESHOLD } from "./layout.ts";
import { libc } from "./libc.ts";

/** Blocks from this size on are given back: V8's compiler takes its memory in pieces of 16 and 32 KiB. */
const GIVEN_BACK_FROM = 16 << 10;

/**
 * Makes malloc(3) map each larger block by itself, so that `free` gives it back to the system. By default,
 * glibc keeps what was freed for later: the megabytes that V8 works with while it compiles a function,
 * once for each of its threads, of a program that then compiles hardly ever again.
 */
export function giveFreedMemoryBack(): void {
  // That it doesn't work would cost memory, and nothing else.
  libc.mallopt(M_MMAP_THRESHOLD, GIVEN_BACK_FROM);
}

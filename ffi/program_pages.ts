import { MADV_DONTNEED } from "./layout.ts";
import { libc } from "./libc.ts";

/** Ranges of addresses: `begin` is in it, `end` is not. */
export interface AddressRange {
  readonly begin: bigint;
  readonly end: bigint;
}

/** The permissions of what is never written: code and constants, mapped privately. */
const READ_ONLY = ["r-xp", "r--p"];

/**
 * Unmaps what this process has read of its program file so far, and returns how many bytes. Nothing is
 * lost: the pages stay in the system's cache of the file, and each that is needed again comes back by a
 * minor page fault, with its neighbours. A runtime reads some 50 MB of itself to start, a third of which a
 * program then goes on using.
 */
export function unmapProgramPages(): number {
  try {
    const before = residentFilePages();
    const program = Deno.readLinkSync("/proc/self/exe");
    for (const { begin, end } of unmodified(Deno.readTextFileSync("/proc/self/smaps"), program)) {
      libc.madvise(Deno.UnsafePointer.create(begin), Number(end - begin), MADV_DONTNEED);
    }
    return Math.max(0, before - residentFilePages());
  } catch {
    return 0; // There is no /proc here, and no need for this.
  }
}

/**
 * The mappings of the file `path` in the text of /proc/PID/smaps (proc(5)) that are read-only and have
 * no page of their own: what the dynamic linker has changed could not be read again.
 */
export function unmodified(smaps: string, path: string): AddressRange[] {
  const ranges: AddressRange[] = [];
  let range: AddressRange | null = null;
  for (const line of smaps.split("\n")) {
    const mapping = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+ *(.*)$/.exec(line);
    if (mapping !== null) {
      const [, begin, end, permissions = "", file] = mapping;
      const matches = file === path && READ_ONLY.includes(permissions);
      range = matches ? { begin: BigInt(`0x${begin}`), end: BigInt(`0x${end}`) } : null;
    } else if (range !== null && /^Anonymous: +0 kB$/.test(line)) {
      ranges.push(range);
      range = null;
    }
  }
  return ranges;
}

/** Bytes of files that are in this process's memory. */
function residentFilePages(): number {
  const status = Deno.readTextFileSync("/proc/self/status");
  return Number(/^RssFile:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

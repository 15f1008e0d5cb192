import {
  PRIO_PROCESS,
  SCHED_ATTR,
  SCHED_BATCH,
  SCHED_OTHER,
  SYS_sched_getattr,
  SYS_sched_setattr,
} from "./layout.ts";
import { libc } from "./libc.ts";

/** The time slice of a thread that answers packets, in nanoseconds: the least that Linux grants. */
const SLICE_NS = 100_000;
/** How much nicer V8's threads are: with processors all busy they get a tenth of a thread's share. */
const NICER_BY = 10;
/** No thread is nicer than that. */
const MAX_NICENESS = 19;
/** What the names of V8's threads begin with: those that compile and help with collecting garbage. */
const V8_THREAD = "V8 ";

/**
 * Lets the calling thread come before V8's own threads of this process, and before whatever else has no
 * haste, when it wakes up for a packet. Otherwise a thread that compiles keeps the processor to the end of
 * its slice, some milliseconds, while the packet waits.
 *
 * It asks for short slices (sched_setattr(2), which Linux heeds from version 6.12 on), in exchange for
 * nothing but being interrupted earlier, and makes V8's threads nicer. Needs no privileges. That the
 * system refuses changes nothing but latency.
 */
export function preferThisThread(): void {
  const attributes = readAttributes();
  if (attributes !== null) shortenSlices(attributes);
  const own = attributes?.getInt32(SCHED_ATTR.NICE, true) ?? 0;
  const niceness = Math.min(own + NICER_BY, MAX_NICENESS);
  for (const { name } of Deno.readDirSync("/proc/self/task")) {
    if (threadName(name).startsWith(V8_THREAD)) {
      libc.setpriority(PRIO_PROCESS, Number(name), niceness);
    }
  }
}

/** The calling thread's `struct sched_attr`; null where the system doesn't tell. */
function readAttributes(): DataView<ArrayBuffer> | null {
  const attributes = new DataView(new ArrayBuffer(SCHED_ATTR.SIZE));
  const size = attributes.byteLength;
  const result = libc.syscallSchedulingAttributes(SYS_sched_getattr, 0, attributes, size, 0);
  return result < 0 ? null : attributes;
}

/** Of the calling thread, if it is one that the system shares time slices out to. */
function shortenSlices(attributes: DataView<ArrayBuffer>): void {
  const policy = attributes.getUint32(SCHED_ATTR.POLICY, true);
  if (policy !== SCHED_OTHER && policy !== SCHED_BATCH) return;
  attributes.setBigUint64(SCHED_ATTR.RUNTIME, BigInt(SLICE_NS), true);
  libc.syscallSchedulingAttributes(SYS_sched_setattr, 0, attributes, 0, 0);
}

/** The name of thread `id`; empty when it has ended. */
function threadName(id: string): string {
  try {
    return Deno.readTextFileSync(`/proc/self/task/${id}/comm`);
  } catch {
    return "";
  }
}

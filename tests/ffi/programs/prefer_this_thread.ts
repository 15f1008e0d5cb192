/** Prints the scheduling of each thread of this process, by thread, once this one is preferred. */
import { preferThisThread } from "../../../ffi/thread_priority.ts";

preferThisThread();
const threads = [...Deno.readDirSync("/proc/self/task")].map(({ name }) => {
  const read = (file: string) => Deno.readTextFileSync(`/proc/self/task/${name}/${file}`);
  // Of stat(5), after the name in brackets: field 3 is the first, the nice value field 19.
  const nice = Number(read("stat").split(") ").at(-1)?.split(" ")[16]);
  return { name: read("comm").trim(), isMain: Number(name) === Deno.pid, nice };
});
const slice = /^se\.slice\s*:\s*(\d+)$/m.exec(Deno.readTextFileSync("/proc/self/sched"))?.[1];
console.log(JSON.stringify({ threads, slice: slice === undefined ? null : Number(slice) }));

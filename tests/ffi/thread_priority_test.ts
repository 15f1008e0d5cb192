import "./bind_libc.ts";
import assert from "node:assert/strict";
import { denoProgram, outputOf } from "./run_program.ts";

interface Scheduling {
  threads: { name: string; isMain: boolean; nice: number }[];
  /** Nanoseconds; null where the kernel doesn't tell. */
  slice: number | null;
}

Deno.test("preferThisThread makes V8's threads nicer, and no other, and asks for short slices", async () => {
  const program = denoProgram("prefer_this_thread.ts");
  const { threads, slice } = JSON.parse(await outputOf(program)) as Scheduling;
  const ofV8 = threads.filter(({ name }) => name.startsWith("V8 "));
  assert(ofV8.length > 0);
  const own = threads.find(({ isMain }) => isMain)?.nice;
  assert(own !== undefined && own < 19);
  for (const { nice } of ofV8) assert.equal(nice, Math.min(own + 10, 19));
  for (const { name, nice } of threads) if (!name.startsWith("V8 ")) assert.equal(nice, own, name);
  if (slice !== null) assert.equal(slice, 100_000);
});

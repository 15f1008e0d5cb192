import { pause } from "../../netns/harness/wait.ts";
import { readVoluntarySwitches } from "../proc.ts";
import type { MeasureContext, Values } from "./context.ts";

/** Until the last answers and delayed acknowledgements are through. */
const SETTLE_MS = 500;
const SECONDS = 2;

/**
 * How often the threads of an engine woke up while nothing was sent, per second: the mean of both
 * sides. Each wake-up ends with going to sleep again, which is what the kernel counts.
 */
export async function measureIdle({ tunnel }: MeasureContext): Promise<Values> {
  await pause(SETTLE_MS);
  const before = await count();
  const start = performance.now();
  await pause(SECONDS * 1000);
  const seconds = (performance.now() - start) / 1000;
  return { wakeups: (await count() - before) / seconds / tunnel.engines.length };

  async function count(): Promise<number> {
    const both = await Promise.all(tunnel.engines.map(readVoluntarySwitches));
    return both.reduce((total, switches) => total + switches, 0);
  }
}

import { readResidentMemory } from "../proc.ts";
import type { MeasureContext, Values } from "./context.ts";

/** What an engine occupies: the larger one of the two. */
export async function measureMemory(
  { tunnel }: MeasureContext,
  when: "idle" | "load",
): Promise<Values> {
  const both = await Promise.all(tunnel.engines.map(readResidentMemory));
  return {
    [`rss_${when}`]: Math.max(...both.map(({ total }) => total)),
    [`rss_anon_${when}`]: Math.max(...both.map(({ anonymous }) => anonymous)),
  };
}

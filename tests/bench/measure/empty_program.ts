import { Host } from "../../netns/harness/host.ts";
import { waitFor } from "../../netns/harness/wait.ts";
import { readResidentMemory } from "../proc.ts";
import type { Values } from "./context.ts";

const READY = "/run/ready";

/** What a program occupies that creates the file it is told when it has started. */
export async function measureProgram(command: readonly string[]): Promise<Values> {
  await using host = await Host.create("program");
  const { pid } = await host.start([...command, READY]);
  await waitFor("the program", () => Deno.lstat(host.path(READY)), { interval: 5 });
  const { total, anonymous } = await readResidentMemory(pid);
  return { rss_idle: total, rss_anon_idle: anonymous };
}

import { type HookVariables, startBackgroundHook } from "./hooks.ts";

/** How long a command that was asked to end (SIGTERM) may take, in milliseconds. */
const END_MS = 5000;
/** Between two looks whether all its processes have ended. */
const LOOK_MS = 20;

/** The commands for events that run. */
export class EventHookProcesses {
  readonly #running = new Set<number>();

  /** Whether the process `pid`, a child of this one, is a command whose end is awaited. */
  owns(pid: number): boolean {
    return this.#running.has(pid);
  }

  /**
   * Runs `command`. When `signal` is aborted, it is ended with all that it started, by force if need be.
   *
   * @param environment what its event tells
   * @returns its exit code; 128 and the signal's number when a signal ended it
   */
  async run(
    command: string,
    variables: HookVariables,
    environment: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<number> {
    const child = startBackgroundHook(command, variables, environment);
    this.#running.add(child.pid);
    let ending: Promise<void> | null = null;
    const end = () => ending ??= endGroup(child.pid);
    if (signal.aborted) end();
    signal.addEventListener("abort", end);
    try {
      const { code } = await child.status;
      await ending;
      return code;
    } finally {
      signal.removeEventListener("abort", end);
      this.#running.delete(child.pid);
    }
  }
}

/** Ends a process group. */
async function endGroup(leader: number): Promise<void> {
  const end = performance.now() + END_MS;
  signalGroup(leader, "SIGTERM");
  // A process that is stopped must go on to end, and whether there is any is told by the way.
  while (signalGroup(leader, "SIGCONT")) {
    if (performance.now() >= end) return void signalGroup(leader, "SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Whether there was any process to be told. */
function signalGroup(leader: number, signal: Deno.Signal): boolean {
  try {
    Deno.kill(-leader, signal);
    return true;
  } catch {
    return false;
  }
}

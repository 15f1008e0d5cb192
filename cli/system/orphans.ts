/** How often an orphan is looked for, in milliseconds, and for how long. */
const RETRY_MS = 100;
const ORPHAN_MS = 5000;

/**
 * Waits, for some seconds at most, until no process of this user has the environment variable `name`
 * with that value: the parent of one that changes the system may have been killed.
 */
export async function awaitOrphans(name: string, value: string): Promise<void> {
  for (let waited = 0; waited < ORPHAN_MS && hasOrphan(name, value); waited += RETRY_MS) {
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** Whether a process of this user has the environment variable `variable` with that value. */
export function hasOrphan(variable: string, value: string): boolean {
  const mark = `\0${variable}=${value}\0`;
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^[0-9]+$/.test(name)) continue;
    try {
      const environment = `\0${Deno.readTextFileSync(`/proc/${name}/environ`)}`;
      if (environment.includes(mark) && realUserOf(name) === Deno.uid()) return true;
    } catch {
      // It ended, or isn't ours to look at.
    }
  }
  return false;
}

/**
 * Who started a process (proc_pid_status(5)): others' variables reach programs that are root's by
 * set-user-ID.
 */
function realUserOf(pid: string): number {
  return Number(/^Uid:\t(\d+)/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1] ?? -1);
}

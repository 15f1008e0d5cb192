/** How often an orphan is looked for, in milliseconds, and for how long. */
const RETRY_MS = 100;
const ORPHAN_MS = 5000;

/**
 * Waits, for some seconds at most, until no process has the environment variable `name` with that value:
 * the parent of one that changes the system may have been killed.
 */
export async function awaitOrphans(name: string, value: string): Promise<void> {
  for (let waited = 0; waited < ORPHAN_MS && hasOrphan(name, value); waited += RETRY_MS) {
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

function hasOrphan(variable: string, value: string): boolean {
  const mark = `\0${variable}=${value}\0`;
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^[0-9]+$/.test(name)) continue;
    try {
      if (`\0${Deno.readTextFileSync(`/proc/${name}/environ`)}`.includes(mark)) return true;
    } catch {
      // It ended, or isn't ours to look at.
    }
  }
  return false;
}

/** Waiting for conditions: tests never sleep for a fixed time and hope. */

export interface WaitOptions {
  /** Milliseconds after which waiting fails: generous, machines are slow at times. */
  deadline?: number;
  /** Milliseconds between two looks. */
  interval?: number;
}

/** Looks again and again until `condition` gives something truthy, which is returned. */
export async function waitFor<T>(
  what: string,
  condition: () => T | Promise<T>,
  { deadline = 120_000, interval = 50 }: WaitOptions = {},
): Promise<Exclude<T, false | null | undefined | "" | 0>> {
  const end = Date.now() + deadline;
  let last: unknown;
  while (true) {
    try {
      const value = await condition();
      if (value) return value as Exclude<T, false | null | undefined | "" | 0>;
      last = value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) {
      throw new Error(`Waited ${deadline} ms for ${what}; last: ${last}`);
    }
    await pause(interval);
  }
}

/** Waits for a time that is itself what the test needs, such as the gap between two samples. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

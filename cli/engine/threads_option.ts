/** The largest number of threads that share the AEAD, the engine's own included. */
export const MAX_THREADS = 16;

/** How many threads `value` of `--threads` asks for; null when it isn't one. */
export function parseThreads(value: string): number | null {
  if (value === "auto") return DEFAULT_THREADS;
  const threads = /^\d{1,2}$/.test(value) ? Number(value) : 0;
  return threads >= 1 && threads <= MAX_THREADS ? threads : null;
}

const DEFAULT_THREADS = 1;

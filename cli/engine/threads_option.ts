/** The largest number of threads that share the AEAD, the engine's own included. */
export const MAX_THREADS = 16;

/**
 * How many threads `value` of `--threads` asks for; null when it isn't a number of threads. See the notes
 * in crypto_pool.ts on why there is one by default.
 */
export function parseThreads(value: string): number | null {
  const threads = /^\d{1,2}$/.test(value) ? Number(value) : 0;
  return threads >= 1 && threads <= MAX_THREADS ? threads : null;
}

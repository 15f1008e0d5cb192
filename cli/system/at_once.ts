/** How many interfaces to ask at the same time: each takes a file descriptor and a buffer. */
export const INTERFACES_AT_ONCE = 16;

/**
 * What `work` gives for each of `items`, in their order; `limit` of them are worked on at the same time.
 * Rejects as soon as the work on one does.
 */
export async function mapAtOnce<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  // All take the next one from the same iterator.
  const entries = items.entries();
  const take = async () => {
    for (const [index, item] of entries) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, take));
  return results;
}

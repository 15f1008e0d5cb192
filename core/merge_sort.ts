/** Comparisons between two pauses: some microseconds. */
const COMPARISONS_AT_ONCE = 256;

/**
 * Sorts `items`, which it takes over, by `compare`, which is negative when its first argument goes first; equals
 * stay in their order. Yields what `pause` gives every now and then: to sort very many at once would hold up packets.
 */
export function* mergeSort<Item, Pause>(
  items: Item[],
  compare: (a: Item, b: Item) => number,
  pause: () => Pause,
): Generator<Pause, Item[], void> {
  let sorted = items, merged = items.slice(), comparisons = 0;
  for (let width = 1; width < sorted.length; width *= 2) {
    for (let start = 0; start < sorted.length; start += 2 * width) {
      const middle = Math.min(start + width, sorted.length);
      const end = Math.min(start + 2 * width, sorted.length);
      let left = start, right = middle;
      for (let to = start; to < end; to++) {
        if (++comparisons % COMPARISONS_AT_ONCE === 0) yield pause();
        const a = sorted[left], b = sorted[right];
        const takesLeft = right === end ||
          (left < middle && a !== undefined && b !== undefined && compare(a, b) <= 0);
        const next = takesLeft ? sorted[left++] : sorted[right++];
        if (next !== undefined) merged[to] = next;
      }
    }
    [sorted, merged] = [merged, sorted];
  }
  return sorted;
}

/** What a {@linkcode DeadlineHeap} orders. The heap owns both fields: others only read them. */
export interface HeapEntry {
  /** When the entry is due; Infinity when it is not in the heap. */
  deadline: number;
  /** Where the heap keeps the entry; -1 when it doesn't. */
  position: number;
}

/** A binary heap of entries by their deadline. Entries know their place, so that all is O(log n). */
export class DeadlineHeap<T extends HeapEntry> {
  readonly #entries: T[] = [];

  /** How many entries there are. */
  get size(): number {
    return this.#entries.length;
  }

  /** The entry due first. O(1). */
  first(): T | undefined {
    return this.#entries[0];
  }

  /** When the first entry is due; Infinity when there is none. O(1). */
  nextDeadline(): number {
    const first = this.#entries[0];
    return first === undefined ? Infinity : first.deadline;
  }

  /** Makes `entry` due at `deadline`, added if need be; Infinity removes it. */
  schedule(entry: T, deadline: number): void {
    if (deadline === Infinity) {
      this.remove(entry);
      return;
    }
    if (entry.position < 0) {
      entry.position = this.#entries.length;
      this.#entries.push(entry);
      entry.deadline = Infinity;
    }
    const earlier = deadline < entry.deadline;
    entry.deadline = deadline;
    if (earlier) this.#rise(entry);
    else this.#sink(entry);
  }

  /** Removes `entry` if it is there. */
  remove(entry: T): void {
    const at = entry.position;
    if (at < 0) return;
    entry.position = -1;
    entry.deadline = Infinity;
    const last = this.#entries.pop();
    if (last === undefined || last === entry) return;
    this.#place(last, at);
    this.#rise(last);
    this.#sink(last);
  }

  #place(entry: T, at: number): void {
    this.#entries[at] = entry;
    entry.position = at;
  }

  #rise(entry: T): void {
    let at = entry.position;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = this.#entries[above];
      if (parent === undefined || parent.deadline <= entry.deadline) break;
      this.#place(parent, at);
      at = above;
    }
    this.#place(entry, at);
  }

  #sink(entry: T): void {
    let at = entry.position;
    for (;;) {
      const left = this.#entries[2 * at + 1];
      if (left === undefined) break;
      const right = this.#entries[2 * at + 2];
      const child = right !== undefined && right.deadline < left.deadline ? right : left;
      if (child.deadline >= entry.deadline) break;
      const below = child.position;
      this.#place(child, at);
      at = below;
    }
    this.#place(entry, at);
  }
}

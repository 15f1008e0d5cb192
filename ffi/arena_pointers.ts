import type { Arena } from "./arena.ts";

/** Entries: a power of two, and many more than the packets that are under way at once. */
const ENTRIES_LOG2 = 14;

/**
 * Pointers to places of an arena that come again and again, as those of packets do. Making a pointer
 * costs 100 ns and garbage, finding one 5 ns and none. Each place has one entry that it may be in.
 */
export class ArenaPointers {
  readonly #arena: Arena;
  readonly #offsets = new Int32Array(1 << ENTRIES_LOG2).fill(-1);
  readonly #pointers: Deno.PointerObject[] = [];

  /** Makes no pointer yet but one, to fill the table with. */
  constructor(arena: Arena) {
    this.#arena = arena;
    const filler = arena.pointer(0);
    for (let entry = 0; entry < this.#offsets.length; entry++) this.#pointers.push(filler);
  }

  /** A pointer to `offset`. */
  at(offset: number): Deno.PointerObject {
    // Fibonacci hashing: places are often a power of two apart.
    const entry = Math.imul(offset, 0x9e3779b1) >>> (32 - ENTRIES_LOG2);
    const found = this.#pointers[entry];
    if (found !== undefined && this.#offsets[entry] === offset) return found;
    const made = this.#arena.pointer(offset);
    this.#offsets[entry] = offset;
    this.#pointers[entry] = made;
    return made;
  }
}

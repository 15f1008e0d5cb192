import type { SeededRandom } from "../core/seeded_random.ts";

/** Something that reads what others wrote, to be fed with everything. */
export interface Target {
  /** As `--target` names it. */
  readonly name: string;
  /** The files whose branches are to be reached, from the project's root. */
  readonly sources: readonly string[];
  /** An input; the same for the same randomness. */
  generate(random: SeededRandom): Input;
  /**
   * Reads an input; whether it was accepted. Throws when anything is wrong: an error that isn't
   * documented, or something accepted that can't be right.
   */
  run(input: Input): boolean;
}

/** Text, bytes or arguments, as the target reads. */
export type Input = string | Uint8Array | readonly string[];

/** `input` so that a person can repeat it. */
export function showInput(input: Input): string {
  if (!(input instanceof Uint8Array)) return JSON.stringify(input);
  return [...input].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

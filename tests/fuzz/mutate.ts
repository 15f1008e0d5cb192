/** Changes of valid inputs that find what nobody thought of. */
import type { SeededRandom } from "../core/seeded_random.ts";

/** One of `choices`. */
export function pick<T>(random: SeededRandom, choices: readonly T[]): T {
  const choice = choices[random.below(choices.length)];
  if (choice === undefined) throw new RangeError("nothing to pick from");
  return choice;
}

/** Numbers at the borders of fields. */
const BORDERS = [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 33, 64, 127, 128, 129, 255];

/** `text` with some of its pieces changed, repeated, moved, cut, or replaced by `words`. */
export function mutateText(random: SeededRandom, text: string, words: readonly string[]): string {
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    const start = random.below(text.length + 1);
    const end = Math.min(text.length, start + random.below(random.chance(50) ? 3 : 40));
    text = text.slice(0, start) + textInstead(random, text, start, end, words) + text.slice(end);
  }
  return text;
}

function textInstead(
  random: SeededRandom,
  text: string,
  start: number,
  end: number,
  words: readonly string[],
): string {
  switch (random.below(6)) {
    case 0:
      return "";
    case 1:
      return text.slice(start, end).repeat(2);
    case 2: {
      const from = random.below(text.length + 1);
      return text.slice(from, from + random.below(40)) + text.slice(start, end);
    }
    case 3:
      return String.fromCharCode(random.below(random.chance(90) ? 128 : 0x1_0000));
    default:
      return pick(random, words);
  }
}

/** `bytes` with some of them changed, repeated, moved or cut. */
export function mutateBytes(random: SeededRandom, bytes: Uint8Array): Uint8Array {
  let result: Uint8Array = bytes.slice();
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    const at = random.below(result.length + 1);
    switch (random.below(6)) {
      case 0:
        result = result.slice(0, at);
        break;
      case 1:
        result = splice(result, at, random.below(8), new Uint8Array(0));
        break;
      case 2: {
        const from = random.below(result.length + 1);
        result = splice(result, at, 0, result.slice(from, from + 4 * random.below(12)));
        break;
      }
      default:
        if (at < result.length) {
          result[at] = random.chance(50) ? pick(random, BORDERS) : random.u32() >>> 8;
        }
    }
  }
  return result;
}

function splice(bytes: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array {
  const tail = bytes.subarray(Math.min(bytes.length, at + remove));
  const result = new Uint8Array(at + insert.length + tail.length);
  result.set(bytes.subarray(0, at));
  result.set(insert, at);
  result.set(tail, at + insert.length);
  return result;
}

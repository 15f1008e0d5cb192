import { SeededRandom } from "../core/seeded_random.ts";
import { showInput, type Target } from "./target.ts";

/** What a run found out. */
export interface Outcome {
  readonly inputs: number;
  readonly accepted: number;
  /** Growth of the heap over the last half, in MB per million inputs; null when too few were run. */
  readonly slope: number | null;
}

/** An input that a target can't read as it should. */
export class Finding extends Error {
  override readonly name = "Finding";
}

/** Heap samples per run. */
const SAMPLES = 64;
/** With fewer inputs a slope means nothing. */
const LEAST_INPUTS_FOR_SLOPE = 500_000;

/**
 * Feeds `target` with inputs number `from` to `to` - 1 of `seed`; each depends on nothing but its number,
 * so that one can be repeated alone. `alive` is called now and then.
 *
 * @throws Finding for the first input that isn't read as it should
 */
export function fuzz(
  target: Target,
  seed: number,
  from: number,
  to: number,
  alive: (next: number) => void,
): Outcome {
  const period = Math.max(1, Math.floor((to - from) / SAMPLES));
  const samples: [inputs: number, bytes: number][] = [];
  let accepted = 0;
  for (let number = from; number < to; number++) {
    if ((number - from) % period === 0) {
      samples.push([number, heapInUse()]);
      alive(number);
    }
    const input = target.generate(new SeededRandom(seed * 1_000_003 + number));
    try {
      if (target.run(input)) accepted++;
    } catch (error) {
      const stack = error instanceof Error ? error.stack : String(error);
      throw new Finding(
        `${target.name}: seed ${seed}, input ${number}: ${showInput(input)}\n${stack}`,
      );
    }
  }
  const inputs = to - from;
  const half = samples.slice(SAMPLES / 2);
  return { inputs, accepted, slope: inputs < LEAST_INPUTS_FOR_SLOPE ? null : slopeOf(half) };
}

/** Bytes in use once garbage is collected; needs --expose-gc. */
function heapInUse(): number {
  const { gc } = globalThis as { gc?: () => void };
  // What the first one finalizes, the second one frees.
  gc?.();
  gc?.();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

/**
 * The slope of the line through `points`: the median of those between any two (Theil 1950, Sen 1968), on
 * which a code cache that grows or is flushed once has no influence.
 */
function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const slopes = points.flatMap(([x, y], index) =>
    points.slice(index + 1).map(([laterX, laterY]) => (laterY - y) / (laterX - x))
  );
  return slopes.sort((a, b) => a - b)[slopes.length >> 1] ?? 0;
}

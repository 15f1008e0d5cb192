/** Whether the machine has anything else to do. */
import { pause } from "../netns/harness/wait.ts";
import { type MachineCpu, readMachineCpu } from "./proc.ts";

/** What a look at the machine showed. */
export interface Quietness {
  /** Share of all processors' time that was spent on something, 0 to 1. */
  readonly busy: number;
  /** Share that another guest of the same host took. */
  readonly steal: number;
  /** How long a fixed piece of work took, as a multiple of the least ever seen. */
  readonly slowdown: number;
}

const LOOK_MS = 200;
const BETWEEN_LOOKS_MS = 300;
/** Share of stolen time beyond which figures can't be trusted. */
export const MOST_STEAL = 0.02;
const MOST_BUSY = 0.1;
const MOST_SLOWDOWN = 1.2;

/** Whether figures taken at such a time can be trusted. */
export function isQuiet({ busy, steal, slowdown }: Quietness): boolean {
  return busy <= MOST_BUSY && steal <= MOST_STEAL && slowdown <= MOST_SLOWDOWN;
}

/** The shares of busy and stolen time between two looks. */
export function shares(
  before: MachineCpu,
  after: MachineCpu,
): Pick<Quietness, "busy" | "steal"> {
  const busy = after.busy - before.busy;
  const steal = after.steal - before.steal;
  const all = busy + steal + after.idle - before.idle;
  return all > 0 ? { busy: busy / all, steal: steal / all } : { busy: 0, steal: 0 };
}

/** Watches the machine between runs. */
export class QuietWatch {
  #least = Infinity;

  /** Gets to know how fast the machine is. */
  calibrate(): void {
    for (let i = 0; i < 10; i++) this.#spin();
  }

  /** Waits until the machine is quiet, `seconds` at most. Returns whether it is. */
  async wait(seconds: number): Promise<boolean> {
    const end = performance.now() + seconds * 1000;
    while (!isQuiet(await this.look())) {
      if (performance.now() >= end) return false;
      await pause(BETWEEN_LOOKS_MS);
    }
    return true;
  }

  /** Looks for a fifth of a second, while this process sleeps. */
  async look(): Promise<Quietness> {
    const before = await readMachineCpu();
    await pause(LOOK_MS);
    const after = await readMachineCpu();
    return { ...shares(before, after), slowdown: this.#spin() };
  }

  #spin(): number {
    const start = performance.now();
    let x = 1;
    for (let i = 0; i < 5_000_000; i++) x = Math.imul(x, 0x5bd1e995) + i | 0;
    // Were `x` unused, the loop might be left out.
    const time = performance.now() - start + (x === 0.5 ? 1 : 0);
    this.#least = Math.min(this.#least, time);
    return time / this.#least;
  }
}

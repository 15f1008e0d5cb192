/**
 * Runs one target in a process of its own, which can be killed when it hangs. Arguments: the target,
 * the seed, the numbers of the first input and of that behind the last. Prints a line of JSON whenever
 * it is still alive, and one at the end.
 */
import { Finding, fuzz, type Outcome } from "./fuzzer.ts";
import { TARGETS } from "./targets/mod.ts";

/** What a line of the worker says. */
export type Report =
  | { readonly alive: number }
  | { readonly outcome: Outcome }
  | { readonly finding: string };

function tell(report: Report): void {
  console.log(JSON.stringify(report));
}

function main([name, ...numbers]: string[]): void {
  const target = TARGETS.find((target) => target.name === name);
  const [seed, from, to] = numbers.map(Number);
  if (target === undefined || seed === undefined || from === undefined || to === undefined) {
    throw new TypeError("expected a target, a seed, and two numbers of inputs");
  }
  try {
    tell({ outcome: fuzz(target, seed, from, to, (alive) => tell({ alive })) });
  } catch (error) {
    if (!(error instanceof Finding)) throw error;
    tell({ finding: error.message });
  }
}

if (import.meta.main) main(Deno.args);

/** The keys of `wgts top`, as terminals send them. */

/** What a key does. */
export type TopAction =
  | "quit"
  | "suspend"
  | "sort"
  | "help"
  | "redraw"
  | "up"
  | "down"
  | "page-up"
  | "page-down"
  | "first"
  | "last";

/** Each as in the normal and in the application mode of cursor keys (xterm's control sequences). */
const ACTIONS: ReadonlyMap<string, TopAction> = new Map([
  ["q", "quit"],
  ["Q", "quit"],
  ["\x03", "quit"],
  ["\x1a", "suspend"],
  ["s", "sort"],
  ["?", "help"],
  ["h", "help"],
  ["\x0c", "redraw"],
  ["k", "up"],
  ["\x1b[A", "up"],
  ["\x1bOA", "up"],
  ["j", "down"],
  ["\x1b[B", "down"],
  ["\x1bOB", "down"],
  ["\x1b[5~", "page-up"],
  ["b", "page-up"],
  ["\x1b[6~", "page-down"],
  [" ", "page-down"],
  ["g", "first"],
  ["\x1b[H", "first"],
  ["\x1bOH", "first"],
  ["\x1b[1~", "first"],
  ["G", "last"],
  ["\x1b[F", "last"],
  ["\x1bOF", "last"],
  ["\x1b[4~", "last"],
]);

/** A whole control sequence (ECMA-48 section 5.4), of one shift function, or any other character. */
// deno-lint-ignore no-control-regex -- terminals send them
const KEY = /\x1b\[[0-?]*[ -/]*[@-~]|\x1bO[ -~]|[^]/gu;
/** The beginning of a sequence whose rest comes later, perhaps. */
// deno-lint-ignore no-control-regex -- terminals send them
const UNFINISHED = /\x1b(?:O|\[[0-?]{0,16}[ -/]{0,4})?$/u;

/** Reads keys from what comes from a terminal, however it is cut. */
export class KeyReader {
  #rest = "";

  /** What the keys in `text` do, one by one; the other keys do nothing. */
  read(text: string): TopAction[] {
    const input = this.#rest + text;
    this.#rest = UNFINISHED.exec(input)?.[0] ?? "";
    const whole = input.slice(0, input.length - this.#rest.length);
    return [...whole.matchAll(KEY)].flatMap(([key]) => ACTIONS.get(key) ?? []);
  }
}

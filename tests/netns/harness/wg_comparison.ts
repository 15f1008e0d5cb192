/** Compares what scripts do with wgts under the name `wg` and with Debian's `wg`. */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { WG_VERSION } from "../../cli/wg_oracle.ts";
import { type Difference, DIFFERENCES } from "../wg_differences.ts";
import { wgts } from "./program.ts";
import type { Outcome, WgTwins } from "./wg_twins.ts";

/**
 * What only the compiled program can do as `wg` does: see the path that it was called by, arguments that
 * aren't UTF-8, and a carriage return at an argument's end, which `deno run` takes off; be run by a user who
 * can't read the runtime in root's home directory.
 */
const NEEDS_COMPILED = /^\/run\/t\/bin\/wg|\\xff|\r'|\bnobody\b/;
const isCompiled = wgts().length === 1;

/** The intended differences from this version of the real `wg`. */
export const ROWS: readonly Difference[] = DIFFERENCES.filter(
  ({ since }) => since === null || (WG_VERSION ?? 0) < since,
);

function differencesOf(script: string): Difference[] {
  return ROWS.filter(({ scripts }) => scripts.test(script));
}

/** What wgts has printed on stderr; nothing if that may be anything. */
function stderrOf({ stderr }: Outcome, script: string): string {
  const mayBe = differencesOf(script).some((row) => row.stderr?.test(stderr));
  return mayBe ? "" : stderr;
}

/** Two runs see a handshake's age a second apart at times: that is forgotten. */
function withoutAges(outcome: Outcome): Outcome {
  return { ...outcome, stdout: outcome.stdout.replaceAll(AGES, "$1(some time ago)") };
}
const AGES = /(latest handshake: ).*|(?<=\t)1[5-9]\d{8}(?=\t|$)/gm;

/** What is peculiar to who serves the interfaces. */
export interface Peculiarities {
  /** Peers are told in one order now and in another then. */
  readonly inAnyOrder?: boolean;
  /** Public keys of the interfaces' own that only wgts shows: see {@linkcode DIFFERENCES}. */
  readonly ownKeys?: readonly string[];
}

/** All that was compared. */
export class WgComparison {
  /** Rows that made a difference. */
  readonly used = new Set<Difference>();
  /** How many scripts were compared. */
  compared = 0;
  readonly #inAnyOrder: boolean;
  readonly #ownKeys: readonly string[];

  constructor({ inAnyOrder = false, ownKeys = [] }: Peculiarities = {}) {
    this.#inAnyOrder = inAnyOrder;
    this.#ownKeys = ownKeys;
  }

  /** Compares what each of the scripts does; `words` is whether what is on stderr counts. */
  async compare(twins: WgTwins, all: readonly string[], words = true): Promise<void> {
    const scripts = isCompiled ? all : all.filter((script) => !NEEDS_COMPILED.test(script));
    if (scripts.length < all.length) {
      console.warn(`${all.length - scripts.length} scripts need the compiled program: left out`);
    }
    const [oracle, tested] = await Promise.all([
      twins.runOracle(
        scripts.map((script) =>
          differencesOf(script).reduce((script, { instead }) => instead?.(script) ?? script, script)
        ),
      ),
      twins.runTested(scripts),
    ]);
    const wrong: string[] = [];
    for (const [i, script] of scripts.entries()) {
      const [theirs, ours] = [oracle[i], tested[i]];
      if (theirs === undefined || ours === undefined) throw new Error("no outcome");
      let right = theirs;
      for (const row of differencesOf(script)) {
        right = row.right?.(right, script) ?? right;
        if (row.instead !== undefined || !isDeepStrictEqual(right, theirs)) this.used.add(row);
      }
      this.compared++;
      const actual = this.#normalised({
        ...ours,
        stdout: this.#withoutOwnKeys(ours.stdout),
        stderr: words ? stderrOf(ours, script) : "",
      });
      const expected = this.#normalised({ ...right, stderr: words ? right.stderr : "" });
      if (isDeepStrictEqual(actual, expected)) continue;
      // What isn't compared may tell why.
      const said = words ? "" : `  stderr: ${JSON.stringify([ours.stderr, theirs.stderr])}\n`;
      wrong.push(`${script}\n${differingParts(actual, expected)}${said}`);
    }
    assert.ok(wrong.length === 0, `${wrong.length} of ${scripts.length}:\n${wrong.join("\n")}`);
  }

  #withoutOwnKeys(shown: string): string {
    let text = shown;
    for (const key of this.#ownKeys) {
      text = text.replaceAll(
        new RegExp(`^  \\S*public key\\S*: ${RegExp.escape(key)}.*\n`, "gm"),
        "",
      )
        .replaceAll(key, "(none)");
    }
    return text;
  }

  #normalised(outcome: Outcome): Outcome {
    const { stdout, state } = outcome = withoutAges(outcome);
    if (!this.#inAnyOrder) return outcome;
    return { ...outcome, stdout: inOneOrder(stdout), state: inOneOrder(state) };
  }
}

/** What is about one peer, or else one line, sorted; and how many lines are blank. */
function inOneOrder(text: string): string {
  const blocks: string[] = [];
  let blank = 0;
  for (const line of text.split("\n")) {
    if (line === "") blank++;
    else if (GOES_ON.test(line)) blocks.push(`${blocks.pop()}\n${line}`);
    else blocks.push(line);
  }
  return `${blocks.sort().join("\n")}\n${blank} blank lines`;
}
/** A line that belongs to the one before, of what `show`, `showconf` and control sockets tell. */
const GOES_ON =
  /^ {2}|^\w+ = |^(preshared_key|endpoint|last_handshake|[tr]x_bytes|persistent|allowed_ip|protocol)\w*=/;

function differingParts(actual: Outcome, expected: Outcome): string {
  const parts = ["code", "stdout", "stderr", "state"] as const;
  return parts.filter((part) => actual[part] !== expected[part]).map((part) =>
    `  ${part}: ${JSON.stringify(actual[part])}\n  of wg: ${JSON.stringify(expected[part])}\n`
  ).join("");
}

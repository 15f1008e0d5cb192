import assert from "node:assert/strict";
import { partAtDashes, takeOptionValues } from "../../cli/option_values.ts";

const NAMES = ["--netns", "--crypto"] as const;

Deno.test("options with a value are taken out in order, in either spelling", () => {
  const args = [
    "--netns",
    "a=b",
    "-f",
    "--crypto=",
    "wg0",
    "--netns=c=d",
    "--netnsx=1",
    "--crypto",
  ];
  assert.deepEqual(takeOptionValues(args, NAMES), {
    rest: ["-f", "wg0", "--netnsx=1"],
    values: [["--netns", "a=b"], ["--crypto", ""], ["--netns", "c=d"], ["--crypto", ""]],
  });
});

Deno.test("nothing behind -- is an option, unless it is a value", () => {
  assert.deepEqual(takeOptionValues(["--", "--netns", "a"], NAMES), {
    rest: ["--", "--netns", "a"],
    values: [],
  });
  assert.deepEqual(takeOptionValues(["--netns", "--", "a"], NAMES), {
    rest: ["a"],
    values: [["--netns", "--"]],
  });
});

Deno.test("behind -- nothing is an option, and in front of it anything may be", () => {
  const parted = (...args: string[]) => {
    const { mayBeOptions, operands } = partAtDashes(args);
    return [mayBeOptions, operands];
  };
  assert.deepEqual(parted(), [[], []]);
  assert.deepEqual(parted("-a", "b"), [["-a", "b"], []]);
  assert.deepEqual(parted("-a", "--", "-b", "--"), [["-a"], ["-b", "--"]]);
  assert.deepEqual(parted("--"), [[], []]);
});

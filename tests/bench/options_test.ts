import assert from "node:assert/strict";
import { MEASURE_GROUPS } from "./metrics.ts";
import { OptionError, parseOptions } from "./options.ts";

Deno.test("without options everything is measured three times", () => {
  const options = parseOptions([]);
  assert.equal(options.repetitions, 3);
  assert.deepEqual(options.measure, MEASURE_GROUPS);
  assert.deepEqual(options.only, []);
  assert.equal(options.mode, "run");
  assert.ok(options.install);
});

Deno.test("options are read", () => {
  const options = parseOptions([
    "--only=wgts,direct",
    "--measure=tcp,ping",
    "--repetitions=5",
    "--seconds=2",
    "--output=a.json",
    "--append",
    "--no-install",
  ]);
  assert.deepEqual(options.only, ["wgts", "direct"]);
  assert.deepEqual(options.measure, ["tcp", "ping"]);
  assert.equal(options.repetitions, 5);
  assert.equal(options.seconds, 2);
  assert.equal(options.output, "a.json");
  assert.ok(options.append);
  assert.ok(!options.install);
});

Deno.test("--quick is one repetition, unless told otherwise", () => {
  assert.equal(parseOptions(["--quick"]).repetitions, 1);
  assert.equal(parseOptions(["--quick", "--repetitions=2"]).repetitions, 2);
});

Deno.test("mistakes are refused", () => {
  const wrong = [
    "tcp",
    "--what",
    "--measure=speed",
    "--repetitions=0",
    "--repetitions=x",
    "--output",
    "--append",
    "--quick=1",
  ];
  for (const argument of wrong) {
    assert.throws(() => parseOptions([argument]), OptionError, argument);
  }
});

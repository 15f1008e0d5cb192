import assert from "node:assert/strict";
import { parseCommandLine } from "../../../cli/system/command_line.ts";

Deno.test("switches may stand before and behind the operand", () => {
  const known = ["--dry-run", "--strict"];
  const line = parseCommandLine(["--dry-run", "wg0", "--strict"], known);
  assert.deepEqual(line, { operand: "wg0", switches: new Set(known) });
  assert.deepEqual(parseCommandLine(["--", "-x"], known)?.operand, "-x");
  assert.equal(parseCommandLine([], known), null);
  assert.equal(parseCommandLine(["wg0", "wg1"], known), null);
  assert.equal(parseCommandLine(["--wet-run", "wg0"], known), null);
});

import assert from "node:assert/strict";
import { V8_FLAGS } from "../../../cli/engine/start.ts";

Deno.test("start: a compiled engine has the same V8 flags as one that isn't", async () => {
  const { tasks } = JSON.parse(
    await Deno.readTextFile(new URL("../../../deno.json", import.meta.url)),
  );
  assert.ok(tasks.compile.includes(` --v8-flags=${V8_FLAGS} `));
});

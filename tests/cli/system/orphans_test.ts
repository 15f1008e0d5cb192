import assert from "node:assert/strict";
import { hasOrphan } from "../../../cli/system/orphans.ts";

const VARIABLE = "WGTS_ORPHAN_TEST";
const VALUE = `of process ${Deno.pid}`;

/** Lets `body` see a process with that variable. */
async function withProcess(options: Deno.CommandOptions, body: () => void): Promise<void> {
  const child = new Deno.Command("sleep", {
    args: ["600"],
    cwd: "/",
    env: { [VARIABLE]: VALUE },
    ...options,
  }).spawn();
  try {
    body();
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
}

Deno.test("an orphan is known by a variable, whole and with its value", async () => {
  assert.ok(!hasOrphan(VARIABLE, VALUE));
  await withProcess({}, () => {
    assert.ok(hasOrphan(VARIABLE, VALUE));
    assert.ok(!hasOrphan(VARIABLE, VALUE.slice(0, -1)));
    assert.ok(!hasOrphan(VARIABLE.slice(1), VALUE));
  });
  assert.ok(!hasOrphan(VARIABLE, VALUE));
});

Deno.test({
  name: "nobody else's process is taken for an orphan, which would keep down waiting",
  ignore: Deno.uid() !== 0,
  fn: () =>
    withProcess({ uid: 65534, gid: 65534 }, () => {
      assert.ok(!hasOrphan(VARIABLE, VALUE));
    }),
});

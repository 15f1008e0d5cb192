import assert from "node:assert/strict";
import { addToResolvconf, deleteFromResolvconf } from "../../../../cli/system/dns/resolvconf.ts";
import { FakePrograms } from "../fake_programs.ts";

const SETTINGS = { servers: ["10.0.0.53"], search: [], routes: [] };

Deno.test("a resolvconf that hangs is killed, so that nobody waits for ever", async () => {
  using fake = new FakePrograms({ resolvconf: "sleep 60; echo late >late" });
  await assert.rejects(deleteFromResolvconf("wgtsrc1", 50), /-d wgtsrc1 -f didn't end in 0.05 s/);
  assert.equal(fake.read("late"), "");
});

Deno.test("what resolvconf noted before it failed is taken back", async () => {
  using fake = new FakePrograms({ resolvconf: 'echo "$@" >>calls; [ "$1" = -d ]' });
  await assert.rejects(addToResolvconf("wgtsrc0", SETTINGS), /-a .* failed with exit code 1/);
  assert.equal(fake.read("calls"), "-a wgtsrc0 -m 0 -x\n-d wgtsrc0 -f\n");
});

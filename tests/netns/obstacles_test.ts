/** Where the system doesn't let `wgts` work: one line says why and what to do, and nothing changes. */
import assert from "node:assert/strict";
import type { Result } from "./harness/command.ts";
import { wgts } from "./harness/program.ts";
import { Site } from "./harness/site.ts";
import { assertRestored, snapshot } from "./harness/snapshot.ts";

const COMMANDS = [["up", "wg0"], ["up", "--foreground", "wg0"], ["run", "wg0"]];

function assertAdvice(result: Result, advice: RegExp): void {
  assert.equal(result.code, 1, result.stderr);
  assert.equal(result.stdout, "");
  const complaints = result.stderr.trimEnd().split("\n").filter((line) => !line.startsWith("[#] "));
  assert.equal(complaints.length, 1, result.stderr);
  assert.match(complaints[0] ?? "", advice);
}

Deno.test("without CAP_NET_ADMIN, it is named", async () => {
  await using site = await Site.create();
  const before = await snapshot(site.host);
  for (const command of [...COMMANDS, ["down", "wg0"]]) {
    const unprivileged = ["setpriv", "--inh-caps=-net_admin", "--bounding-set=-net_admin", "--"];
    const result = await site.host.try([...unprivileged, ...wgts(), ...command]);
    assertAdvice(result, /^wgts: Cannot .*wg0.* needs CAP_NET_ADMIN: run it as root/);
    await assertRestored(site.host, before);
  }
});

Deno.test("without /dev/net/tun, it is said how to get it", async () => {
  await using site = await Site.create();
  const before = await snapshot(site.host);
  await site.host.sh("mount -t tmpfs tmpfs /dev/net");
  for (const command of COMMANDS) {
    const result = await site.wgts(...command);
    assertAdvice(
      result,
      /^wgts: Cannot open \/dev\/net\/tun: .* \(ENOENT\): .*"modprobe tun".*mknod/,
    );
    await assertRestored(site.host, before);
  }
});

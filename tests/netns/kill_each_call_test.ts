/**
 * `kill -9` at each single system call by which `wgts up` and `wgts down` change something: `down`
 * cleans up. strace delivers the signal instead of executing the call.
 */
import assert from "node:assert/strict";
import { createSiteToKill, downAfterKill } from "./harness/kill.ts";
import { wgts } from "./harness/program.ts";
import { snapshot } from "./harness/snapshot.ts";

/** Netlink requests, the journal, the TUN device, files. */
const CALLS = ["sendto", "write", "ioctl", "unlink", "mkdir", "rename"];
/** Fewer mean that the calls are others than those above, and that nothing is tested. */
const MIN_CLEANED = 20;

for (const command of ["up", "down"]) {
  Deno.test(`${command} killed at each call that changes something is cleaned up by down`, async () => {
    await using site = await createSiteToKill();
    const before = await snapshot(site.host);
    let cleaned = 0;
    for (const call of CALLS) {
      for (let count = 1;; count++) {
        if (command === "down") await site.wgtsOk("up", "wg0");
        // Only the main thread is traced: it does all the work.
        const inject = ["-e", `trace=${call}`, "-e", `inject=${call}:signal=KILL:when=${count}`];
        const strace = ["strace", "-qq", "-o", "/dev/null", ...inject];
        const { code } = await site.host.try([...strace, ...wgts(), command, "wg0"]);
        if (await downAfterKill(site, before)) cleaned++;
        if (code === 0) break; // it makes fewer calls than that
      }
    }
    assert.ok(cleaned >= MIN_CLEANED, `only ${cleaned} kills left anything to clean up`);
  });
}

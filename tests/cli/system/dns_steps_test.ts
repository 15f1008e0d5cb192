import assert from "node:assert/strict";
import { repairDns } from "../../../cli/system/dns/step.ts";
import { bringUp, printDown, printUp, takeDown } from "../../../cli/system/tunnel.ts";
import { addresses, quickConfig } from "../../core/plan/quick_config.ts";
import { Harness } from "./harness.ts";
import { failure, ModelSystem } from "./model.ts";

const PATH = "/etc/wireguard/wg0.conf";
const CLEAN = new ModelSystem().leftovers;

function config(search: string[] = [], servers = ["10.0.0.53"]) {
  return quickConfig({
    dns: { servers: addresses(...servers), search },
    postUp: ["post-up"],
    preDown: ["pre-down"],
    postDown: ["post-down"],
  }, ["0.0.0.0/0"]);
}

Deno.test("DNS is taken back first of all, while the tunnel still carries what is asked", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  await bringUp(harness.session(system), config(["corp"]), PATH);
  assert.deepEqual(system.state.dns, {
    wg0: { servers: ["10.0.0.53"], search: ["corp"], routes: [] },
  });
  harness.printed.splice(0);
  printDown(harness.session(system));
  const dry = harness.printed.splice(0);
  await takeDown(harness.session(system));
  assert.deepEqual(harness.printed, dry);
  assert.deepEqual(dry.slice(0, 3), [
    "[#] pre-down",
    "[#] restore /etc/resolv.conf # without the DNS servers of wg0",
    "[#] nft delete table ip wg-quick-wg0",
  ]);
  assert.deepEqual(system.leftovers, CLEAN);
});

Deno.test("a dry run tells the same of DNS, its limits too, and changes nothing", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  await printUp(harness.session(system), config(["~corp"]), PATH);
  const dry = harness.printed.splice(0).filter((line) => /resolv|DNS/.test(line));
  assert.deepEqual(system.leftovers, CLEAN);
  await bringUp(harness.session(system), config(["~corp"]), PATH);
  const real = harness.printed.splice(0).filter((line) => /resolv|DNS/.test(line));
  assert.deepEqual(real, dry);
  assert.deepEqual(dry.length, 2);
  assert.match(dry[1] ?? "", /^wgts: warning: DNS: only systemd-resolved can route by domain/);
});

Deno.test("what can't be done of DNS is a warning, or with --strict a failure", async () => {
  for (const trouble of ["fault", "none", "limit"] as const) {
    using harness = new Harness();
    const system = new ModelSystem();
    if (trouble === "fault") {
      system.fault = (operation) => operation === "setDns" ? failure("EROFS") : null;
    } else if (trouble === "none") {
      system.manager = { kind: "none", reason: "somebody else's" };
    }
    const wanted = config(trouble === "limit" ? ["~corp"] : []);
    await bringUp(harness.session(system), wanted, PATH);
    const warnings = harness.printed.filter((line) => /warning/.test(line));
    assert.equal(warnings.length, 1);
    if (trouble !== "limit") assert.match(warnings[0] ?? "", /names are looked up as before/);
    assert.equal("wg0" in system.state.dns, trouble === "limit");
    await takeDown(harness.session(system));
    assert.deepEqual(system.leftovers, CLEAN);

    await assert.rejects(bringUp(harness.session(system, { strict: true }), wanted, PATH));
    assert.deepEqual(system.leftovers, CLEAN);
    assert.ok(!harness.exists());
  }
});

Deno.test("what there is to say of DNS is said, and keeps no tunnel up", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  system.dnsNotes = ["somebody else changed it"];
  await bringUp(harness.session(system), config(), PATH);
  await takeDown(harness.session(system));
  assert.deepEqual(
    harness.printed.filter((line) => line === "wgts: warning: somebody else changed it").length,
    2,
  );
  assert.ok(!harness.exists());
});

Deno.test("while a resolv.conf can't be restored, down fails and can be tried again", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  await bringUp(harness.session(system), config(), PATH);
  system.fault = (operation) => operation === "unsetDns" ? failure("EROFS") : null;
  await assert.rejects(takeDown(harness.session(system)), /could not be taken down completely/);
  assert.ok("wg0" in system.state.dns && !("wg0" in system.state.links));
  system.fault = () => null;
  await takeDown(harness.session(system));
  assert.deepEqual(system.leftovers, CLEAN);
});

Deno.test("what an earlier boot left of resolv.conf keeps no tunnel from coming up or going down", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  system.repairTrouble = failure("EROFS");
  await bringUp(harness.session(system), config(), PATH);
  await takeDown(harness.session(system));
  assert.deepEqual(system.leftovers, CLEAN);
  const warnings = harness.printed.filter((line) => /what a tunnel left behind stays: /.test(line));
  assert.equal(warnings.length, 2);
  await assert.rejects(repairDns(harness.session(system)), { code: "EROFS" });
});

Deno.test("the servers before are noted where resolvconf keeps them from us", async () => {
  for (const kind of ["resolvconf", "file"] as const) {
    using harness = new Harness();
    const system = new ModelSystem();
    system.manager = kind === "file"
      ? { kind, path: "/etc/resolv.conf", reason: "" }
      : { kind, prefix: "" };
    const { entries } = await bringUp(harness.session(system), config(), PATH);
    const entry = entries.find(({ action }) => action.kind === "set-dns");
    assert.equal(entry?.before, kind === "file" ? null : '[["192.0.2.53",53,""]]');
  }
});

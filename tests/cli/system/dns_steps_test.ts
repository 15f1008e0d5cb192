import assert from "node:assert/strict";
import { repairDns } from "../../../cli/system/dns/step.ts";
import { replaceDns } from "../../../cli/system/dns/replace.ts";
import { Journal } from "../../../cli/journal.ts";
import { bringUp, printDown, printUp, takeDown } from "../../../cli/system/tunnel.ts";
import { addresses, quickConfig } from "../../core/plan/quick_config.ts";
import { Harness } from "./harness.ts";
import { failure, ModelSystem } from "./model.ts";
import { type ModelState } from "./model_state.ts";

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

/** The DNS settings with one server. */
function settingsWith(server: string) {
  return { servers: [server], search: [], routes: [] };
}

/** Changes the DNS settings of the running tunnel wg0. */
async function replace(
  harness: Harness,
  system: ModelSystem,
  settings: ReturnType<typeof settingsWith> | null,
): Promise<void> {
  const session = harness.session(system);
  using journal = Journal.open(harness.directory, session.scope, "wg0");
  assert.ok(journal);
  await replaceDns(session, journal, system.link("wg0")?.index ?? 0, settings);
}

Deno.test("the DNS settings of a running tunnel can be replaced, taken back and given", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  await bringUp(harness.session(system), config(), PATH);
  const operations: string[] = [];
  system.observer = (operation) => operations.push(operation);
  await replace(harness, system, settingsWith("10.0.0.54"));
  assert.deepEqual(system.state.dns, { wg0: settingsWith("10.0.0.54") });
  assert.ok(!operations.includes("unsetDns"));
  await replace(harness, system, null);
  assert.deepEqual(system.state.dns, {});
  await replace(harness, system, settingsWith("10.0.0.55"));
  assert.deepEqual(system.state.dns, { wg0: settingsWith("10.0.0.55") });
  await takeDown(harness.session(system));
  assert.deepEqual(system.leftovers, CLEAN);
});

Deno.test("settings for another manager of the resolver are taken back from the former one", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  await bringUp(harness.session(system), config(), PATH);
  system.manager = { kind: "resolved", reason: "it runs now" };
  harness.printed.splice(0);
  await replace(harness, system, settingsWith("10.0.0.54"));
  assert.match(harness.printed[0] ?? "", /^\[#\] resolvectl dns wg0 10\.0\.0\.54/);
  assert.match(harness.printed[1] ?? "", /^\[#\] restore \/etc\/resolv\.conf/);
  harness.printed.splice(0);
  await takeDown(harness.session(system));
  assert.ok(harness.printed.includes("[#] resolvectl revert wg0"));
  assert.ok(!harness.printed.some((line) => line.includes("resolv.conf")));
});

Deno.test("DNS settings that can't be replaced stay, and down still takes them back", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  await bringUp(harness.session(system), config(), PATH);
  let isFirst = true;
  system.fault = (operation) => {
    if (operation !== "setDns" || !isFirst) return null;
    isFirst = false;
    system.state.dns = {};
    return failure("EROFS");
  };
  await assert.rejects(replace(harness, system, settingsWith("10.0.0.54")), { code: "EROFS" });
  assert.deepEqual(system.state.dns, { wg0: settingsWith("10.0.0.53") });
  await takeDown(harness.session(system));
  assert.deepEqual(system.leftovers, CLEAN);
});

Deno.test("kill -9 while DNS settings are replaced: down cleans up", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  await bringUp(harness.session(system), config(), PATH);
  const moments: { state: ModelState; files: Record<string, string> }[] = [];
  system.observer = () => {
    moments.push({ state: structuredClone(system.state), files: harness.files() });
  };
  await replace(harness, system, settingsWith("10.0.0.54"));
  assert.ok(moments.length >= 2);
  for (const { state, files } of moments) {
    harness.restore(files);
    const killed = new ModelSystem(state);
    await takeDown(harness.session(killed));
    assert.deepEqual(killed.leftovers, CLEAN);
  }
});

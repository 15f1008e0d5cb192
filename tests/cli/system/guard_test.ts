/** What closes a dead tunnel stands until another `up` has taken its place. */
import assert from "node:assert/strict";
import { bringUp, printUp, takeDown } from "../../../cli/system/tunnel.ts";
import type { QuickConfig } from "../../../core/config/types.ts";
import type { IpFamily } from "../../../core/ip.ts";
import { prefixes, quickConfig } from "../../core/plan/quick_config.ts";
import { Harness } from "./harness.ts";
import { failure, ModelSystem } from "./model.ts";
import type { ModelState } from "./model_state.ts";

const PATH = "/etc/wireguard/wg0.conf";
const CLEAN = new ModelSystem().leftovers;
const CONFIG = withAllowedIps("0.0.0.0/0", "::/0");

function withAllowedIps(...allowedIps: string[]): QuickConfig {
  return quickConfig({ addresses: prefixes("10.0.0.1/24"), postDown: ["post-down"] }, allowedIps);
}

/** Whether what isn't the tunnel's own can't leave beside it. */
function isClosed({ state: { rules, routes } }: ModelSystem, family: IpFamily): boolean {
  const isSteered = rules.some((rule) =>
    rule.family === family && typeof rule.rule === "object" && rule.rule.match === "not-fwmark" &&
    rule.rule.table === 51820
  );
  return isSteered &&
    routes.some((route) =>
      route.family === family && route.prefix === "unreachable" && route.table === 51820
    );
}

/** A tunnel whose engine died. */
async function deadTunnel(harness: Harness): Promise<ModelSystem> {
  const system = new ModelSystem();
  await bringUp(harness.session(system), CONFIG, PATH);
  system.killEngine("wg0");
  return system;
}

Deno.test("while up takes a dead tunnel's place, its rules and unreachable routes stand", async () => {
  using harness = new Harness();
  const system = await deadTunnel(harness);
  const { rules } = structuredClone(system.state);
  let moments = 0;
  system.observer = () => {
    moments++;
    assert.ok(isClosed(system, 4) && isClosed(system, 6));
  };
  await bringUp(harness.session(system), CONFIG, PATH);
  system.observer = () => {};
  assert.ok(moments > 30);
  assert.deepEqual(system.state.rules, rules);
  assert.equal(system.hooks.filter((hook) => hook === "post-down").length, 1);
  await takeDown(harness.session(system));
  assert.deepEqual(system.leftovers, CLEAN);
  assert.ok(!harness.exists());
});

Deno.test("rules and routes of a dead tunnel that others removed are made again", async () => {
  using harness = new Harness();
  const system = await deadTunnel(harness);
  const { rules } = structuredClone(system.state);
  system.state.rules = system.state.rules.filter(({ rule }) => typeof rule === "string");
  system.state.routes = system.state.routes.filter(({ table }) => table !== 51820);
  await bringUp(harness.session(system), CONFIG, PATH);
  assert.ok(isClosed(system, 4) && isClosed(system, 6));
  assert.equal(system.state.rules.length, rules.length);
  await takeDown(harness.session(system));
  assert.deepEqual(system.leftovers, CLEAN);
});

Deno.test("what the new config has no use for goes when its tunnel is up", async () => {
  using harness = new Harness();
  const system = await deadTunnel(harness);
  await bringUp(harness.session(system), withAllowedIps("0.0.0.0/0"), PATH);
  assert.ok(isClosed(system, 4) && !isClosed(system, 6));
  await takeDown(harness.session(system));
  assert.deepEqual(system.leftovers, CLEAN);
});

Deno.test("kill -9 while up takes a dead tunnel's place: down cleans up, and so does another up", async () => {
  using harness = new Harness();
  const dead = await deadTunnel(harness);
  const moments: { system: ModelSystem; files: Record<string, string> }[] = [];
  dead.observer = () => {
    const system = new ModelSystem(structuredClone(dead.state));
    moments.push({ system, files: harness.files() });
  };
  await bringUp(harness.session(dead), CONFIG, PATH);
  for (const { system, files } of moments) {
    const copy = new ModelSystem(structuredClone(system.state));
    harness.restore(files);
    await takeDown(harness.session(copy));
    assert.deepEqual(copy.leftovers, CLEAN);
    assert.ok(!harness.exists());

    harness.restore(files);
    await bringUp(harness.session(system), CONFIG, PATH);
    assert.ok(isClosed(system, 4) && isClosed(system, 6));
    await takeDown(harness.session(system));
    assert.deepEqual(system.leftovers, CLEAN);
    assert.ok(!harness.exists());
  }
});

Deno.test("while ups in a dead tunnel's place fail, the guard stands, until one doesn't or down", async () => {
  using harness = new Harness();
  for (const operation of ["tableNames", "startEngine", "configure", "addRoute"]) {
    for (const succeeds of [true, false]) {
      const system = await deadTunnel(harness);
      const { tableNames } = system;
      system.tableNames = () => {
        if (operation === "tableNames" && system.fault(operation) !== null) throw failure("EIO");
        return tableNames.call(system);
      };
      system.fault = (what) => what === operation ? failure("EIO") : null;
      system.observer = () => assert.ok(isClosed(system, 4) && isClosed(system, 6), operation);
      for (let i = 0; i < 2; i++) {
        harness.printed.splice(0);
        await assert.rejects(bringUp(harness.session(system), CONFIG, PATH), { code: "EIO" });
        assert.match(harness.printed.join("\n"), /nothing leaves unencrypted: `wgts down wg0'/);
      }
      system.fault = () => null;
      if (succeeds) await bringUp(harness.session(system), CONFIG, PATH);
      system.observer = () => {};
      await takeDown(harness.session(system));
      assert.deepEqual(system.leftovers, CLEAN, operation);
      assert.ok(!harness.exists());
    }
  }
});

Deno.test("kill -9 of an up in a dead tunnel's place: the next one keeps the guard too", async () => {
  using harness = new Harness();
  const dead = await deadTunnel(harness);
  const moments: { state: ModelState; files: Record<string, string> }[] = [];
  dead.observer = () => {
    moments.push({ state: structuredClone(dead.state), files: harness.files() });
  };
  await bringUp(harness.session(dead), CONFIG, PATH);
  for (const { state, files } of moments) {
    const system = new ModelSystem(state);
    harness.restore(files);
    system.observer = () => assert.ok(isClosed(system, 4) && isClosed(system, 6));
    await bringUp(harness.session(system), CONFIG, PATH);
    system.observer = () => {};
    await takeDown(harness.session(system));
    assert.deepEqual(system.leftovers, CLEAN);
  }
});

Deno.test("where names must be looked up, that is done by marked queries, and the guard stands", async () => {
  using harness = new Harness();
  const [peer] = CONFIG.peers;
  assert.ok(peer);
  const endpoint = { host: "vpn.example", port: 51820, text: "vpn.example:51820" };
  const config = { ...CONFIG, peers: [{ ...peer, endpoint }] };
  const system = new ModelSystem();
  await bringUp(harness.session(system), config, PATH);
  assert.deepEqual(system.lookups.splice(0), [{ host: "vpn.example", past: undefined }]);
  system.killEngine("wg0");
  system.observer = () => assert.ok(isClosed(system, 4) && isClosed(system, 6));
  await printUp(harness.session(system), config, PATH);
  await bringUp(harness.session(system), config, PATH);
  const past = { backend: "userspace", fwmark: 51820, hasDns: false, isDead: true };
  const marked = { host: "vpn.example", past };
  assert.deepEqual(system.lookups, [marked, marked]);
  assert.deepEqual(
    system.marks,
    [0, 51820, 51820],
    "the way of what is marked has the MTU that counts",
  );
});

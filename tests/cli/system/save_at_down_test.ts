import assert from "node:assert/strict";
import { bringUp, printDown, takeDown } from "../../../cli/system/tunnel.ts";
import { prefixes, quickConfig } from "../../core/plan/quick_config.ts";
import { Harness } from "./harness.ts";
import { ModelSystem } from "./model.ts";

const CONFIG = quickConfig(
  { addresses: prefixes("10.0.0.1/24"), preDown: ["pre-down %i"], saveConfig: true },
  ["10.9.0.0/16"],
);
const CLEAN = new ModelSystem().leftovers;

async function createTunnel(harness: Harness): Promise<ModelSystem> {
  const system = new ModelSystem();
  await bringUp(harness.session(system), CONFIG, "/etc/wireguard/wg0.conf");
  harness.printed.length = 0;
  return system;
}

const fail = () => Promise.reject(new Error("Cannot write that"));

Deno.test("down saves after PreDown and before all else", async () => {
  using harness = new Harness();
  const system = await createTunnel(harness);
  const save = () => {
    assert.ok(system.state.links["wg0"]?.up);
    harness.printed.push("saved");
    return Promise.resolve();
  };
  await takeDown(harness.session(system), { save });
  assert.deepEqual(harness.printed.slice(0, 2), ["[#] pre-down wg0", "saved"]);
  assert.ok(harness.printed.length > 2);
  assert.deepEqual(system.leftovers, CLEAN);
});

Deno.test("a dry run of down says that it would save", async () => {
  using harness = new Harness();
  const system = await createTunnel(harness);
  printDown(harness.session(system), CONFIG.interface);
  assert.deepEqual(harness.printed.slice(0, 2), ["[#] pre-down wg0", "[#] wg showconf wg0"]);
});

Deno.test("a config that can't be saved leaves the tunnel up; with force it doesn't", async () => {
  using harness = new Harness();
  const system = await createTunnel(harness);
  await assert.rejects(takeDown(harness.session(system), { save: fail }), {
    message: "Cannot write that",
  });
  assert.ok(system.state.links["wg0"]?.up);
  await takeDown(harness.session(system), { save: fail, force: true });
  const warning = "wgts: warning: the config is not saved: Cannot write that";
  assert.ok(harness.printed.includes(warning), harness.printed.join("\n"));
  assert.deepEqual(system.leftovers, CLEAN);
});

Deno.test("nothing is saved of a tunnel whose engine died", async () => {
  using harness = new Harness();
  const system = await createTunnel(harness);
  system.killEngine("wg0");
  await takeDown(harness.session(system), { save: fail });
  assert.ok(!harness.printed.some((line) => line.includes("saved")), harness.printed.join("\n"));
});

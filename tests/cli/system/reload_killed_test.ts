/** `kill -9` of a reload at any moment. */
import assert from "node:assert/strict";
import { reload } from "../../../cli/system/reload.ts";
import { bringUp, takeDown } from "../../../cli/system/tunnel.ts";
import type { QuickConfig } from "../../../core/config/types.ts";
import { prefixes, quickConfig } from "../../core/plan/quick_config.ts";
import { Harness } from "./harness.ts";
import { ModelSystem } from "./model.ts";

const PATH = "/etc/wireguard/wg0.conf";
const ONE = quickConfig(
  { addresses: prefixes("10.0.0.1/24", "fd00::1/64"), listenPort: 7 },
  ["0.0.0.0/0", "10.9.0.0/16"],
);
const TWO = quickConfig(
  { addresses: prefixes("10.0.0.2/24", "fd00::1/128"), listenPort: 8, fwmark: 99, mtu: 1300 },
  ["0.0.0.0/0", "::/0", "10.8.0.0/16"],
  ["10.9.0.0/16"],
);
const CLEAN = new ModelSystem().leftovers;

/** What a fresh `up` makes, as text without what depends on the order in which it came. */
async function fresh(config: QuickConfig): Promise<string> {
  using harness = new Harness();
  const system = new ModelSystem();
  await bringUp(harness.session(system), config, PATH);
  return shape(system);
}

function shape({ state }: ModelSystem): string {
  const { rules, routes, links, interfaces, firewalls, srcValidMark } = structuredClone(state);
  const inOrder = rules.toSorted((a, b) => a.family - b.family || a.priority - b.priority);
  return JSON.stringify({
    rules: inOrder.map(({ family, rule }) => ({ family, rule })),
    routes: routes.map((route) => JSON.stringify(route)).sort(),
    addresses: links["wg0"]?.addresses.toSorted(),
    mtu: links["wg0"]?.mtu,
    peers: Object.entries(interfaces["wg0"]?.peers ?? {}).map(([key, { allowedIps }]) =>
      `${key} ${allowedIps}`
    ).sort(),
    fwmark: interfaces["wg0"]?.fwmark,
    firewalls: Object.entries(firewalls).map(([name, { fwmark, addresses }]) =>
      `${name} ${fwmark} ${addresses.toSorted()}`
    ).sort(),
    srcValidMark,
  });
}

Deno.test("killed at any moment, a reload is cleaned up by down, or goes on, or back", async () => {
  using harness = new Harness();
  const system = new ModelSystem();
  await bringUp(harness.session(system), ONE, PATH);
  const moments: { system: ModelSystem; files: Record<string, string> }[] = [];
  system.observer = () => {
    const copy = new ModelSystem(structuredClone(system.state));
    moments.push({ system: copy, files: harness.files() });
  };
  await reload(harness.session(system), TWO, PATH);
  assert.ok(moments.length > 50, `${moments.length}`);
  const expected = { one: await fresh(ONE), two: await fresh(TWO) };
  // TWO's mark is the config's, so that it would stay.
  const back = { ...ONE, interface: { ...ONE.interface, fwmark: 0 } };
  for (const { system, files } of moments) {
    const copy = () => {
      harness.restore(files);
      return new ModelSystem(structuredClone(system.state));
    };
    const down = copy();
    await takeDown(harness.session(down));
    assert.deepEqual(down.leftovers, CLEAN);
    assert.ok(!harness.exists());

    const on = copy();
    await reload(harness.session(on), TWO, PATH);
    assert.equal(shape(on), expected.two);
    const returned = copy();
    await reload(harness.session(returned), back, PATH);
    assert.equal(shape(returned), expected.one);
    await takeDown(harness.session(returned));
    assert.deepEqual(returned.leftovers, CLEAN);
  }
});

/** From any config to any other: what comes out, and what happens to packets on the way. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { reload } from "../../../cli/system/reload.ts";
import { bringUp, takeDown } from "../../../cli/system/tunnel.ts";
import type { QuickConfig, WgPeerConfig } from "../../../core/config/types.ts";
import { IpAddress, IpPrefix } from "../../../core/ip.ts";
import { prefixes, quickConfig } from "../../core/plan/quick_config.ts";
import { Harness } from "./harness.ts";
import { failure, ModelSystem } from "./model.ts";
import { emptyState, type ModelState } from "./model_state.ts";
import { routeOf } from "./routing_model.ts";

const PATH = "/etc/wireguard/wg0.conf";
const CLEAN = withUplink().leftovers;
const TUNNEL = 3;
const ADDRESSES = ["10.0.0.1/24", "10.0.0.2/24", "10.0.0.1/32", "10.8.0.1/16"]
  .concat(["fd00::1/64", "fd00::1/128", "fd01::1/64"]);
const ALLOWED = ["0.0.0.0/0", "::/0", "10.0.0.0/24", "10.0.0.5/32", "10.9.0.0/16", "0.0.0.0/1"]
  .concat(["128.0.0.0/1", "fd00::/64", "fd02::/48", "10.9.1.0/24"]);
/** One inside of each of {@linkcode ALLOWED}, and two of nobody's. */
const PROBES = ["203.0.113.5", "2001:db8::5", "10.0.0.77", "10.0.0.5", "10.9.7.7", "9.9.9.9"]
  .concat(["fd00::77", "fd02::5", "10.9.1.5"]);

const peer = fc.record({
  number: fc.integer({ min: 1, max: 4 }),
  presharedKey: fc.option(fc.constantFrom(1, 2)),
  endpoint: fc.option(fc.constantFrom("a.example", "b.example")),
  persistentKeepalive: fc.option(fc.constantFrom(0, 25)),
});

/** Each prefix belongs to one peer at most, as the parser has it. */
const config: fc.Arbitrary<QuickConfig> = fc.record({
  addresses: fc.subarray(ADDRESSES),
  dns: fc.constantFrom([], ["10.0.0.53"], ["10.0.0.53", "fd00::53"]),
  mtu: fc.option(fc.constantFrom(1300, 1420)),
  table: fc.constantFrom("auto" as const, "auto" as const, "off" as const, 1234),
  fwmark: fc.option(fc.constantFrom(0, 7, 51820)),
  listenPort: fc.option(fc.constantFrom(1000, 2000)),
  key: fc.constantFrom(1, 1, 2),
  peers: fc.uniqueArray(peer, { selector: ({ number }) => number, maxLength: 4 }),
  owners: fc.array(fc.integer({ min: 0, max: 5 }), {
    minLength: ALLOWED.length,
    maxLength: ALLOWED.length,
  }),
}).map(({ addresses, dns, mtu, table, fwmark, listenPort, key, peers, owners }) => {
  const base = quickConfig({
    addresses: prefixes(...addresses),
    dns: { servers: dns.flatMap((text) => IpAddress.parse(text) ?? []), search: [] },
    table,
    privateKey: new Uint8Array(32).fill(8 * key),
    ...(mtu === null ? {} : { mtu }),
    ...(fwmark === null ? {} : { fwmark }),
    ...(listenPort === null ? {} : { listenPort }),
  });
  return {
    ...base,
    peers: peers.map((item, at): WgPeerConfig => ({
      publicKey: new Uint8Array(32).fill(100 + item.number),
      allowedIps: prefixes(...ALLOWED.filter((_, i) => owners[i] === at)),
      line: at,
      ...(item.presharedKey === null
        ? {}
        : { presharedKey: new Uint8Array(32).fill(item.presharedKey) }),
      ...(item.endpoint === null ? {} : {
        endpoint: { host: item.endpoint, port: 51820, text: `${item.endpoint}:51820` },
      }),
      ...(item.persistentKeepalive === null
        ? {}
        : { persistentKeepalive: item.persistentKeepalive }),
    })),
  };
});

/** IPv6 has an address once, whatever the lengths. */
const validConfig = config.filter(({ interface: { addresses } }) => {
  const v6 = addresses.filter(({ family }) => family === 6).map(({ address }) => String(address));
  return new Set(v6).size === v6.length;
});

/** A system with default routes of both families. */
function withUplink(): ModelSystem {
  const system = new ModelSystem(emptyState());
  system.state.routes.push({ family: 6, prefix: "::/0", table: 254, index: 2 });
  return system;
}

async function upSystem(harness: Harness, wanted: QuickConfig): Promise<ModelSystem> {
  const system = withUplink();
  await bringUp(harness.session(system), wanted, PATH);
  return system;
}

/** The state without what may differ: priorities but for their order, the order of sets, sessions. */
function shape({ state }: ModelSystem): unknown {
  const copy = structuredClone(state);
  const rules = copy.rules.toSorted((a, b) => a.family - b.family || a.priority - b.priority)
    .map(({ family, rule }) => ({ family, rule }));
  for (const { peers } of Object.values(copy.interfaces)) {
    for (const peer of Object.values(peers)) peer.session = 0;
  }
  for (const link of Object.values(copy.links)) link.addresses.sort();
  for (const firewall of Object.values(copy.firewalls)) firewall.addresses.sort();
  const routes = copy.routes.map((route) => JSON.stringify(route)).sort();
  return { ...copy, rules, routes };
}

/** What a fresh `up` would need to be told so that it makes what a reload from `from` makes. */
function withWhatStays(to: QuickConfig, from: QuickConfig, running: ModelState): QuickConfig {
  const { fwmark = 0, listenPort = 0 } = running.interfaces["wg0"] ?? {};
  const isChosen = !from.interface.fwmark && hasDefault(from) !== "";
  const settings = { ...to.interface };
  settings.listenPort ??= listenPort;
  if (settings.fwmark === undefined && !isChosen && fwmark !== 0) settings.fwmark = fwmark;
  const before = new Map(from.peers.map((peer) => [peer.publicKey.toHex(), peer]));
  const peers = to.peers.map((peer) => {
    const former = before.get(peer.publicKey.toHex())?.endpoint;
    return { ...peer, ...(peer.endpoint ?? former) && { endpoint: peer.endpoint ?? former } };
  });
  return { ...to, interface: settings, peers: peers as WgPeerConfig[] };
}

/** The families, as text, of which a tunnel takes the default route by rules. */
function hasDefault({ interface: { table }, peers }: QuickConfig): string {
  if (table !== "auto") return "";
  const all = peers.flatMap(({ allowedIps }) => allowedIps);
  return [4, 6].filter((family) => all.some((p) => p.family === family && p.length === 0)).join();
}

/** The peer that a packet to `destination` is for. */
function ownerOf(state: ModelState, destination: string): string | null {
  const address = IpAddress.parse(destination);
  let owner: string | null = null, length = -1;
  for (const [key, { allowedIps }] of Object.entries(state.interfaces["wg0"]?.peers ?? {})) {
    for (const text of allowedIps) {
      const prefix = IpPrefix.parse(text);
      if (address === null || prefix === null || !prefix.contains(address)) continue;
      if (prefix.length > length) [owner, length] = [key, prefix.length];
    }
  }
  return owner;
}

/** The ways of all probes, without and with the mark of the interface. */
function ways(state: ModelState) {
  const { fwmark = 0 } = state.interfaces["wg0"] ?? {};
  return PROBES.map((probe) => ({
    probe,
    way: routeOf(state, probe, 0),
    own: routeOf(state, probe, fwmark),
    owner: ownerOf(state, probe),
  }));
}

Deno.test("from any config to any other: the same as a fresh up; what stays is served all the time", async () => {
  await fc.assert(
    fc.asyncProperty(validConfig, validConfig, async (from, to) => {
      using harness = new Harness();
      const system = await upSystem(harness, from);
      const before = ways(system.state);
      const sessions = structuredClone(system.state.interfaces["wg0"]?.peers);
      const expected = withWhatStays(to, from, system.state);
      const moments: ModelState[] = [];
      system.observer = () => moments.push(structuredClone(system.state));
      await reload(harness.session(system), to, PATH);
      system.observer = () => {};

      using other = new Harness();
      const fresh = await upSystem(other, expected);
      assert.deepEqual(shape(system), shape(fresh));

      const after = ways(system.state);
      const isIpv4 = ({ interface: { addresses } }: QuickConfig) =>
        addresses.some(({ family }) => family === 4);
      const losesIpv4 = isIpv4(from) && !isIpv4(to);
      for (const state of moments) {
        for (const [i, { probe, way, own, owner }] of ways(state).entries()) {
          const ends = [before[i], after[i]];
          const flushed = losesIpv4 && !probe.includes(":");
          if (ends.every((end) => end?.way === TUNNEL) && !flushed) {
            assert.equal(way, TUNNEL, probe);
          }
          if (ends.every((end) => end?.own !== TUNNEL)) {
            assert.notEqual(own, TUNNEL, `${probe} loops`);
          }
          if (ends.every((end) => end?.owner !== null)) {
            assert.ok(ends.some((end) => end?.owner === owner), `${probe} is ${owner}'s`);
          }
          const family = probe.includes(":") ? "6" : "4";
          if ([from, to].every((config) => hasDefault(config).includes(family))) {
            assert.ok(way === TUNNEL || way === "unreachable", `${probe} leaks`);
          }
        }
      }
      const isSameKey = from.interface.privateKey?.[0] === to.interface.privateKey?.[0];
      for (const [key, peer] of Object.entries(system.state.interfaces["wg0"]?.peers ?? {})) {
        if (isSameKey && sessions?.[key] !== undefined) {
          assert.equal(peer.session, sessions[key].session);
        }
      }
      // Nothing is left to do, and all of it can be undone.
      harness.printed.length = 0;
      await reload(harness.session(system), to, PATH);
      assert.deepEqual(harness.printed, ["wgts: wg0 is as its config says"]);
      await takeDown(harness.session(system));
      assert.deepEqual(system.leftovers, CLEAN);
      assert.ok(!harness.exists());
    }),
    { numRuns: 300 },
  );
});

Deno.test("whatever step fails, the tunnel is as before, and down cleans up", async () => {
  await fc.assert(
    fc.asyncProperty(validConfig, validConfig, fc.nat({ max: 40 }), async (from, to, at) => {
      using harness = new Harness();
      const system = await upSystem(harness, from);
      const before = shape(system);
      const files = headers(harness);
      let count = 0;
      let failed = "";
      system.fault = (operation) => {
        if (count++ !== at) return null;
        failed = operation;
        return failure("ENOBUFS");
      };
      const done = reload(harness.session(system, { strict: true }), to, PATH);
      const error = await done.then(() => null, (error: Error) => error);
      system.fault = () => null;
      assert.equal(error !== null, failed !== "", failed);
      if (error !== null) {
        assert.match(error.message, /ENOBUFS/);
        assert.deepEqual(shape(system), before);
        assert.deepEqual(headers(harness), files);
      }
      await takeDown(harness.session(system));
      assert.deepEqual(system.leftovers, CLEAN);
    }),
    { numRuns: 300 },
  );
});

/** What the journals say of themselves. */
function headers(harness: Harness): string[] {
  return Object.values(harness.files()).map((text) => {
    const last = text.split("\n").findLast((line) => line.includes('"made"')) ?? "";
    const record = JSON.parse(last);
    return JSON.stringify((record.header ?? record).made);
  });
}

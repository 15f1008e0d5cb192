import assert from "node:assert/strict";
import type { QuickConfig } from "../../../core/config/types.ts";
import {
  describeAction,
  describeUndo,
  type Observed,
  planHooks,
  planUp,
} from "../../../core/plan.ts";
import { prefixes, quickConfig } from "./quick_config.ts";

const PATH = "/etc/wireguard/wg0.conf";
const EMPTY: Observed = {
  backend: "userspace",
  tableNames: new Map(),
  isTableUsed: () => false,
  srcValidMark: false,
  dnsManager: () => assert.fail("nobody needs to know"),
  socketsElsewhere: false,
};

/** The plan as the commands that `up` prints. */
function trace(config: QuickConfig, observed: Partial<Observed> = {}): string[] {
  return planUp(config, PATH, { ...EMPTY, ...observed })
    .map(({ action }) => describeAction(action, "wg0") ?? `(${action.kind})`);
}

const BEGIN = ["(resolve-endpoints)", "wgts run wg0", `wg addconf wg0 <(wg-quick strip ${PATH})`];
const LINK_UP = "ip link set mtu auto up dev wg0";

Deno.test("an empty config only makes the interface", () => {
  assert.deepEqual(trace(quickConfig({})), [...BEGIN, LINK_UP]);
});

Deno.test("addresses keep their order, the MTU is taken from the config", () => {
  const config = quickConfig({ addresses: prefixes("fd00::1/64", "10.0.0.1"), mtu: 1280 });
  assert.deepEqual(trace(config), [
    ...BEGIN,
    "ip -6 address add fd00::1/64 dev wg0",
    "ip -4 address add 10.0.0.1/32 dev wg0",
    "ip link set mtu 1280 up dev wg0",
  ]);
});

Deno.test("routes of all peers, longest first, but what an address covers has its route already", () => {
  const config = quickConfig(
    { addresses: prefixes("10.0.0.1/24", "fd00::1/64", "10.5.0.1/32") },
    ["10.0.0.2/32", "192.168.0.0/16", "fd00::2/128"],
    ["10.0.0.3/32", "192.168.7.0/24", "fd01::/48", "10.5.0.1/32", "10.0.0.0/16"],
  );
  assert.deepEqual(trace(config).slice(6), [
    LINK_UP,
    "ip -6 route add fd01::/48 dev wg0",
    "ip -4 route add 10.5.0.1/32 dev wg0",
    "ip -4 route add 192.168.7.0/24 dev wg0",
    "ip -4 route add 192.168.0.0/16 dev wg0",
    "ip -4 route add 10.0.0.0/16 dev wg0",
  ]);
});

Deno.test("two peers with the same allowed IP give one route", () => {
  const config = quickConfig({}, ["10.7.0.0/16"], ["10.7.0.0/16"]);
  assert.deepEqual(trace(config).slice(4), ["ip -4 route add 10.7.0.0/16 dev wg0"]);
});

Deno.test("Table = off leaves the routes to the administrator", () => {
  assert.deepEqual(trace(quickConfig({ table: "off" }, ["0.0.0.0/0", "10.0.0.0/8"])), [
    ...BEGIN,
    LINK_UP,
  ]);
});

Deno.test("a table by number takes all routes as they are, a default route too", () => {
  const config = quickConfig(
    { table: 1234, addresses: prefixes("10.0.0.1/24") },
    ["0.0.0.0/0", "10.0.0.2/32"],
  );
  assert.deepEqual(trace(config).slice(5), [
    "ip -4 route add 10.0.0.2/32 dev wg0 table 1234",
    "ip -4 route add 0.0.0.0/0 dev wg0 table 1234",
  ]);
});

Deno.test("a table by name is looked up", () => {
  const config = quickConfig({ table: { name: "vpn", line: 3 } }, ["10.0.0.0/8"]);
  assert.deepEqual(trace(config, { tableNames: new Map([["vpn", 200]]) }).slice(4), [
    "ip -4 route add 10.0.0.0/8 dev wg0 table 200",
  ]);
  assert.throws(() => trace(config), {
    name: "ConfigError",
    message: `${PATH}:3: cannot parse Table "vpn": must be auto, off, a number or a name of ` +
      "/etc/iproute2/rt_tables",
  });
});

function defaultRoute(family: 4 | 6, table: number): string[] {
  return [
    `ip -${family} route add unreachable default table ${table} metric 4294967295`,
    `ip -${family} rule add not fwmark ${table} table ${table}`,
    `ip -${family} rule add table main suppress_prefixlength 0`,
    `ip -${family} route add ${family === 4 ? "0.0.0.0/0" : "::/0"} dev wg0 table ${table}`,
    `nft -f <(echo "table ${family === 4 ? "ip" : "ip6"} wg-quick-wg0 { ... }")`,
  ];
}
const SYSCTL = "sysctl -q net.ipv4.conf.all.src_valid_mark=1";

Deno.test("a default route gets a mark, the fallback, rules and then itself", () => {
  const config = quickConfig({}, ["0.0.0.0/0"]);
  assert.deepEqual(trace(config).slice(4), [
    "wg set wg0 fwmark 51820",
    SYSCTL,
    ...defaultRoute(4, 51820),
  ]);
});

Deno.test("both families share the mark; specific routes come first", () => {
  const config = quickConfig({}, ["0.0.0.0/0", "::/0", "10.0.0.0/8"]);
  assert.deepEqual(trace(config).slice(4), [
    "ip -4 route add 10.0.0.0/8 dev wg0",
    "wg set wg0 fwmark 51820",
    ...defaultRoute(6, 51820),
    SYSCTL,
    ...defaultRoute(4, 51820),
  ]);
});

Deno.test("an IPv6 default route needs no src_valid_mark, nor does one that is set already", () => {
  assert.deepEqual(trace(quickConfig({}, ["::/0"])).slice(4), [
    "wg set wg0 fwmark 51820",
    ...defaultRoute(6, 51820),
  ]);
  assert.deepEqual(trace(quickConfig({}, ["0.0.0.0/0"]), { srcValidMark: true }).slice(4), [
    "wg set wg0 fwmark 51820",
    ...defaultRoute(4, 51820),
  ]);
});

Deno.test("sockets in another namespace need no mark here", () => {
  const elsewhere = { socketsElsewhere: true };
  assert.deepEqual(
    trace(quickConfig({}, ["0.0.0.0/0"]), elsewhere).slice(4),
    defaultRoute(4, 51820),
  );
  const marked = quickConfig({ fwmark: 4660 }, ["0.0.0.0/0"]);
  assert.deepEqual(trace(marked, elsewhere).slice(4), defaultRoute(4, 4660));
});

Deno.test("a table in use isn't taken for a default route", () => {
  const observed = {
    isTableUsed: (table: number) => [51820, 51821].includes(table),
    srcValidMark: true,
  };
  assert.deepEqual(trace(quickConfig({}, ["0.0.0.0/0"]), observed).slice(4), [
    "wg set wg0 fwmark 51822",
    ...defaultRoute(4, 51822),
  ]);
});

Deno.test("FwMark of the config is the table's number too, whatever that table holds", () => {
  const observed = { isTableUsed: (table: number) => table === 4660, srcValidMark: true };
  assert.deepEqual(
    trace(quickConfig({ fwmark: 0x1234 }, ["0.0.0.0/0"]), observed).slice(4),
    defaultRoute(4, 4660),
  );
  assert.deepEqual(trace(quickConfig({ fwmark: 0 }, ["::/0"])).slice(4), [
    "wg set wg0 fwmark 51820",
    ...defaultRoute(6, 51820),
  ]);
});

Deno.test("hooks run at their moments; endpoints are looked up behind PreUp", () => {
  const config = quickConfig({ preUp: ["a %i", "b"], postUp: ["c # %i%i"] }, ["10.0.0.0/8"]);
  assert.deepEqual(trace(config), [
    "wgts run wg0",
    "a wg0",
    "b",
    "(resolve-endpoints)",
    `wg addconf wg0 <(wg-quick strip ${PATH})`,
    LINK_UP,
    "ip -4 route add 10.0.0.0/8 dev wg0",
    "c # wg0wg0",
  ]);
  assert.deepEqual(planHooks("PreDown", ["x"]), [{
    action: { kind: "hook", moment: "PreDown", command: "x" },
    undo: null,
    tolerance: null,
  }]);
});

Deno.test("what outlives the interface has an undo, and no more than that", () => {
  const config = quickConfig(
    { addresses: prefixes("10.0.0.1/24"), preUp: ["a"], postUp: ["b"] },
    ["0.0.0.0/0", "10.9.0.0/16"],
  );
  const undos = planUp(config, PATH, EMPTY).flatMap(({ undo }) => undo === null ? [] : [undo]);
  assert.deepEqual(undos.map((undo) => describeUndo(undo, "wg0")), [
    "ip link delete dev wg0",
    "sysctl -q net.ipv4.conf.all.src_valid_mark=0",
    "ip -4 route delete unreachable default table 51820 metric 4294967295",
    "ip -4 rule delete not fwmark 51820 table 51820",
    "ip -4 rule delete table main suppress_prefixlength 0",
    "nft delete table ip wg-quick-wg0",
  ]);
});

Deno.test("what IPv6 needs, the firewall and the sysctl may fail, nothing else", () => {
  const config = quickConfig(
    { addresses: prefixes("10.0.0.1/24", "fd00::1/64") },
    ["0.0.0.0/0", "::/0", "fd01::/48"],
  );
  const steps = planUp(config, PATH, EMPTY);
  const tolerated = steps.filter(({ tolerance }) => tolerance !== null);
  assert.deepEqual(tolerated.map(({ action }) => describeAction(action, "wg0")), [
    "ip -6 address add fd00::1/64 dev wg0",
    "ip -6 route add fd01::/48 dev wg0",
    ...defaultRoute(6, 51820),
    SYSCTL,
    defaultRoute(4, 51820).at(-1),
  ]);
  assert.ok(tolerated.every(({ tolerance }) => tolerance?.errors?.includes("EEXIST") !== true));
});

Deno.test("a plan is plain data without the config's secrets", () => {
  const privateKey = new Uint8Array(32).fill(0xab);
  const config = quickConfig({ privateKey, addresses: prefixes("10.0.0.1/24") }, ["0.0.0.0/0"]);
  const steps = planUp(config, PATH, EMPTY);
  const text = JSON.stringify(steps);
  assert.deepEqual(JSON.parse(text), steps);
  assert.ok(!/171|q6ur|abab/.test(text));
});

Deno.test("a config path with spaces stays one word of the command", () => {
  const action = { kind: "configure", config: "/home/a b's/wg0.conf" } as const;
  assert.equal(
    describeAction(action, "wg0"),
    `wg addconf wg0 <(wg-quick strip '/home/a b'\\''s/wg0.conf')`,
  );
});

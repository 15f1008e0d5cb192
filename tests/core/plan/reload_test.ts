import assert from "node:assert/strict";
import type { QuickConfig } from "../../../core/config/types.ts";
import {
  type Action,
  describeAction,
  describeUndo,
  madeBy,
  type Observed,
  planUp,
  undoOf,
} from "../../../core/plan.ts";
import { planReload } from "../../../core/plan/reload.ts";
import type { ReloadStep, RunningTunnel } from "../../../core/plan/reload_steps.ts";
import { prefixes, quickConfig } from "./quick_config.ts";

const PATH = "/etc/wireguard/wg0.conf";
const OBSERVED: Observed = {
  backend: "userspace",
  tableNames: new Map(),
  isTableUsed: () => false,
  srcValidMark: false,
  socketsElsewhere: false,
  dnsManager: () => ({ kind: "file", path: "/etc/resolv.conf", reason: "" }),
};

/** A tunnel that `up` made of `config`. */
function running(config: QuickConfig, settings: Partial<RunningTunnel> = {}): RunningTunnel {
  const steps = planUp(config, PATH, OBSERVED);
  const made = madeBy(steps, config);
  let priority = 32766;
  const withPriority = (action: Action): Action =>
    action.kind === "add-rule" ? { ...action, priority: --priority } : action;
  return {
    made,
    changes: steps.filter(({ undo }) => undo !== null)
      .map(({ action }, id) => {
        return { kind: "standing", id, action: withPriority(action), isCertain: true };
      }),
    addresses: made.addresses,
    routes: steps.flatMap(({ action }) =>
      action.kind === "add-route" ? [{ ...action, isKernels: false }] : []
    ),
    mtu: 1420,
    isUp: true,
    fwmark: config.interface.fwmark ?? made.fwmark ?? 0,
    listenPort: 1000,
    lacks: false,
    exceeds: false,
    ...settings,
  };
}

function tell(step: ReloadStep): string {
  if (step.kind === "make") {
    const { action } = step.step;
    return describeAction(action, "wg0") ?? action.kind;
  }
  const { change } = step;
  const undo = undoOf(change.kind === "make" ? change.step.action : change.action);
  return undo === null ? "nothing" : describeUndo(undo, "wg0");
}

function plan(from: QuickConfig, to: QuickConfig, settings: Partial<RunningTunnel> = {}): string[] {
  const { steps } = planReload(to, PATH, 1420, OBSERVED, running(from, settings));
  return steps.map(tell);
}

const ALL = quickConfig({ addresses: prefixes("10.0.0.1/24") }, ["0.0.0.0/0"]);
const PART = quickConfig({ addresses: prefixes("10.0.0.1/24") }, ["10.9.0.0/16"]);
const MARKED = quickConfig({ addresses: prefixes("10.0.0.1/24"), fwmark: 7 }, ["0.0.0.0/0"]);

Deno.test("nothing to change gives no steps", () => {
  for (const config of [ALL, PART, MARKED]) assert.deepEqual(plan(config, config), []);
});

Deno.test("a default route that goes leaves its mark when that was the config's, and not when it was chosen", () => {
  assert.ok(plan(ALL, PART).includes("wg set wg0 fwmark 0"));
  assert.ok(!plan(MARKED, PART).some((line) => line.includes("fwmark 0")));
});

Deno.test("a default route that stays under another mark is there all the time", () => {
  assert.deepEqual(plan(ALL, MARKED), [
    // What has the new mark isn't led into the tunnel by the old rules.
    "ip -4 rule add fwmark 7 table main",
    "wg set wg0 fwmark 7",
    "ip -4 route add 0.0.0.0/0 dev wg0 table 7",
    "ip -4 route add unreachable default table 7 metric 4294967295",
    "ip -4 rule add not fwmark 7 table 7",
    "ip -4 rule add table main suppress_prefixlength 0",
    'nft -f <(echo "table ip wg-quick-wg0 { ... }")',
    "ip -4 rule delete not fwmark 51820 table 51820",
    "ip -4 rule delete table main suppress_prefixlength 0",
    "ip -4 route delete 0.0.0.0/0 dev wg0 table 51820",
    "ip -4 route delete unreachable default table 51820 metric 4294967295",
    "ip -4 rule delete fwmark 7 table main",
  ]);
});

Deno.test("what comes is made before what goes is taken away; peers that go, last", () => {
  const from = quickConfig({ addresses: prefixes("10.0.0.1/24") }, ["10.8.0.0/16"]);
  const to = quickConfig({ addresses: prefixes("10.0.0.2/24"), listenPort: 7 }, ["10.9.0.0/16"]);
  assert.deepEqual(plan(from, to, { lacks: true, exceeds: true, mtu: 1400 }), [
    "wg set wg0 listen-port 7",
    "ip link set mtu 1420 up dev wg0",
    "extend-interface",
    "ip -4 address add 10.0.0.2/24 dev wg0",
    "ip -4 route add 10.9.0.0/16 dev wg0",
    "ip -4 route delete 10.8.0.0/16 dev wg0",
    "ip -4 address delete 10.0.0.1/24 dev wg0",
    "reduce-interface",
  ]);
});

Deno.test("what others made stays: addresses, routes, a mark", () => {
  const settings: Partial<RunningTunnel> = {
    addresses: ["10.0.0.1/24", "10.7.0.1/24"],
    routes: [
      { family: 4, prefix: "10.9.0.0/16", table: 254, isKernels: false },
      { family: 4, prefix: "10.6.0.0/16", table: 254, isKernels: false },
      { family: 4, prefix: "10.0.0.0/24", table: 254, isKernels: true },
    ],
    fwmark: 99,
  };
  assert.deepEqual(plan(PART, PART, settings), []);
});

Deno.test("what is missing of what was made is made again", () => {
  assert.deepEqual(plan(ALL, ALL, { addresses: [], routes: [] }), [
    "ip -4 address add 10.0.0.1/24 dev wg0",
    "ip -4 route add 0.0.0.0/0 dev wg0 table 51820",
    'nft -f <(echo "table ip wg-quick-wg0 { ... }")',
  ]);
  const { changes } = running(ALL);
  const isSuppressing = ({ action }: RunningTunnel["changes"][number]) =>
    action.kind === "add-rule" && action.rule.match === "suppress-default";
  // The two rules of a family are made and unmade together, since their order counts.
  assert.deepEqual(plan(ALL, ALL, { changes: changes.filter((c) => !isSuppressing(c)) }), [
    "ip -4 rule add not fwmark 51820 table 51820",
    "ip -4 rule add table main suppress_prefixlength 0",
    "ip -4 rule delete not fwmark 51820 table 51820",
  ]);
});

Deno.test("after a reload that was cut off, what can't be seen is made again", () => {
  const tunnel = running(ALL);
  assert.deepEqual(plan(ALL, ALL, { made: { ...tunnel.made, complete: false } }), [
    'nft -f <(echo "table ip wg-quick-wg0 { ... }")',
  ]);
});

Deno.test("the kernel's route for an address that goes is doubled before", () => {
  const to = quickConfig({ addresses: prefixes("10.0.0.1/32") }, ["10.0.0.0/24", "10.9.0.0/16"]);
  const routes = [
    { family: 4, prefix: "10.0.0.0/24", table: 254, isKernels: true },
    { family: 4, prefix: "10.9.0.0/16", table: 254, isKernels: false },
  ] as const;
  assert.deepEqual(plan(PART, to, { routes }), [
    "ip -4 address add 10.0.0.1/32 dev wg0",
    "ip -4 route append 10.0.0.0/24 dev wg0",
    "ip -4 address delete 10.0.0.1/24 dev wg0",
  ]);
});

Deno.test("routes that go with the last IPv4 address are made again", () => {
  const to = quickConfig({}, ["10.9.0.0/16"]);
  assert.deepEqual(plan(PART, to), [
    "ip -4 address delete 10.0.0.1/24 dev wg0",
    "ip -4 route add 10.9.0.0/16 dev wg0",
  ]);
});

Deno.test("firewall rules of iptables are exchanged, those of nf_tables replaced at once", () => {
  const { changes } = running(ALL);
  const byIptables = changes.map((change) =>
    change.action.kind === "add-firewall"
      ? { ...change, action: { ...change.action, by: "iptables" as const } }
      : change
  );
  const to = quickConfig({ addresses: prefixes("10.0.0.1/24", "10.3.0.1/24") }, ["0.0.0.0/0"]);
  assert.deepEqual(plan(ALL, to).slice(1), ['nft -f <(echo "table ip wg-quick-wg0 { ... }")']);
  assert.deepEqual(plan(ALL, to, { changes: byIptables }).slice(1), [
    "iptables-restore -n",
    'nft -f <(echo "table ip wg-quick-wg0 { ... }")',
  ]);
});

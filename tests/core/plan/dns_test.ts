import assert from "node:assert/strict";
import {
  describeAction,
  describeUndo,
  type DnsManager,
  planUp,
  toleratedConsequence,
} from "../../../core/plan.ts";
import { addresses, quickConfig } from "./quick_config.ts";

const RESOLVED: DnsManager = { kind: "resolved", reason: "it is there" };
const FILE: DnsManager = { kind: "file", path: "/etc/resolv.conf", reason: "nobody else is" };
const RESOLVCONF: DnsManager = { kind: "resolvconf", prefix: "tun." };

/** The steps for the settings `DNS = …`, and for a route and a command behind them. */
function plan(manager: DnsManager, servers: string[], search: string[] = []) {
  const config = quickConfig(
    { dns: { servers: addresses(...servers), search }, postUp: ["post-up"] },
    ["10.9.0.0/16"],
  );
  return planUp(config, "/etc/wireguard/wg0.conf", {
    backend: "userspace",
    tableNames: new Map(),
    isTableUsed: () => false,
    srcValidMark: false,
    socketsElsewhere: false,
    dnsManager: () => manager,
  });
}

/** How `up` prints setting these, and `down` taking them back. */
function traces(manager: DnsManager, servers: string[], search: string[] = []) {
  return plan(manager, servers, search).filter(({ action }) => action.kind === "set-dns")
    .map(({ action, undo }) => [
      describeAction(action, "wg0"),
      undo === null ? null : describeUndo(undo, "wg0"),
    ]);
}

Deno.test("DNS comes behind the link and before the routes and PostUp, as in wg-quick", () => {
  assert.deepEqual(plan(FILE, ["10.0.0.53"]).map(({ action }) => action.kind), [
    "resolve-endpoints",
    "create-interface",
    "configure",
    "link-up",
    "set-dns",
    "add-route",
    "hook",
  ]);
});

Deno.test("search domains without a server do nothing, as in wg-quick", () => {
  assert.deepEqual(traces(FILE, [], ["corp.example"]), []);
});

Deno.test("resolvconf is called as by wg-quick", () => {
  assert.deepEqual(traces(RESOLVCONF, ["10.0.0.53"], ["corp.example"]), [
    ["resolvconf -a tun.wg0 -m 0 -x", "resolvconf -d tun.wg0 -f"],
  ]);
  assert.deepEqual(traces({ kind: "resolvconf", prefix: "" }, ["10.0.0.53"]), [
    ["resolvconf -a wg0 -m 0 -x", "resolvconf -d wg0 -f"],
  ]);
});

Deno.test("the trace tells who manages the resolver, and why", () => {
  assert.deepEqual(traces(RESOLVED, ["10.0.0.53", "fd00::53"], ["corp.example"]), [[
    "resolvectl dns wg0 10.0.0.53 fd00::53 && resolvectl domain wg0 corp.example '~.' && " +
    "resolvectl default-route wg0 true # it is there",
    "resolvectl revert wg0",
  ]]);
  assert.deepEqual(traces(FILE, ["10.0.0.53", "fd00::53"], ["corp.example", "b"]), [[
    "printf 'nameserver 10.0.0.53\\nnameserver fd00::53\\nsearch corp.example b\\n' " +
    ">/etc/resolv.conf # nobody else is",
    "restore /etc/resolv.conf # without the DNS servers of wg0",
  ]]);
  assert.deepEqual(traces({ kind: "none", reason: "not ours" }, ["10.0.0.53"]), [[null, null]]);
});

Deno.test("a tunnel can live without its DNS servers, whatever the error", () => {
  for (const step of plan(RESOLVED, ["10.0.0.53"])) {
    const consequence = toleratedConsequence(step, "EROFS", 1420);
    if (step.action.kind === "set-dns") assert.match(consequence ?? "", /not by the tunnel's/);
    else assert.equal(consequence, null);
  }
});

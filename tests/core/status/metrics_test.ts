import assert from "node:assert/strict";
import fc from "fast-check";
import { IpAddress, IpPrefix } from "../../../core/ip.ts";
import { formatMetrics } from "../../../core/status/metrics.ts";
import type { StatusReport } from "../../../core/status/report.ts";
import type { InterfaceStatus } from "../../../core/uapi/status.ts";
import { type Family, parseExposition, type Sample } from "./exposition.ts";
import { interfaceStatus, peerStatus } from "./statuses.ts";

function report(...statuses: InterfaceStatus[]): StatusReport {
  const running = statuses.map((status) => ({ status, rates: null }));
  return { wall: 0, interval: null, running, ended: [] };
}

const A = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const OWN = "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=";

/** The one sample of a family. */
function only(families: Map<string, Family>, name: string): Sample {
  const [sample, ...others] = families.get(name)?.samples ?? [];
  assert.ok(sample !== undefined && others.length === 0, name);
  return sample;
}

Deno.test("no terminal obeys the name of an interface in metrics", () => {
  const ended = { name: "\x1b[2Jb", pid: null, startedAt: null, endedAt: null, reason: "" };
  const statuses = { ...report(interfaceStatus({ name: "\x1b[2Ja\u009b" })), ended: [ended] };
  const text = formatMetrics(statuses, 0);
  assert.doesNotMatch(text, /(?!\n)\p{C}/u);
  const names = parseExposition(text).get("wireguard_interface_up")?.samples
    .map(({ labels }) => labels.interface);
  assert.deepEqual(names, ["\\u{1b}[2Ja\\u{9b}", "\\u{1b}[2Jb"]);
});

Deno.test("metrics tell of an interface and its peers", () => {
  const address = IpAddress.parse("192.0.2.1"), prefix = IpPrefix.parse("10.0.0.0/8");
  assert.ok(address && prefix);
  const peer = peerStatus(1, {
    name: "Alice",
    endpoint: { address, port: 7, zone: "" },
    allowedIps: [String(prefix)],
    lastHandshake: { seconds: 1_700_000_000, nanoseconds: 9 },
    receivedBytes: 2 ** 53,
    sentBytes: 2 ** 70,
    persistentKeepalive: 25,
  });
  const families = parseExposition(formatMetrics(report(interfaceStatus({ peers: [peer] })), 3));
  assert.deepEqual(only(families, "wireguard_unreadable_interfaces"), { labels: {}, value: 3 });
  const ofInterface = { interface: "wg0" };
  for (const name of ["wireguard_interface_up", "wireguard_interface_link_up"]) {
    assert.deepEqual(only(families, name), { labels: ofInterface, value: 1 }, name);
  }
  assert.deepEqual(only(families, "wireguard_interface_info"), {
    labels: {
      ...ofInterface,
      public_key: OWN,
      backend: "wgts",
      version: "1.2.3",
      crypto: "native",
    },
    value: 1,
  });
  assert.equal(only(families, "wireguard_engine_start_time_seconds").value, 1_700_000_000);
  assert.equal(only(families, "wireguard_interface_mtu_bytes").value, 1420);
  assert.equal(only(families, "wireguard_engine_threads").value, 2);
  assert.equal(only(families, "wireguard_peers").value, 1);
  assert.deepEqual(families.get("wireguard_engine_offload_enabled")?.samples, [
    { labels: { ...ofInterface, offload: "udp-gro" }, value: 1 },
    { labels: { ...ofInterface, offload: "tun-tso" }, value: 0 },
  ]);
  assert.deepEqual(only(families, "wireguard_dropped_packets_total"), {
    labels: { ...ofInterface, by: "interface" },
    value: 7,
  });
  const ofPeer = { ...ofInterface, public_key: A };
  assert.deepEqual(only(families, "wireguard_peer_info"), {
    labels: { ...ofPeer, name: "Alice", endpoint: "192.0.2.1:7" },
    value: 1,
  });
  const values: Record<string, number> = {
    wireguard_received_bytes_total: 2 ** 53,
    wireguard_sent_bytes_total: 2 ** 70,
    wireguard_latest_handshake_seconds: 1_700_000_000,
    wireguard_persistent_keepalive_seconds: 25,
    wireguard_allowed_ips: 1,
  };
  for (const [name, value] of Object.entries(values)) {
    assert.deepEqual(only(families, name), { labels: ofPeer, value }, name);
  }
});

Deno.test("metrics tell of what is down, dead, or another implementation's", () => {
  const down = interfaceStatus();
  if (down.engine) down.engine = { ...down.engine, up: false };
  const kernel = interfaceStatus({ name: "wg1", backend: "kernel", engine: null, publicKey: null });
  const ended = { name: "wg2", pid: 1, startedAt: 1, endedAt: null, reason: "killed" };
  const families = parseExposition(
    formatMetrics({ ...report(down, kernel), ended: [ended] }, 0),
  );
  const up = families.get("wireguard_interface_up")?.samples;
  assert.deepEqual(up?.map(({ labels, value }) => [labels.interface, value]), [
    ["wg0", 1],
    ["wg1", 1],
    ["wg2", 0],
  ]);
  assert.deepEqual(only(families, "wireguard_interface_link_up"), {
    labels: { interface: "wg0" },
    value: 0,
  });
  assert.equal(families.get("wireguard_interface_info")?.samples[1]?.labels.backend, "kernel");
  assert.equal(families.get("wireguard_engine_threads")?.samples.length, 1);
});

Deno.test("metrics without an interface are still valid", () => {
  assert.deepEqual([...parseExposition(formatMetrics(report(), 0)).keys()], [
    "wireguard_unreadable_interfaces",
  ]);
});

Deno.test("a label keeps whatever its value is, and breaks out of nothing", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.string(), (name, more) => {
      const text = `${name}"\\\n}${more}`.toWellFormed();
      const peers = [peerStatus(1, { name: text })];
      const families = parseExposition(formatMetrics(report(interfaceStatus({ peers })), 0));
      assert.equal(only(families, "wireguard_peer_info").labels.name, text);
    }),
    { numRuns: 500 },
  );
});

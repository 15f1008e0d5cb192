/** Each check: what it says of hosts that lack something, and that it says nothing of others. */
import assert from "node:assert/strict";
import { examine } from "../../../core/doctor/examine.ts";
import {
  DOCTOR_CHECKS,
  type DoctorCheck,
  type DoctorFinding,
  type DoctorStatus,
} from "../../../core/doctor/finding.ts";
import type { HostView } from "../../../core/doctor/host_view.ts";
import { config, endpoint, HEALTHY, link, prefix, route, running, tunnel, WALL } from "./views.ts";

const FULL = ["0.0.0.0/0", "::/0"];

function findings(check: DoctorCheck, view: Partial<HostView>): DoctorFinding[] {
  return examine({ ...HEALTHY, ...view }, null).filter((finding) => finding.check === check);
}

/** The findings of a check that aren't ok; of all others, none may be. */
function bad(check: DoctorCheck, view: Partial<HostView>): DoctorFinding[] {
  const all = examine({ ...HEALTHY, ...view }, null).filter(({ status }) => status !== "ok");
  assert.deepEqual(all.filter((finding) => finding.check !== check), []);
  for (const { status, meaning, advice } of all) {
    if (status === "unknown") continue;
    assert.match(meaning, /^\S.*[^.\s]$/);
    assert.match(advice, /^\S.*[^.\s]$/);
  }
  return all;
}

function assertOne(
  check: DoctorCheck,
  view: Partial<HostView>,
  status: DoctorStatus,
  pattern: RegExp,
  interfaces: readonly string[] = [],
): void {
  const [finding, ...others] = bad(check, view);
  assert.deepEqual(others, []);
  assert.ok(finding !== undefined, `nothing found: ${pattern}`);
  assert.equal(finding.status, status);
  assert.match(`${finding.seen} | ${finding.meaning} | ${finding.advice}`, pattern);
  assert.deepEqual(finding.interfaces, interfaces);
}

Deno.test("of a healthy host, each check says that it is", () => {
  const all = examine(HEALTHY, null);
  assert.deepEqual(new Set(all.map(({ status }) => status)), new Set(["ok"]));
  const silent = Object.keys(DOCTOR_CHECKS).filter((check) =>
    all.every((finding) => finding.check !== check)
  );
  assert.deepEqual(silent, ["mtu"], "there is no tunnel");
});

Deno.test("tun: what keeps it from being opened has its own advice", () => {
  const cases = [["ENOENT", /--device/], ["EPERM", /cgroup/], ["EACCES", /chmod/], [
    "ENODEV",
    /mod/,
  ]];
  for (const [code, advice] of cases as [string, RegExp][]) {
    const tun = { isLoaded: null, error: { code, message: "Cannot open /dev/net/tun" } };
    assertOne("tun", { tun }, "problem", advice);
  }
  const withheld = { isLoaded: null, error: { code: "EACCES", message: "Permission denied" } };
  assertOne("tun", { tun: withheld, isRoot: false }, "unknown", /only root may open/);
  const tun = { isLoaded: false, error: null };
  assertOne("tun", { tun }, "warning", /isn't loaded .* modprobe tun/);
});

Deno.test("capabilities: root without is a problem, a user can't see everything", () => {
  assertOne("capabilities", { netAdmin: false }, "problem", /--cap-add NET_ADMIN/);
  assertOne("capabilities", { netAdmin: false, isRoot: false }, "unknown", /sudo wgts doctor/);
});

Deno.test("ipv6: only tunnels that want it go without it", () => {
  const tunnels = [tunnel("wg0", ["::/0"]), tunnel("wg1")];
  for (const [ipv6, advice] of [["off", /sysctl -w .*=0/], ["absent", /ipv6.disable/]] as const) {
    assertOne("ipv6", { ipv6, tunnels }, "warning", advice, ["wg0"]);
    assert.deepEqual(bad("ipv6", { ipv6, tunnels: [tunnel("wg1")] }), []);
  }
});

Deno.test("firewall: iptables takes the place of nf_tables", () => {
  const nfTables = { value: { 4: "Cannot add: EPROTONOSUPPORT", 6: "Cannot add: ENOENT" } };
  assert.equal(bad("firewall", { nfTables }).length, 2);
  assert.equal(bad("firewall", { nfTables, ipv6: "absent" }).length, 1);
  const iptables = { 4: true, 6: false };
  assertOne(
    "firewall",
    { nfTables, iptables },
    "warning",
    /ENOENT .* no ip6tables-restore .* modp/,
  );
  const both = { 4: true, 6: true };
  assert.deepEqual(bad("firewall", { nfTables, iptables: both }), []);
  assertOne("firewall", { nfTables: { hidden: "only root" } }, "unknown", /only root/);
});

Deno.test("clock: one that was never set, and one that was set back", () => {
  assertOne("clock", { wall: 3600_000 }, "problem", /1970-01-01T01:00:00Z.*TAI64N.*timedatectl/);
  const newestFile = { path: "/x", time: WALL + 86_400_000 };
  assertOne("clock", { newestFile }, "warning", /12:00:00Z, but \/x is of 2026-02-24T12:00:00Z/);
  assert.deepEqual(bad("clock", { newestFile: { path: "/x", time: WALL + 5000 } }), []);
  assert.deepEqual(bad("clock", { newestFile: null }), []);
});

Deno.test("dns: tunnels that want name servers get none", () => {
  const tunnels = [tunnel("wg0", [], { config: config({ nameservers: 1 }) }), tunnel("wg1")];
  const dns = { value: { manager: "", isUsable: false, detail: "it is read-only" } };
  assertOne("dns", { dns, tunnels }, "warning", /read-only .*wg0: .*docker run --dns/, ["wg0"]);
  assertOne("dns", { dns }, "warning", /a config with DNS/);
  const resolved = { value: { manager: "systemd-resolved", isUsable: false, detail: "gone" } };
  assertOne("dns", { dns: resolved }, "warning", /systemctl start/);
  assertOne("dns", { dns: { hidden: "only root" } }, "unknown", /only root/);
});

Deno.test("buffers, offloads and cryptography: what makes tunnels slow", () => {
  const buffers = { value: { receive: 425_984, send: 14 << 20 } };
  assertOne("buffers", { buffers }, "warning", /0\.4 MiB .*net\.core\.rmem_max=7340032/);
  assertOne("buffers", { buffers: { hidden: "only root" } }, "unknown", /only root/);
  const missingOffloads = { value: ["UDP receive offload (5.0)"] };
  assertOne("offloads", { missingOffloads }, "warning", /receive offload .* 6\.2/);
  assertOne("offloads", { missingOffloads: { hidden: "no IP" } }, "unknown", /no IP/);
  const crypto = { value: { description: "noble for all", isFast: false } };
  assertOne("crypto", { crypto }, "warning", /noble .*-cpu host/);
  assertOne("crypto", { crypto: { hidden: "all broken" } }, "problem", /--backend=kernel/);
});

Deno.test("configs: those that everybody may read, and those that up refuses", () => {
  const file = {
    name: "wg0",
    path: "/etc/wireguard/wg0.conf",
    worldAccessible: [],
    error: null,
  };
  assert.deepEqual(bad("configs", { files: { value: [file] } }), []);
  const open = { value: [{ ...file, worldAccessible: [file.path] }] };
  assertOne("configs", { files: open }, "warning", /chmod 600 \/etc\/wire/, ["wg0"]);
  const wrong = { value: [{ ...file, error: "wg0.conf:3: unknown key" }] };
  assertOne("configs", { files: wrong }, "problem", /:3: unknown key .*wgts check/, ["wg0"]);
  assertOne("configs", { files: { hidden: "for root" } }, "unknown", /for root/);
});

Deno.test("engines and journals: what died and what was cut off, each once", () => {
  const ended = [{ name: "wg0", pid: 7, startedAt: 1, endedAt: 2, reason: "killed" }];
  assertOne("engines", { ended }, "problem", /process 7\) died .*killed.* wgts up wg0/, ["wg0"]);
  const journal = { name: "wg0", phase: "up", isInUse: false, isAlive: true } as const;
  const journals = (values: object) => ({ value: [{ ...journal, ...values }] });
  assert.deepEqual(bad("journals", { journals: journals({}) }), []);
  const cut = { isAlive: false, phase: "starting" } as const;
  assertOne("journals", { journals: journals(cut) }, "problem", /`up' of wg0 was cut off/, ["wg0"]);
  assert.deepEqual(bad("journals", { journals: journals({ ...cut, isInUse: true }) }), []);
  const down = { isAlive: true, phase: "down" } as const;
  assertOne("journals", { journals: journals(down) }, "problem", /`down' of wg0/, ["wg0"]);
  const gone = { isAlive: false };
  assertOne("journals", { journals: journals(gone) }, "problem", /wg0 is gone/, ["wg0"]);
  assert.equal(findings("journals", { ended, journals: journals(gone) })[0]?.status, "ok");
  assertOne("journals", { journals: { hidden: "for root" } }, "unknown", /for root/);
});

Deno.test("tunnels: those that run, elsewhere too, and those that can't be asked", () => {
  const run = running({ fwmark: 51820 });
  const view = { tunnels: [tunnel("wg0", [], { running: run }), tunnel("wg1")] };
  const [finding, ...others] = findings("tunnels", view);
  assert.deepEqual(others, []);
  assert.equal(finding?.seen, "wg0 runs (wgts), port 51820, fwmark 0xca6c");
  const elsewhere = running({ isHere: false });
  const known = { tunnels: [tunnel("wg0", [], { running: elsewhere })] };
  assertOne("tunnels", known, "warning", /in another network namespace .*another name/, ["wg0"]);
  const unknown = { tunnels: [tunnel("wg0", [], { running: elsewhere, config: null })] };
  assert.deepEqual(bad("tunnels", unknown), []);
  const unreadable = [{ name: "wg9", reason: "wg9: permission denied" }];
  assertOne("tunnels", { unreadable }, "unknown", /permission denied/, ["wg9"]);
});

Deno.test("vpns: another one matters when both want all traffic", () => {
  const links = [...HEALTHY.links, link("tun0", { index: 9, kind: "tun" })];
  assert.match(findings("vpns", { links })[0]?.seen ?? "", /^tun0 is another VPN's \(tun\)$/);
  for (const destination of ["0.0.0.0/0", "128.0.0.0/1", "::/0"]) {
    const routes = [...HEALTHY.routes, route(destination, { interfaceIndex: 9, table: 7 })];
    assert.deepEqual(bad("vpns", { links, routes, tunnels: [tunnel("wg0", ["10.9.0.0/16"])] }), []);
    const view = { links, routes, tunnels: [tunnel("wg0", FULL)] };
    assertOne("vpns", view, "warning", /tun0 .*wg0: wants it too/, ["wg0"]);
  }
  const own = {
    links: [link("wg0", { kind: "tun" })],
    tunnels: [tunnel("wg0", [], { running: running() })],
  };
  assert.match(findings("vpns", own)[0]?.seen ?? "", /no other/);
});

Deno.test("ports: one that is in use, and one that is forbidden", () => {
  const tunnels = [tunnel("wg0", [], { config: config({ listenPort: 53 }) })];
  assertOne("ports", { tunnels }, "problem", /UDP port 53 of wg0 is in use .*ss -lunp/, ["wg0"]);
  const whose = [...tunnels, tunnel("wg1", [], { running: running({ listenPort: 53 }) })];
  assertOne("ports", { tunnels: whose }, "problem", /53 of wg0 is wg1's/, ["wg0"]);
  const udpPorts = new Set<number>();
  assert.deepEqual(bad("ports", { tunnels, udpPorts }), []);
  const view = { tunnels, udpPorts, netBindService: false };
  assertOne("ports", view, "problem", /ListenPort = 53 .*--cap-add NET_BIND_SERVICE/, ["wg0"]);
  assert.deepEqual(bad("ports", { ...view, unprivilegedPortStart: 53 }), []);
  const up = [tunnel("wg0", [], { config: config({ listenPort: 53 }), running: running() })];
  assert.deepEqual(bad("ports", { tunnels: up }), []);
});

Deno.test("mtu: what doesn't fit, by family; no way; a way through itself", () => {
  const of = (mtu: number | null, endpoints: ReturnType<typeof endpoint>[]) => ({
    tunnels: [tunnel("wg0", [], { config: config({ mtu }), endpoints })],
  });
  assert.deepEqual(bad("mtu", of(1440, [endpoint("192.0.2.1", 1500)])), []);
  const tight = of(1440, [endpoint("192.0.2.1", 1500), endpoint("2001:db8::1", 1500)]);
  assertOne("mtu", tight, "warning", /2001:db8::1 .*than 1420 bytes.*MTU = 1420/, ["wg0"]);
  const narrow = of(1420, [endpoint("192.0.2.1", 1400)]);
  assertOne("mtu", narrow, "warning", /1400 bytes, but the MTU of wg0 is 1420 .*MTU = 1320/, [
    "wg0",
  ]);
  const found = findings("mtu", of(null, [endpoint("192.0.2.1", 1492)]));
  assert.match(found[0]?.seen ?? "", /`up' will give wg0 an MTU of 1412$/);
  const lost = of(null, [endpoint("192.0.2.1", null, null)]);
  assertOne("mtu", lost, "warning", /no way to 192\.0\.2\.1.* ip route get 192\.0\.2\.1/, ["wg0"]);
  const ended = [{ name: "wg0", pid: 7, startedAt: 1, endedAt: 2, reason: "killed" }];
  assert.deepEqual(findings("mtu", { ...lost, ended }), [], "its own route refuses");
  const loop = [tunnel("wg0", [], {
    running: running(),
    endpoints: [endpoint("192.0.2.1", 1420, "wg0")],
  })];
  assertOne("mtu", { tunnels: loop }, "problem", /is wg0 itself .*round and round/, ["wg0"]);
  const up = {
    tunnels: [tunnel("wg0", [], { running: running(), endpoints: [endpoint("192.0.2.1", 1400)] })],
    links: [link("wg0", { index: 5, kind: "tun", mtu: 1420 })],
  };
  assertOne("mtu", up, "warning", /ip link set dev wg0 mtu 1320/, ["wg0"]);
});

Deno.test("routes: what the host or another tunnel has already", () => {
  const wants = (...allowedIps: string[]) => ({ tunnels: [tunnel("wg0", allowedIps)] });
  assertOne("routes", wants("192.168.1.0/24"), "problem", /for which eth0 has a route/, ["wg0"]);
  assertOne("routes", wants("192.168.1.7/32"), "warning", /in 192\.168\.1\.0\/24 of eth0/, ["wg0"]);
  assert.deepEqual(bad("routes", wants("192.168.0.0/16", "0.0.0.0/1", ...FULL)), []);
  const dhcp = { routes: [route("192.168.1.0/24", { metric: 100 })] };
  assertOne("routes", { ...wants("192.168.1.0/24"), ...dhcp }, "warning", /not at eth0/, ["wg0"]);
  const elsewhere = { routes: [route("192.168.1.0/24", { table: 7 })] };
  assert.deepEqual(bad("routes", { ...wants("192.168.1.0/24"), ...elsewhere }), []);
  const addresses = [prefix("192.168.1.5/24")];
  const lan = { tunnels: [tunnel("wg0", [], { config: config({ addresses }) })] };
  assertOne("routes", lan, "problem", /wants 192\.168\.1\.0\/24/, ["wg0"]);
  const off = config({ addresses: [], automaticRoutes: false });
  assert.deepEqual(
    bad("routes", { tunnels: [tunnel("wg0", ["192.168.1.0/24"], { config: off })] }),
    [],
  );
  const own = {
    ...wants("10.9.0.0/16"),
    links: [link("wg0", { index: 7 })],
    routes: [route("10.9.0.0/16", { interfaceIndex: 7 })],
  };
  assert.deepEqual(bad("routes", own), []);

  const address = (text: string) => config({ addresses: [prefix(text)] });
  const two = (...allowedIps: string[]) => ({
    tunnels: [
      tunnel("wg0", allowedIps, { config: address("10.1.0.1/24") }),
      tunnel("wg1", allowedIps, { config: address("10.2.0.1/24") }),
    ],
  });
  assertOne(
    "routes",
    two("10.9.0.0/16"),
    "warning",
    /wg0 and wg1 want 10\.9\.0\.0\/16 \| while one/,
    [
      "wg0",
      "wg1",
    ],
  );
  assertOne("routes", two(...FULL), "warning", /brought up last/, ["wg0", "wg1"]);
  const many = Array.from({ length: 5 }, (_, i) => `10.${20 + i}.0.0/16`);
  assertOne("routes", two(...many), "warning", /and 2 more/, ["wg0", "wg1"]);
});

Deno.test("rp-filter: strict filtering matters to tunnels that take the IPv4 default route", () => {
  const tunnels = [tunnel("wg0", ["0.0.0.0/0"]), tunnel("wg1", ["::/0"])];
  assert.deepEqual(bad("rp-filter", { rpFilter: 1, tunnels }), [], "up sets src_valid_mark");
  const fixed = { isSet: false, isWritable: false };
  const view = { rpFilter: 1, tunnels, srcValidMark: fixed };
  assertOne("rp-filter", view, "warning", /strict at eth0.* docker run --sysctl/, ["wg0"]);
  assert.deepEqual(bad("rp-filter", { ...view, rpFilter: 2 }), []);
  const perLink = { ...view, rpFilter: 0, links: [link("eth1", { rpFilter: 1 })] };
  assertOne("rp-filter", perLink, "warning", /strict at eth1/, ["wg0"]);
  assert.deepEqual(bad("rp-filter", { ...view, links: [link("eth1", { rpFilter: 2 })] }), []);
  assert.deepEqual(
    bad("rp-filter", { ...view, srcValidMark: { isSet: true, isWritable: false } }),
    [],
  );
  assertOne("rp-filter", { ...view, srcValidMark: null }, "unknown", /can't be read/);
  const up = [tunnel("wg0", FULL, { running: running({ fwmark: 51820 }) })];
  const lost = { rpFilter: 1, tunnels: up };
  assertOne("rp-filter", lost, "problem", /dropped on arrival .*sysctl -w .*=1/, ["wg0"]);
});

Deno.test("with a name, only that tunnel and the host are told of", () => {
  const tunnels = ["wg0", "wg1"].map((name) => tunnel(name, [], { running: running() }));
  const files = { value: [] };
  const told = examine({ ...HEALTHY, tunnels, files }, "wg1");
  assert.deepEqual(new Set(told.flatMap(({ interfaces }) => interfaces)), new Set(["wg1"]));
  assert.ok(told.some(({ check }) => check === "clock"));
});

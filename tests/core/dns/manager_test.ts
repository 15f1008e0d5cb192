import assert from "node:assert/strict";
import {
  chooseDnsManager,
  dnsLimits,
  type DnsSurroundings,
  resolvconfPrefix,
} from "../../../core/dns/manager.ts";
import { linkDomains, setLinkDns } from "../../../core/dns/resolved.ts";
import { dnsSettings } from "../../../core/dns/settings.ts";
import { addresses } from "../plan/quick_config.ts";

const BARE: DnsSurroundings = {
  resolvConf: "nameserver 192.0.2.1\n",
  linkTarget: null,
  resolvconf: "absent",
  resolvconfPrefix: "",
  hasNssResolve: false,
  resolvedServes: () => assert.fail("it doesn't matter"),
  isForeign: false,
  namespaceFile: null,
};

function choice(surroundings: Partial<DnsSurroundings>): string {
  return chooseDnsManager({ ...BARE, ...surroundings }).kind;
}

function settings(search: string[], servers = ["10.0.0.53"]) {
  const found = dnsSettings({ servers: addresses(...servers), search });
  assert.ok(found !== null);
  return found;
}

Deno.test("where /etc/resolv.conf leads to systemd-resolved, it is the manager, if it is there", () => {
  for (const resolvConf of ["nameserver 127.0.0.53\n", "#\nnameserver 127.0.0.54"]) {
    for (const resolvconf of ["absent", "program", "resolvectl"] as const) {
      const resolvedServes = () => true;
      assert.equal(choice({ resolvConf, resolvconf, resolvedServes }), "resolved");
    }
    assert.equal(choice({ resolvConf, resolvedServes: () => false }), "file");
    const resolvedServes = () => false;
    assert.equal(choice({ resolvConf, resolvconf: "program", resolvedServes }), "resolvconf");
    assert.equal(choice({ resolvConf, resolvconf: "resolvectl", resolvedServes }), "file");
  }
  const linkTarget = "../run/systemd/resolve/resolv.conf";
  assert.equal(choice({ linkTarget, resolvedServes: () => true }), "resolved");
});

Deno.test("then whom wg-quick would ask, else nobody", () => {
  assert.equal(choice({}), "file");
  assert.equal(choice({ resolvconf: "program" }), "resolvconf");
  assert.equal(choice({ resolvconf: "program", hasNssResolve: true }), "resolvconf");
  for (const asked of [{ hasNssResolve: true }, { resolvconf: "resolvectl" } as const]) {
    assert.equal(choice({ ...asked, resolvedServes: () => true }), "resolved");
    assert.equal(choice({ ...asked, resolvedServes: () => false }), "file");
  }
});

Deno.test("the resolv.conf of another network namespace is left alone", () => {
  assert.equal(choice({ isForeign: true }), "none");
  assert.equal(choice({ isForeign: true, resolvconf: "program" }), "none");
  const namespaceFile = "/etc/netns/other/resolv.conf";
  const manager = chooseDnsManager({ ...BARE, isForeign: true, namespaceFile });
  assert.equal(manager.kind === "file" && manager.path, namespaceFile);
});

Deno.test("Debian's order of interfaces gives tunnels a prefix", () => {
  const debian = "# comment\nlo.inet6\nlo.inet\nlo.@(dnsmasq|pdnsd)\nlo\ntun*\ntap*\nhso*\n";
  assert.equal(resolvconfPrefix(debian), "tun.");
  assert.equal(resolvconfPrefix("lo\n@(x)*\n"), "");
});

Deno.test("domains marked with ~ say alone which names are the tunnel's", () => {
  const [, , defaultRoute] = setLinkDns(7, settings(["~corp.example", "~b"]));
  assert.deepEqual(linkDomains(settings(["~corp.example", "~b"])), [
    ["corp.example", true],
    ["b", true],
  ]);
  assert.deepEqual(defaultRoute?.body, [7, false]);
});

Deno.test("otherwise all names are the tunnel's", () => {
  for (const search of [[], ["corp.example"], ["corp.example", "~b"], ["~."], ["~"]]) {
    const domains = linkDomains(settings(search));
    assert.equal(domains.filter(([domain, only]) => domain === "." && only).length, 1);
    assert.deepEqual(setLinkDns(7, settings(search)).at(-1)?.body, [7, true], String(search));
  }
  assert.deepEqual(linkDomains(settings(["corp.example", "~b"])), [
    ["corp.example", false],
    [".", true],
    ["b", true],
  ]);
});

Deno.test("systemd-resolved is told the servers of both families", () => {
  const [servers] = setLinkDns(7, settings([], ["10.0.0.53", "fd00::53"]));
  assert.equal(servers?.member, "SetLinkDNS");
  assert.deepEqual(servers?.body, [7, [
    [2, Uint8Array.of(10, 0, 0, 53)],
    [10, Uint8Array.of(0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53)],
  ]]);
});

Deno.test("what a manager can't do is said", () => {
  const four = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"];
  const file = { kind: "file", path: "/etc/resolv.conf", reason: "" } as const;
  assert.deepEqual(dnsLimits(settings(["corp"], four.slice(1)), file), []);
  const [routes, servers] = dnsLimits(settings(["~corp", "~b"], four), file);
  assert.match(routes ?? "", /only systemd-resolved can route by domain: ~corp, ~b does nothing/);
  assert.match(servers ?? "", /first 3 servers only, not 10\.0\.0\.4/);
  assert.deepEqual(dnsLimits(settings(["~corp"], four), { kind: "resolved", reason: "" }), []);
});

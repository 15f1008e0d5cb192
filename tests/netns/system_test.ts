/** What `up` and `down` do to Linux, in namespaces of their own. */
import assert from "node:assert/strict";
import "../ffi/bind_libc.ts";
import { LinuxSystem } from "../../cli/system/linux.ts";
import { IpAddress } from "../../core/ip.ts";
import type { RoutingRule } from "../../core/plan.ts";
import { inNewNetworkNamespace } from "../../ffi/namespace.ts";

/** Runs ip(8) in the present namespace. */
function ip(command: string): string {
  const { success, stdout, stderr } = new Deno.Command("ip", { args: command.split(" ") })
    .outputSync();
  const text = new TextDecoder();
  assert.ok(success, text.decode(stderr));
  return text.decode(stdout).replaceAll(/ +$/gm, "");
}

/** Runs `body` in a namespace with a bridge `br0` that is up, to stand in for a tunnel. */
function withSystem(body: (system: LinuxSystem, index: number) => void): void {
  inNewNetworkNamespace(() => {
    ip("link set lo up");
    ip("link add br0 type bridge");
    using system = new LinuxSystem({
      configFile: "/etc/wireguard/wg0.conf",
      startEngine: () => Promise.reject(new Error("not here")),
      print: assert.fail,
    });
    const link = system.link("br0");
    assert.ok(link);
    body(system, link.index);
  });
}

function endpoint(text: string, zone = "") {
  const address = IpAddress.parse(text);
  assert.ok(address);
  return { address, port: 1, zone };
}

const NOT_MARKED: RoutingRule = { match: "not-fwmark", fwmark: 51820, table: 51820 };
const SUPPRESS: RoutingRule = { match: "suppress-default" };

Deno.test("links, addresses and routes are as ip(8) would make them", () => {
  withSystem((system, index) => {
    assert.deepEqual(system.link("br0"), { index, kind: "bridge" });
    assert.equal(system.link("wg0"), null);
    system.addAddress(index, "10.1.0.1/24");
    system.addAddress(index, "fd01::1/64");
    system.linkUp(index, 1300);
    system.addRoute(index, "10.9.0.0/16", null);
    system.addRoute(index, "10.8.0.0/16", 1234);
    system.addRoute(index, "fd09::/48", null);
    assert.match(ip("link show br0"), /<.*\bUP\b.*> mtu 1300/);
    assert.match(ip("address show br0"), /inet 10\.1\.0\.1\/24 scope global br0\n[^]*fd01::1\/64/);
    assert.equal(
      ip("route show").replaceAll(" linkdown", ""),
      "10.1.0.0/24 dev br0 proto kernel scope link src 10.1.0.1\n10.9.0.0/16 dev br0 scope link\n",
    );
    assert.match(ip("route show table 1234"), /^10\.8\.0\.0\/16 dev br0 scope link/);
    assert.match(ip("-6 route show fd09::/48"), /^fd09::\/48 dev br0 metric 1024/);
    assert.ok(system.isTableUsed(1234) && !system.isTableUsed(1235));
    system.deleteLink(index);
    system.deleteLink(index);
    assert.equal(ip("route show"), "");
  });
});

Deno.test("a route that is there is fine, one through another interface is not", () => {
  withSystem((system, index) => {
    ip("link add br1 type bridge");
    ip("link set br1 up");
    system.linkUp(index, 1500);
    for (const [prefix, table] of [["10.9.0.0/16", null], ["fd09::/48", 77]] as const) {
      system.addRoute(index, prefix, table);
      system.addRoute(index, prefix, table);
      const other = system.link("br1");
      assert.ok(other);
      assert.throws(() => system.addRoute(other.index, prefix, table), {
        code: "EEXIST",
        message:
          `Cannot add route ${prefix}: File exists (EEXIST): there is one through br0 already`,
      });
    }
  });
});

Deno.test("rules come right behind the local table's, and exactly they are deleted", () => {
  withSystem((system) => {
    for (const family of [4, 6] as const) {
      const before = ip(`-${family} rule`);
      for (const rule of [NOT_MARKED, SUPPRESS, SUPPRESS]) {
        system.addRule(family, rule, system.nextRulePriority(family));
      }
      const with3 = ip(`-${family} rule`);
      assert.equal(
        with3,
        before.replace(
          /\n/,
          "\n32763:\tfrom all lookup main suppress_prefixlength 0" +
            "\n32764:\tfrom all lookup main suppress_prefixlength 0" +
            "\n32765:\tnot from all fwmark 0xca6c lookup 51820\n",
        ),
      );
      system.deleteRule(family, NOT_MARKED, 32764);
      system.deleteRule(family, { ...NOT_MARKED, fwmark: 51821 }, 32765);
      assert.equal(ip(`-${family} rule`), with3);
      system.deleteRule(family, SUPPRESS, 32763);
      system.deleteRule(family, SUPPRESS, 32763);
      assert.match(ip(`-${family} rule`), /32764:\tfrom all lookup main suppress_prefixlength 0\n/);
      system.deleteRule(family, SUPPRESS, 32764);
      system.deleteRule(family, NOT_MARKED, 32765);
      assert.equal(ip(`-${family} rule`), before);
    }
  });
});

Deno.test("the unreachable route takes over when the tunnel's own is gone", () => {
  withSystem((system, index) => {
    system.addAddress(index, "10.1.0.1/24");
    system.linkUp(index, 1500);
    for (const family of [4, 6] as const) {
      const everything = family === 4 ? "0.0.0.0/0" : "::/0";
      const target = family === 4 ? "203.0.113.1" : "2001:db8::1";
      system.addUnreachable(family, 51820);
      system.addRoute(index, everything, 51820);
      system.addRule(family, NOT_MARKED, system.nextRulePriority(family));
      const get = () => new Deno.Command("ip", { args: ["route", "get", target] }).outputSync();
      assert.equal(get().success, true);
      assert.match(ip(`-${family} route show table 51820`), /unreachable default .*4294967295/);
    }
    system.deleteLink(index);
    for (const family of [4, 6] as const) {
      const target = family === 4 ? "203.0.113.1" : "2001:db8::1";
      const { stderr } = new Deno.Command("ip", { args: ["route", "get", target] }).outputSync();
      assert.match(new TextDecoder().decode(stderr), /No route to host/);
      system.deleteUnreachable(family, 51820);
      system.deleteUnreachable(family, 51820);
      // One route, of either family, makes a table used.
      assert.equal(system.isTableUsed(51820), family === 4);
    }
  });
});

Deno.test("the MTU is that of the narrowest route to an endpoint, less 80", () => {
  withSystem((system, index) => {
    assert.equal(system.discoverMtu([]), 1420);
    system.addAddress(index, "10.1.0.1/24");
    system.addAddress(index, "fd01::1/64");
    system.linkUp(index, 1400);
    ip("route add default via 10.1.0.2 mtu 1380");
    ip("route add 192.0.2.0/24 via 10.1.0.2 mtu 1350");
    assert.equal(system.discoverMtu([]), 1300);
    assert.equal(system.discoverMtu([endpoint("10.1.0.9")]), 1320);
    assert.equal(system.discoverMtu([endpoint("fd01::9"), endpoint("192.0.2.1")]), 1270);
    assert.equal(system.discoverMtu([endpoint("fe80::9", "br0")]), 1320);
    assert.equal(system.discoverMtu([endpoint("fe80::9", "nowhere")]), 1300);
    // No route there at all: then as if there were no endpoint.
    assert.equal(system.discoverMtu([endpoint("2001:db8::1")]), 1300);
    assert.equal(system.discoverMtu([endpoint("127.0.0.1")]), 65456);
  });
});

Deno.test("where IPv6 is switched off, what needs it fails in a way that a plan tolerates", () => {
  withSystem((system, index) => {
    Deno.writeTextFileSync("/proc/sys/net/ipv6/conf/br0/disable_ipv6", "1");
    system.linkUp(index, 1500);
    assert.throws(() => system.addAddress(index, "fd01::1/64"), { code: "EACCES" });
    assert.throws(() => system.addRoute(index, "fd09::/48", null), { code: "EACCES" });
  });
});

Deno.test("src_valid_mark is the namespace's own", () => {
  withSystem((system) => {
    assert.equal(system.readSrcValidMark(), "0");
    system.writeSrcValidMark("1");
    assert.equal(system.readSrcValidMark(), "1");
    inNewNetworkNamespace(() => assert.equal(system.readSrcValidMark(), "0"));
  });
});

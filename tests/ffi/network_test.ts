import "./bind_libc.ts";
import assert from "node:assert/strict";
import { type IpAddress, IpPrefix } from "../../core/ip.ts";
import { IFA_F_NODAD, newAddress } from "../../core/netlink/address.ts";
import { RT_TABLE_MAIN, RTPROT_STATIC } from "../../core/netlink/family.ts";
import {
  newRoute,
  type Route,
  RTM_GETROUTE,
  RTN_BLACKHOLE,
  RTN_UNREACHABLE,
} from "../../core/netlink/route.ts";
import { SysError } from "../../ffi/errno.ts";
import { O_CLOEXEC, O_RDONLY } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { inNewNetworkNamespace } from "../../ffi/namespace.ts";
import { NetlinkSocket } from "../../ffi/netlink_socket.ts";
import { Network } from "../../ffi/network.ts";
import { cString } from "../../ffi/text.ts";
import { done, FakeNetlink } from "./fake_netlink.ts";
import { ip, type IpObject, networkTest } from "./iproute.ts";

const TABLE = 51820;

function prefix(text: string): IpPrefix {
  const parsed = IpPrefix.parse(text);
  assert(parsed !== null);
  return parsed;
}

function address(text: string): IpAddress {
  return prefix(text).address;
}

/** Runs `body` with a veth pair `va`, `vb` that is up; `va` has the index `dev`. */
function withVeth(body: (network: Network, dev: number) => void): void {
  using network = Network.open();
  network.changeLink(1, { up: true });
  network.createVethPair({ name: "va" }, { name: "vb" });
  const dev = network.getLink("va").index;
  for (const index of [dev, network.getLink("vb").index]) network.changeLink(index, { up: true });
  body(network, dev);
}

const failsWith = (code: string, pattern: RegExp) => (error: unknown): true => {
  assert(error instanceof SysError);
  assert.equal(error.code, code);
  assert.match(error.message, pattern);
  return true;
};

/** What `change` adds to the lines that `show` prints. */
function added(show: () => IpObject[], change: () => void): IpObject[] {
  const before = new Set(show().map((each) => JSON.stringify(each)));
  change();
  return show().filter((each) => !before.has(JSON.stringify(each)));
}

/**
 * Asserts that `ours` leaves what `ip`, given the words `theirs`, leaves. `undo` runs after ours, and
 * must take back all of it.
 */
function same(show: () => IpObject[], ours: () => void, undo: () => void, theirs: string): void {
  const start = JSON.stringify(show());
  const result = added(show, ours);
  assert.notEqual(result.length, 0, theirs);
  undo();
  assert.equal(JSON.stringify(show()), start, `undoing ${theirs}`);
  assert.deepEqual(result, added(show, () => ip(...theirs.split(" "))), theirs);
}

networkTest("links are listed as ip link lists them", () => {
  withVeth((network, dev) => {
    network.createLink("br0", "bridge");
    network.changeLink(dev, { mtu: 1420, txQueueLength: 77, master: network.getLink("br0").index });
    const ours = network.listLinks().map((link) => ({
      ifindex: link.index,
      ifname: link.name,
      mtu: link.mtu,
      up: link.up,
      lowerUp: (link.flags & 0x10000) !== 0,
      txqlen: link.txQueueLength,
      kind: link.kind,
      address: Array.from(link.hardwareAddress, (byte) => byte.toString(16).padStart(2, "0")).join(
        ":",
      ),
    })).sort((a, b) => a.ifindex - b.ifindex);
    const theirs = ip("link", "show").map((link) => ({
      ifindex: link.ifindex,
      ifname: link.ifname,
      mtu: link.mtu,
      up: (link.flags as string[]).includes("UP"),
      lowerUp: (link.flags as string[]).includes("LOWER_UP"),
      txqlen: link.txqlen,
      kind: (link.linkinfo as IpObject | undefined)?.info_kind ?? "",
      address: link.address,
    })).sort((a, b) => Number(a.ifindex) - Number(b.ifindex));
    assert.deepEqual(ours, theirs);
    assert.equal(network.getLink("va").master, network.getLink("br0").index);
    assert.equal(network.getLink(dev).running, true);
  });
});

networkTest("a link is renamed, set down and deleted", () => {
  withVeth((network, dev) => {
    network.changeLink(dev, { up: false });
    network.changeLink(dev, { name: "fifteen_letters", mtu: 1280 });
    const { ifname, mtu } = ip("link", "show", "dev", "fifteen_letters")[0] ?? {};
    assert.deepEqual([ifname, mtu], ["fifteen_letters", 1280]);
    assert.equal(network.getLink(dev).up, false);
    assert.throws(() => network.changeLink(dev, { name: "sixteen_letters_" }), RangeError);
    assert.equal(network.findLink("va"), null);
    assert.throws(() => network.getLink("va"), failsWith("ENODEV", /Cannot find the interface va/));
    assert.equal(network.deleteLink(dev), true);
    assert.equal(network.deleteLink(dev), false, "already gone");
    assert.deepEqual(ip("link", "show").map((link) => link.ifname), ["lo"]);
  });
});

networkTest("a TCP super-packet's size can be limited", () => {
  withVeth((network, dev) => {
    network.changeLink(dev, { gsoMaxSize: 61440 });
    assert.equal(ip("link", "show", "dev", "va")[0]?.gso_max_size, 61440);
  });
});

networkTest("addresses end up as those of ip address add", () => {
  withVeth((network, interfaceIndex) => {
    const show = () =>
      ip("address", "show", "dev", "va").flatMap(({ addr_info }) => addr_info as IpObject[]);
    const cases: [words: string, text: string, extra?: { peer?: IpAddress; flags?: number }][] = [
      ["-4 address add 10.1.2.3/24 dev va", "10.1.2.3/24"],
      ["-4 address add 10.1.2.4/32 dev va", "10.1.2.4/32"],
      ["-4 address add 127.9.0.1/32 dev va", "127.9.0.1/32"],
      ["-4 address add 10.5.0.1 peer 10.5.0.2/32 dev va", "10.5.0.1/32", {
        peer: address("10.5.0.2"),
      }],
      ["-6 address add fd00::2/128 dev va nodad", "fd00::2/128", { flags: IFA_F_NODAD }],
    ];
    for (const [words, text, extra = {}] of cases) {
      const item = { interfaceIndex, address: prefix(text), ...extra };
      same(
        show,
        () => assert.equal(network.addAddress(item), true),
        () => assert.equal(network.deleteAddress(item), true),
        words,
      );
    }
    const item = { interfaceIndex, address: prefix("10.1.2.3/24") };
    assert.throws(
      () => network.addAddress(item),
      failsWith("EEXIST", /Cannot add address 10\.1\.2\.3\/24 dev va: File exists/),
    );
    assert.equal(network.addAddress(item, { existingOk: true }), false);
    const absent = { interfaceIndex, address: prefix("10.77.0.1/24") };
    assert.equal(network.deleteAddress(absent), false);
    assert.deepEqual(
      network.listAddresses({ interfaceIndex, family: 4 }).map((each) =>
        `${each.address}${each.peer === undefined ? "" : ` peer ${each.peer}`}`
      ).sort(),
      ["10.1.2.3/24", "10.1.2.4/32", "10.5.0.1/32 peer 10.5.0.2", "127.9.0.1/32"],
    );
    assert.deepEqual(
      network.listAddresses({ family: 6 }).map((each) => each.address.toString()).filter((text) =>
        !text.startsWith("fe80")
      ).sort(),
      ["::1/128", "fd00::2/128"],
    );
  });
});

networkTest("routes end up as those of ip route add", () => {
  withVeth((network, interfaceIndex) => {
    network.addAddress({ interfaceIndex, address: prefix("10.1.2.3/24") });
    network.addAddress({ interfaceIndex, address: prefix("fd00::1/64"), flags: IFA_F_NODAD });
    const show = () =>
      ["-4", "-6"].flatMap((family) => ip(family, "route", "show", "table", "all"));
    const cases: [words: string, route: Route][] = [
      ["-4 route add 10.7.0.0/16 dev va", { destination: prefix("10.7.0.0/16"), interfaceIndex }],
      ["-4 route add 0.0.0.0/0 dev va table 51820", {
        destination: prefix("0.0.0.0/0"),
        interfaceIndex,
        table: TABLE,
      }],
      ["-4 route add 10.8.0.0/16 dev va table 200", {
        destination: prefix("10.8.0.0/16"),
        interfaceIndex,
        table: 200,
      }],
      ["-6 route add ::/0 dev va table 51820", {
        destination: prefix("::/0"),
        interfaceIndex,
        table: TABLE,
      }],
      ["-6 route add fd01::/64 dev va", { destination: prefix("fd01::/64"), interfaceIndex }],
      ["-4 route add unreachable default table 51820 metric 4294967295", {
        destination: prefix("0.0.0.0/0"),
        type: RTN_UNREACHABLE,
        table: TABLE,
        priority: 0xffff_ffff,
      }],
      ["-6 route add unreachable default table 51820 metric 4294967295", {
        destination: prefix("::/0"),
        type: RTN_UNREACHABLE,
        table: TABLE,
        priority: 0xffff_ffff,
      }],
      ["-4 route add blackhole 10.10.0.0/16", {
        destination: prefix("10.10.0.0/16"),
        type: RTN_BLACKHOLE,
      }],
      ["-4 route add 10.11.0.0/16 via 10.1.2.9 mtu 1300 metric 5 proto static src 10.1.2.3", {
        destination: prefix("10.11.0.0/16"),
        gateway: address("10.1.2.9"),
        mtu: 1300,
        priority: 5,
        protocol: RTPROT_STATIC,
        preferredSource: address("10.1.2.3"),
      }],
      ["-4 route add 10.12.0.0/16 via inet6 fd00::9 dev va", {
        destination: prefix("10.12.0.0/16"),
        gateway: address("fd00::9"),
        interfaceIndex,
      }],
      ["-6 route add fd02::/64 via fd00::9 dev va mtu 1290 metric 7", {
        destination: prefix("fd02::/64"),
        gateway: address("fd00::9"),
        interfaceIndex,
        mtu: 1290,
        priority: 7,
      }],
    ];
    for (const [words, route] of cases) {
      same(
        show,
        () => assert.equal(network.addRoute(route), true),
        () => assert.equal(network.deleteRoute(route), true),
        words,
      );
      assert.equal(network.addRoute(route, { existingOk: true }), false, words);
      assert.throws(() => network.addRoute(route), failsWith("EEXIST", /Cannot add route /));
    }
    for (const [words, route] of cases) {
      const listed = network.listRoutes({ table: route.table ?? RT_TABLE_MAIN }).filter((each) =>
        each.destination.equals(route.destination) && each.type === (route.type ?? 1)
      );
      assert.equal(listed.length, 1, words);
      assert.deepEqual({ ...listed[0], ...route }, listed[0], words);
    }
    for (const [words, route] of cases) {
      assert.equal(network.deleteRoute(route), true, words);
      assert.equal(network.deleteRoute(route), false, words);
    }
    assert.deepEqual(network.listRoutes({ table: TABLE }), []);
  });
});

networkTest("listing routes heeds the filter", () => {
  withVeth((network, dev) => {
    network.addRoute({ destination: prefix("10.7.0.0/16"), interfaceIndex: dev, table: TABLE });
    network.addRoute({ destination: prefix("10.7.0.0/16"), interfaceIndex: 1, table: 1000 });
    network.addRoute({ destination: prefix("fd01::/64"), interfaceIndex: dev, table: TABLE });
    const list = (filter: Parameters<Network["listRoutes"]>[0]) =>
      network.listRoutes(filter).map((each) => `${each.destination} ${each.table}`);
    assert.deepEqual(list({ table: TABLE }), ["10.7.0.0/16 51820", "fd01::/64 51820"]);
    assert.deepEqual(list({ table: TABLE, family: 6 }), ["fd01::/64 51820"]);
    assert.deepEqual(list({ family: 4, interfaceIndex: dev }), ["10.7.0.0/16 51820"]);
    assert.deepEqual(list({ table: 1000 }), ["10.7.0.0/16 1000"]);
    const count = ip("-4", "route", "show", "table", "all").length +
      ip("-6", "route", "show", "table", "all").length;
    assert.equal(network.listRoutes().length, count);
  });
});

Deno.test("kernels that know neither filters nor IPv6 list too much, which is left out", () => {
  const routes = [
    newRoute({ destination: prefix("10.0.0.0/8"), interfaceIndex: 2, table: TABLE }),
    newRoute({ destination: prefix("10.1.0.0/16"), interfaceIndex: 2 }),
    newRoute({ destination: prefix("10.2.0.0/16"), interfaceIndex: 3, table: TABLE }),
  ];
  const addresses = [
    newAddress({ interfaceIndex: 2, address: prefix("10.0.0.1/8") }),
    newAddress({ interfaceIndex: 3, address: prefix("fd00::1/64") }),
  ];
  using network = new Network(
    new NetlinkSocket(
      new FakeNetlink(([request]) => [
        request?.type === RTM_GETROUTE ? routes : addresses,
        [done()],
      ]),
    ),
  );
  const found = (filter: Parameters<Network["listRoutes"]>[0]) =>
    network.listRoutes(filter).map(({ destination }) => destination.toString());
  assert.deepEqual(found({ table: TABLE, interfaceIndex: 2 }), ["10.0.0.0/8"]);
  assert.deepEqual(found({ family: 4, table: TABLE }), ["10.0.0.0/8", "10.2.0.0/16"]);
  assert.deepEqual(found({ family: 6 }), []);
  assert.equal(found({ protocol: RTPROT_STATIC }).length, 0);
  assert.equal(found({}).length, 3);
  const listed = (filter: Parameters<Network["listAddresses"]>[0]) =>
    network.listAddresses(filter).map(({ address }) => address.toString());
  assert.deepEqual(listed({ family: 6 }), ["fd00::1/64"]);
  assert.deepEqual(listed({ interfaceIndex: 2 }), ["10.0.0.1/8"]);
  assert.deepEqual(listed({ family: 6, interfaceIndex: 2 }), []);
});

networkTest("the route to a destination is the one that rules and marks choose", () => {
  withVeth((network, interfaceIndex) => {
    network.addAddress({ interfaceIndex, address: prefix("10.1.2.3/24") });
    const destination = address("192.0.2.9");
    assert.equal(network.routeTo(destination), null);
    assert.equal(network.routeTo(address("2001:db8::1")), null);
    network.addRoute({
      destination: prefix("192.0.2.0/24"),
      interfaceIndex,
      table: TABLE,
      mtu: 1350,
    });
    network.addRule({ family: 4, fwmark: 5, table: TABLE });
    assert.equal(network.routeTo(destination), null);
    const marked = network.routeTo(destination, 5);
    assert.equal(marked?.interfaceIndex, interfaceIndex);
    assert.equal(marked.mtu, 1350);
    assert.equal(marked.table, TABLE);
    assert.equal(marked.preferredSource?.toString(), "10.1.2.3");
    const refusing = ["blackhole", "unreachable", "prohibit", "throw"];
    for (const [i, type] of refusing.entries()) {
      ip("-4", "route", "add", type, `203.0.113.${i}`);
      ip("-6", "route", "add", type, `2001:db8:1::${i}`);
      assert.equal(network.routeTo(address(`203.0.113.${i}`)), null, type);
      assert.equal(network.routeTo(address(`2001:db8:1::${i}`)), null, type);
    }
    assert.equal(network.routeTo(address("127.0.0.1"))?.interfaceIndex, 1);
    assert.equal(network.routeTo(address("::1"))?.interfaceIndex, 1);
  });
});

networkTest("rules end up as those of ip rule add", () => {
  using network = Network.open();
  for (const family of [4, 6] as const) {
    const show = () => ip(`-${family}`, "rule", "show");
    const cases = [
      [`-${family} rule add not fwmark 51820 table 51820`, {
        family,
        invert: true,
        fwmark: TABLE,
        table: TABLE,
      }],
      [`-${family} rule add table main suppress_prefixlength 0`, {
        family,
        table: RT_TABLE_MAIN,
        suppressPrefixLength: 0,
      }],
      [`-${family} rule add fwmark 0x10/0xff table 99 priority 100`, {
        family,
        fwmark: 0x10,
        fwmask: 0xff,
        table: 99,
        priority: 100,
      }],
    ] as const;
    for (const [words, rule] of cases) {
      assert.equal(network.findRule(rule), null);
      same(
        show,
        () => assert.equal(network.addRule(rule), true),
        () => assert.equal(network.deleteRule(rule), true),
        words,
      );
      assert.notEqual(network.findRule(rule), null);
    }
    assert.deepEqual(
      network.listRules(family).map((rule) => rule.priority),
      show().map((rule) => rule.priority),
    );
    for (const [words, rule] of cases) {
      assert.equal(network.deleteRule(rule), true, words);
      assert.equal(network.deleteRule(rule), false, words);
    }
  }
  const marked = { family: 4, priority: 100, fwmark: 1, table: 5 } as const;
  network.addRule(marked);
  assert.throws(
    () => network.addRule(marked),
    failsWith("EEXIST", /add rule IPv4 fwmark 0x1 table 5 priority 100/),
  );
  assert.equal(network.addRule(marked, { existingOk: true }), false);
});

networkTest("a rule with more conditions than ours is not deleted", () => {
  using network = Network.open();
  const ours = { family: 4, table: RT_TABLE_MAIN, suppressPrefixLength: 0 } as const;
  const others = [
    "from 10.0.0.0/8 table main suppress_prefixlength 0",
    "iif lo table main suppress_prefixlength 0",
    "fwmark 3 table main suppress_prefixlength 0",
    "table main suppress_prefixlength 1",
    "ipproto udp dport 53 table main suppress_prefixlength 0",
  ];
  for (const words of others) ip("-4", "rule", "add", ...words.split(" "));
  const before = ip("-4", "rule", "show");
  assert.equal(network.deleteRule(ours), false);
  network.addRule(ours);
  assert.equal(network.deleteRule(ours), true);
  assert.deepEqual(ip("-4", "rule", "show"), before);
});

networkTest("ten thousand routes are added, listed and deleted", () => {
  withVeth((network, interfaceIndex) => {
    const routes = Array.from({ length: 10_000 }, (_, i): Route => ({
      destination: prefix(`10.${i >> 8}.${i & 0xff}.0/24`),
      interfaceIndex,
      table: TABLE,
    }));
    // What is there already doesn't keep the rest from being added.
    assert.equal(network.addRoutes(routes.slice(4990, 5010)).every((each) => each === null), true);
    const errors = network.addRoutes(routes);
    assert.deepEqual(
      errors.flatMap((error, i) => error === null ? [] : [`${i} ${error.code}`]),
      Array.from({ length: 20 }, (_, i) => `${4990 + i} EEXIST`),
    );
    assert.match(errors[4990]?.message ?? "", /add route 10\.19\.126\.0\/24 dev va table 51820/);
    assert.equal(network.listRoutes({ table: TABLE }).length, routes.length);
    assert.equal(ip("-4", "route", "show", "table", String(TABLE)).length, routes.length);
    const deleted = network.deleteRoutes([...routes, ...routes.slice(0, 1)]);
    assert.deepEqual(
      deleted.flatMap((error, i) => error === null ? [] : [`${i} ${error.code}`]),
      ["10000 ESRCH"],
    );
    assert.deepEqual(network.listRoutes({ table: TABLE }), []);
  });
});

networkTest("a veth pair spans two namespaces, and a link moves to the other", () => {
  using here = Network.open();
  inNewNetworkNamespace(() => {
    using there = Network.open();
    const fd = libc.open(cString("/proc/thread-self/ns/net"), O_RDONLY | O_CLOEXEC, 0);
    try {
      here.createVethPair({ name: "va" }, { name: "vb", namespace: { fd } });
      assert.deepEqual(here.listLinks().map((link) => link.name).sort(), ["lo", "va"]);
      assert.deepEqual(there.listLinks().map((link) => link.name).sort(), ["lo", "vb"]);
      here.changeLink(here.getLink("va").index, { namespace: { fd }, name: "vc" });
      assert.deepEqual(here.listLinks().map((link) => link.name), ["lo"]);
      assert.deepEqual(there.listLinks().map((link) => link.name).sort(), ["lo", "vb", "vc"]);
    } finally {
      libc.close(fd);
    }
  });
});

networkTest("the kernel's own words are in the error", () => {
  withVeth((network, interfaceIndex) => {
    assert.throws(
      () => network.addRoute({ destination: prefix("10.0.0.1/8"), interfaceIndex }),
      failsWith("EINVAL", /add route 10\.0\.0\.1\/8 dev va: Invalid argument.*Invalid prefix/),
    );
    assert.throws(
      () => network.addAddress({ interfaceIndex: 999, address: prefix("10.0.0.1/8") }),
      failsWith("ENODEV", /add address 10\.0\.0\.1\/8 dev #999/),
    );
    assert.throws(
      () => network.changeLink(interfaceIndex, { mtu: 70000 }),
      failsWith("EINVAL", /set va mtu 70000: .*mtu greater than device maximum/),
    );
  });
});

networkTest("without IPv6 its addresses are refused with advice", () => {
  withVeth((network, interfaceIndex) => {
    Deno.writeTextFileSync("/proc/sys/net/ipv6/conf/va/disable_ipv6", "1");
    assert.throws(
      () => network.addAddress({ interfaceIndex, address: prefix("fd00::1/64") }),
      failsWith("EACCES", /IPv6/),
    );
  });
});

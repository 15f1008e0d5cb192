import "./bind_libc.ts";
import assert from "node:assert/strict";
import { IpAddress, type IpFamily } from "../../core/ip.ts";
import { type NetlinkRequest, NLM_F_ACK } from "../../core/netlink/message.ts";
import { beginBatch, endBatch, NFNL_SUBSYS_NFTABLES } from "../../core/netlink/netfilter.ts";
import { replaceFirewall, type TunnelFirewall } from "../../core/netlink/tunnel_firewall.ts";
import { Errno, SysError } from "../../ffi/errno.ts";
import { NetlinkSocket } from "../../ffi/netlink_socket.ts";
import { NETLINK_NETFILTER } from "../../ffi/netlink_transport.ts";
import { applyFirewall, probeFirewall, removeFirewall } from "../../ffi/nftables.ts";
import { acknowledgement, type FakeAnswer, FakeNetlink } from "./fake_netlink.ts";
import { nft, nftTest } from "./nft.ts";

const FWMARK = 51820;

function firewall(interfaceName: string, family: IpFamily, addresses: string[]): TunnelFirewall {
  const parsed = addresses.map((text) => {
    const address = IpAddress.parse(text);
    assert(address !== null);
    return address;
  });
  return { interfaceName, family, addresses: parsed, fwmark: FWMARK };
}

const IPV4 = firewall("wgx", 4, ["10.0.0.2"]);
const IPV6 = firewall("wgx", 6, ["fd00::2"]);

/** What wg-quick(8) passes to nft(8), word for word. */
function wgQuickRules({ interfaceName, family, addresses, fwmark }: TunnelFirewall): string {
  const ip = family === 4 ? "ip" : "ip6", table = `wg-quick-${interfaceName}`;
  return `add table ${ip} ${table}
add chain ${ip} ${table} preraw { type filter hook prerouting priority -300; }
add chain ${ip} ${table} premangle { type filter hook prerouting priority -150; }
add chain ${ip} ${table} postmangle { type filter hook postrouting priority -150; }
${
    addresses.map((address) =>
      `add rule ${ip} ${table} preraw iifname != "${interfaceName}" ${ip} daddr ${address} ` +
      "fib saddr type != local drop\n"
    ).join("")
  }add rule ${ip} ${table} postmangle meta l4proto udp mark ${fwmark} ct mark set mark 
add rule ${ip} ${table} premangle meta l4proto udp meta mark set ct mark 
`;
}

/** The ruleset as nft lists it, and as the kernel's expressions. */
function ruleset(): string {
  // Handles grow with each change, also with those that are taken back.
  return nft("list", "ruleset") + nft("--debug=netlink", "list", "ruleset")
    .replaceAll(/^(ip6? \S+ \S+) \d+/gm, "$1");
}

nftTest("the rules are the ones that nft makes of wg-quick's text", () => {
  const path = Deno.makeTempFileSync();
  try {
    const cases = [
      IPV4,
      IPV6,
      firewall("wg-3456789abcde", 4, ["10.0.0.2", "192.0.2.255", "127.1.2.3"]),
      firewall("w", 6, ["fd00::2", "fe80::1", "2001:db8:ffff::ffff"]),
      firewall("wg_0.a", 4, []),
      { ...IPV4, fwmark: 0xffff_ffff },
      { ...IPV6, fwmark: 1 },
    ];
    for (const rules of cases) {
      Deno.writeTextFileSync(path, wgQuickRules(rules));
      nft("flush", "ruleset");
      nft("-f", path);
      const expected = ruleset();
      assert.match(expected, /ct mark set/);
      nft("flush", "ruleset");
      applyFirewall(rules);
      assert.equal(ruleset(), expected);
    }
  } finally {
    Deno.removeSync(path);
  }
});

nftTest("rules are replaced as a whole, and those of others stay", () => {
  nft("add", "table", "inet", "filter");
  const others = ruleset();
  applyFirewall(IPV4);
  const once = ruleset();
  assert.match(once, /daddr 10\.0\.0\.2/);
  applyFirewall(IPV4);
  assert.equal(ruleset(), once, "again");
  applyFirewall(firewall("wgx", 4, ["10.0.0.3"]));
  assert.equal(
    ruleset(),
    once.replaceAll("10.0.0.2", "10.0.0.3").replaceAll("0200000a", "0300000a"),
  );
  applyFirewall(IPV6);
  applyFirewall(firewall("wgxy", 4, []));

  assert.equal(removeFirewall("wgx", 4), true);
  assert.doesNotMatch(ruleset(), /table ip wg-quick-wgx /);
  assert.match(ruleset(), /table ip6 wg-quick-wgx [^]*table ip wg-quick-wgxy /);
  assert.equal(removeFirewall("wgx", 6), true);
  assert.equal(removeFirewall("wgxy", 4), true);
  assert.equal(ruleset(), others);
});

nftTest("to remove rules that aren't there is fine", () => {
  for (const family of [4, 6] as const) assert.equal(removeFirewall("wgx", family), false);
  applyFirewall(IPV4);
  assert.equal(removeFirewall("wgx", 4), true);
  assert.equal(removeFirewall("wgx", 4), false);
});

nftTest("a probe changes nothing", () => {
  for (const rules of [IPV4, IPV6]) assert.equal(probeFirewall(rules), null);
  assert.equal(nft("list", "ruleset"), "");
  applyFirewall(IPV4);
  const before = ruleset();
  assert.equal(probeFirewall(firewall("wgx", 4, ["10.0.0.3"])), null);
  assert.equal(ruleset(), before);
});

nftTest("a thousand addresses fit one batch", () => {
  const addresses = Array.from({ length: 1000 }, (_, i) => `10.1.${i >> 8}.${i & 0xff}`);
  applyFirewall(firewall("wgx", 4, addresses));
  assert.equal(nft("list", "ruleset").match(/ip daddr 10\.1\./g)?.length, 1000);
});

nftTest("when one change fails, none is made, and it says why", () => {
  using socket = NetlinkSocket.open(NETLINK_NETFILTER);
  // Nothing can be added to a table that isn't there.
  const changes = replaceFirewall(IPV4).toSpliced(2, 1);
  const begin = beginBatch(NFNL_SUBSYS_NFTABLES), end = endBatch(NFNL_SUBSYS_NFTABLES);
  const transact = (requests: NetlinkRequest[]) => () =>
    socket.transact(begin, requests, end, () => "do it");
  assert.throws(transact(changes), { code: "ENOENT", operation: "do it" });
  // Of several failures the first is told, and none is taken for a later batch's.
  assert.throws(transact([...changes, ...changes]), { code: "ENOENT" });
  assert.throws(transact([...replaceFirewall(IPV4), ...changes]), { code: "ENOENT" });
  assert.equal(nft("list", "ruleset"), "");
  transact(replaceFirewall(IPV4))();
  assert.match(nft("list", "ruleset"), /10\.0\.0\.2/);
});

/** A kernel that answers a batch with what `answer` says of its number of messages. */
function fake(answer: (count: number) => FakeAnswer[]): () => NetlinkSocket {
  return () => new NetlinkSocket(new FakeNetlink((messages) => answer(messages.length)));
}

/** A kernel that refuses the message at `index` of a batch, negative from the end. */
const refuses = (number: number, index: number) =>
  fake((count) => [[acknowledgement(number, (index + count) % count + 1)]]);

Deno.test("a kernel without nf_tables is told from one that refuses", () => {
  const lacks = /^Cannot add nftables table ip wg-quick-wgx: .*: this kernel lacks nf_tables$/;
  const failing = (number: number): () => NetlinkSocket => () => {
    throw new SysError("open a netlink socket", number);
  };
  const cases: [string, () => NetlinkSocket, RegExp][] = [
    // The begin of the batch is refused.
    ["EOPNOTSUPP", refuses(Errno.EOPNOTSUPP, 0), lacks],
    ["EPROTONOSUPPORT", failing(Errno.EPROTONOSUPPORT), lacks],
    ["EAFNOSUPPORT", refuses(Errno.EAFNOSUPPORT, 1), lacks],
    ["ENOENT", refuses(Errno.ENOENT, -2), /lacks fib or ct expressions$/],
  ];
  for (const [code, open, pattern] of cases) {
    const is = (error: unknown): true => {
      assert(error instanceof SysError);
      assert.equal(error.code, code);
      assert.match(error.message, pattern);
      return true;
    };
    assert.throws(() => applyFirewall(IPV4, open), is);
    is(probeFirewall(IPV4, open));
    assert.equal(removeFirewall("wgx", 4, open), false);
  }
  const forbidden = refuses(Errno.EPERM, 0);
  assert.throws(() => applyFirewall(IPV4, forbidden), /EPERM.*CAP_NET_ADMIN/);
  assert.throws(() => probeFirewall(IPV4, forbidden), { code: "EPERM" });
  assert.throws(() => removeFirewall("wgx", 4, forbidden), {
    message: /^Cannot delete nftables table ip wg-quick-wgx: .*EPERM/,
  });
});

Deno.test("a batch is one datagram, and its last change the one that is acknowledged", () => {
  const kernel = new FakeNetlink((messages) => [
    [acknowledgement(0, messages.length - 2)],
    [acknowledgement(0, messages.length - 1)],
  ]);
  applyFirewall(IPV4, () => new NetlinkSocket(kernel));
  assert.equal(kernel.sent.length, 1);
  const [sent = []] = kernel.sent;
  assert.deepEqual(sent.map(({ sequence }) => sequence), sent.map((_, index) => index + 1));
  const acknowledged = sent.filter(({ flags }) => (flags & NLM_F_ACK) !== 0);
  assert.deepEqual(acknowledged.map(({ sequence }) => sequence), [sent.length - 1]);
  assert.deepEqual([sent.at(0)?.type, sent.at(-1)?.type], [0x10, 0x11]);
  assert.equal(kernel.queue.length, 0, "it waited for the right one");
  assert.equal(kernel.isClosed, true);

  const silent = fake((count) => [[acknowledgement(0, count - 2)]]);
  assert.throws(() => applyFirewall(IPV4, silent), { code: "ETIMEDOUT" });
});

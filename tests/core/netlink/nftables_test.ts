import assert from "node:assert/strict";
import { IpAddress } from "../../../core/ip.ts";
import { beginBatch, endBatch, NFNL_SUBSYS_NFTABLES } from "../../../core/netlink/netfilter.ts";
import { deleteTable } from "../../../core/netlink/nftables.ts";
import {
  firewallTable,
  replaceFirewall,
  type TunnelFirewall,
} from "../../../core/netlink/tunnel_firewall.ts";
import type { NetlinkRequest } from "../../../core/netlink/message.ts";
import { NFT_IPV6_RULE, NFT_MESSAGES } from "./nft_messages.ts";

/** Types of messages: of nf_tables (10), with their commands. */
const NEWTABLE = 0xa00, DELTABLE = 0xa02, NEWCHAIN = 0xa03, NEWRULE = 0xa06;
const CREATE = 0x400, APPEND = 0x800;

function addresses(...texts: string[]): IpAddress[] {
  return texts.map((text) => {
    const address = IpAddress.parse(text);
    assert(address !== null);
    return address;
  });
}

const FIREWALL: TunnelFirewall = {
  interfaceName: "wgx",
  family: 4,
  addresses: addresses("10.0.0.2"),
  fwmark: 51820,
};

const hex = ({ payload }: NetlinkRequest) => new Uint8Array(payload).toHex();
const header = ({ type, flags }: NetlinkRequest) => [type, flags];

Deno.test("the table is made anew, with the messages that nft sends for wg-quick's rules", () => {
  const requests = replaceFirewall(FIREWALL);
  assert.deepEqual(requests.slice(2).map(hex), NFT_MESSAGES);
  assert.deepEqual(requests.map(header), [
    [NEWTABLE, CREATE],
    [DELTABLE, 0],
    [NEWTABLE, CREATE],
    ...new Array(3).fill([NEWCHAIN, CREATE]),
    ...new Array(3).fill([NEWRULE, CREATE | APPEND]),
  ]);
  const [first, second] = requests;
  assert(first !== undefined && second !== undefined);
  assert.equal(hex(first), NFT_MESSAGES[0]);
  assert.equal(hex(second), hex(deleteTable(firewallTable("wgx", 4))));
});

Deno.test("IPv6 has a table of its own, and the destination elsewhere in its header", () => {
  const requests = replaceFirewall({ ...FIREWALL, family: 6, addresses: addresses("fd00::2") });
  const ipv6 = requests.slice(2).map(hex);
  assert.equal(ipv6[4], NFT_IPV6_RULE);
  // All others differ in the family only.
  const others = NFT_MESSAGES.map((message) => message.replace(/^02/, "0a"));
  assert.deepEqual(ipv6.toSpliced(4, 1), others.toSpliced(4, 1));
});

Deno.test("each address of the family has its rule, in order; no address, no rule", () => {
  const mixed = addresses("fd00::2", "10.0.0.2", "fd00::3", "192.0.2.1");
  const rules = replaceFirewall({ ...FIREWALL, addresses: mixed }).slice(6).map(hex);
  const [drop = "", ...marks] = NFT_MESSAGES.slice(4);
  assert.deepEqual(rules, [drop, drop.replace("0a000002", "c0000201"), ...marks]);
  assert.deepEqual(replaceFirewall({ ...FIREWALL, addresses: [] }).slice(6).map(hex), marks);
});

Deno.test("marks are 32 bits, names 15 bytes", () => {
  const rules = replaceFirewall({ ...FIREWALL, fwmark: 0xffff_fffe }).map(hex);
  assert.equal(rules[7], NFT_MESSAGES[5]?.replace("6cca0000", "feffffff"));
  const name = "wg-3456789abcde";
  const [rule = ""] = replaceFirewall({ ...FIREWALL, interfaceName: name }).slice(6).map(hex);
  assert.ok(rule.includes(new TextEncoder().encode(name).toHex() + "00"));
  assert.throws(() => replaceFirewall({ ...FIREWALL, interfaceName: `${name}f` }), RangeError);
});

Deno.test("a batch names its subsystem in network byte order", () => {
  const batch = [beginBatch(NFNL_SUBSYS_NFTABLES), endBatch(NFNL_SUBSYS_NFTABLES)];
  assert.deepEqual(batch.map(header), [[0x10, 0], [0x11, 0]]);
  assert.deepEqual(batch.map(hex), ["0000000a", "0000000a"]);
});

import assert from "node:assert/strict";
import { IpPrefix } from "../../../core/ip.ts";
import {
  describeAddress,
  describeLinkChange,
  describeRoute,
  describeRule,
} from "../../../core/netlink/describe.ts";
import { RTN_UNREACHABLE } from "../../../core/netlink/route.ts";

function prefix(text: string): IpPrefix {
  const parsed = IpPrefix.parse(text);
  assert(parsed !== null);
  return parsed;
}

const linkName = (index: number) => `wg${index}`;

Deno.test("objects are described in the words of ip(8)", () => {
  const address = { interfaceIndex: 7, address: prefix("10.0.0.1/24") };
  assert.equal(describeAddress(address, linkName), "10.0.0.1/24 dev wg7");
  const pair = { ...address, peer: prefix("10.0.0.2").address };
  assert.equal(describeAddress(pair, linkName), "10.0.0.1/24 peer 10.0.0.2 dev wg7");

  const route = { destination: prefix("10.0.0.0/8"), interfaceIndex: 7 };
  assert.equal(describeRoute(route, linkName), "10.0.0.0/8 dev wg7");
  assert.equal(describeRoute({ ...route, table: 254 }, linkName), "10.0.0.0/8 dev wg7");
  const via = { ...route, gateway: prefix("fe80::1").address, table: 255, priority: 5 };
  assert.equal(
    describeRoute(via, linkName),
    "10.0.0.0/8 via fe80::1 dev wg7 table local metric 5",
  );
  const last = { destination: prefix("::/0"), type: RTN_UNREACHABLE, table: 51820 };
  assert.equal(describeRoute(last, linkName), "unreachable ::/0 table 51820");
  assert.equal(describeRoute({ ...last, type: 99 }, linkName), "type 99 ::/0 table 51820");

  assert.equal(
    describeRule({ family: 4, invert: true, fwmark: 0xca6c, table: 51820 }),
    "IPv4 not fwmark 0xca6c table 51820",
  );
  assert.equal(
    describeRule({ family: 6, table: 254, suppressPrefixLength: 0, priority: 9 }),
    "IPv6 table main suppress_prefixlength 0 priority 9",
  );
  assert.equal(describeRule({ family: 4, fwmark: 1, fwmask: 15 }), "IPv4 fwmark 0x1/0xf");

  assert.equal(describeLinkChange({ up: true, mtu: 1420 }), "mtu 1420 up");
  assert.equal(
    describeLinkChange({
      up: false,
      name: "wg1",
      master: 3,
      gsoMaxSize: 61440,
      txQueueLength: 500,
      namespace: { pid: 1234 },
    }),
    "name wg1 gso_max_size 61440 txqueuelen 500 master 3 netns of process 1234 down",
  );
});

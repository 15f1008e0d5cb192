import assert from "node:assert/strict";
import type { DnsExchange, DnsQuery } from "../../../core/dns_client/exchange.ts";
import { orderAddresses } from "../../../core/dns_client/address_order.ts";
import { addressesInHosts } from "../../../core/dns_client/hosts.ts";
import { DnsLookup } from "../../../core/dns_client/lookup.ts";
import { TYPE_A, TYPE_AAAA } from "../../../core/dns_client/message.ts";
import { IpAddress } from "../../../core/ip.ts";
import { SeededRandom } from "../seeded_random.ts";
import { type AnswerOptions, answerTo, questionOf } from "./server.ts";

const address = (text: string) => IpAddress.parse(text) ?? assert.fail(text);
const SERVERS = ["192.0.2.53", "2001:db8::53"].map((text) => {
  return { address: address(text), port: 53, zone: "" };
});
const HOST = "vpn.example.com";
const REFUSED = { flags: 0x8185 };

function lookUp(host = HOST, servers = SERVERS) {
  const random = new SeededRandom(7);
  const lookup = new DnsLookup(host, servers, (target) => random.fill(target), 1000);
  const [six, four] = lookup.exchanges;
  assert.ok(six !== undefined && four !== undefined);
  return { lookup, six, four };
}

function queryOf({ query }: DnsExchange): DnsQuery {
  assert.ok(query !== null);
  return query;
}

function answer(exchange: DnsExchange, addresses: string[], options: AnswerOptions = {}): void {
  const records = addresses.map((data) => ({ name: HOST, data }));
  exchange.receive(answerTo(queryOf(exchange).message, records, options), 1001);
}

Deno.test("both families are asked for at the same time, with ids of their own", () => {
  const { lookup, six, four } = lookUp();
  const [first, second] = [six, four].map((exchange) => questionOf(queryOf(exchange).message));
  assert.deepEqual([first?.type, second?.type], [TYPE_AAAA, TYPE_A]);
  assert.notEqual(first?.id, second?.id);
  assert.equal(lookup.advance(1000), null);
  answer(six, ["2001:db8::1"]);
  assert.equal(lookup.advance(1001), null, "the other family has a moment");
  answer(four, ["192.0.2.1"]);
  const result = lookup.advance(1002);
  assert.ok(result?.kind === "found");
  assert.deepEqual(result.addresses.map(String), ["2001:db8::1", "192.0.2.1"]);
});

Deno.test("a family that nobody answers for holds the other up for half a second at most", () => {
  const { lookup, four } = lookUp();
  answer(four, ["192.0.2.1"]);
  assert.equal(lookup.advance(1200), null);
  assert.equal(lookup.deadline, 1700);
  assert.equal(lookup.advance(1699), null);
  assert.equal(lookup.advance(1700)?.kind, "found");
});

Deno.test("what isn't the answer changes nothing", () => {
  const { lookup, four } = lookUp();
  const query = queryOf(four);
  answer(four, ["192.0.2.66"], { id: questionOf(query.message).id ^ 1 });
  answer(four, ["192.0.2.66"], { question: "vpn.example.org" });
  answer(four, ["192.0.2.66"], { questionType: TYPE_AAAA });
  assert.equal(four.query, query);
  assert.equal(lookup.advance(1600), null);
});

Deno.test("a truncated answer is asked for again by TCP, of the same server", () => {
  const { four } = lookUp();
  answer(four, [], { flags: 0x8380 });
  const query = queryOf(four);
  assert.equal(query.protocol, "tcp");
  assert.equal(query.server, SERVERS[0]);
  answer(four, ["192.0.2.1"]);
  assert.equal(four.outcome?.kind, "addresses");
  assert.equal(four.query, null);
});

Deno.test("servers are asked in turn, twice, with more patience the second time", () => {
  const { lookup, six, four } = lookUp();
  const asked: string[] = [];
  const times: number[] = [];
  for (let now = 1000; lookup.deadline < Infinity && now < 60_000;) {
    asked.push(String(four.query?.server.address));
    times.push(now - 1000);
    now = lookup.deadline;
    const result = lookup.advance(now);
    if (result !== null) assert.deepEqual(result, { kind: "failed" });
  }
  assert.deepEqual(asked, ["192.0.2.53", "2001:db8::53", "192.0.2.53", "2001:db8::53"]);
  assert.deepEqual(times, [0, 2000, 4000, 8000]);
  assert.deepEqual([six.outcome, four.outcome], [{ kind: "failed" }, { kind: "failed" }]);
});

Deno.test("a server that refuses, can't be reached or is truncated even by TCP is passed over", () => {
  const { four } = lookUp();
  answer(four, [], REFUSED);
  assert.equal(queryOf(four).server, SERVERS[1]);
  four.fail(1002);
  assert.equal(queryOf(four).server, SERVERS[0]);
  answer(four, [], { flags: 0x8380 });
  answer(four, [], { flags: 0x8380 });
  assert.equal(queryOf(four).server, SERVERS[1]);
  assert.equal(queryOf(four).protocol, "udp");
  answer(four, [], REFUSED);
  assert.deepEqual(four.outcome, { kind: "failed" });
  four.fail(1003);
  four.expire(1e9);
  four.receive(new Uint8Array(12), 1004);
  assert.deepEqual(four.outcome, { kind: "failed" });
});

Deno.test("no such name, and a name without addresses, are not failures", () => {
  for (const options of [{ flags: 0x8183 }, {}]) {
    const { lookup, six, four } = lookUp();
    answer(six, [], options);
    answer(four, [], options);
    assert.deepEqual(lookup.advance(1001), { kind: "none" });
  }
  const { lookup, six, four } = lookUp("not..a.name");
  assert.deepEqual([six.query, four.query], [null, null]);
  assert.deepEqual(lookup.advance(1001), { kind: "none" });
});

Deno.test("one family's failure leaves open whether there is an address", () => {
  const { lookup, six, four } = lookUp(HOST, SERVERS.slice(0, 1));
  answer(six, []);
  for (let i = 0; i < 2; i++) answer(four, [], REFUSED);
  assert.deepEqual(lookup.advance(1001), { kind: "failed" });
  assert.deepEqual(lookUp(HOST, []).lookup.advance(1000), { kind: "failed" });
});

Deno.test("/etc/hosts gives addresses as hosts(5) says", () => {
  const text = `# 192.0.2.9 vpn.example.com
127.0.0.1\tlocalhost
192.0.2.1   other VPN.example.com # vpn
2001:db8::1 vpn.example.com
192.0.2.1 vpn.example.com
not-an-address vpn.example.com
192.0.2.2 x # vpn.example.com
192.0.2.4 vpn.example.com.au a.vpn.example.com
192.0.2.3 a.vpn.example.com vpn.example.com`;
  assert.deepEqual(addressesInHosts(text, "vpn.example.com.").map(String), [
    "192.0.2.1",
    "2001:db8::1",
    "192.0.2.3",
  ]);
  assert.deepEqual(addressesInHosts(text, "example.com"), []);
  assert.deepEqual(addressesInHosts(text, "."), []);
});

Deno.test("addresses are tried in a good order, the families by turns", () => {
  const order = (texts: string[], dead: string[] = []) =>
    orderAddresses(texts.map(address), (it) => !dead.includes(String(it))).map(String);
  assert.deepEqual(
    order(["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "192.0.2.1"]),
    ["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2"],
  );
  // RFC 6724: IPv4 before addresses that are unique local ones, or made from IPv4's.
  assert.deepEqual(order(["fd00::1", "192.0.2.1"]), ["192.0.2.1", "fd00::1"]);
  assert.deepEqual(order(["2002::1", "192.0.2.1"]), ["192.0.2.1", "2002::1"]);
  assert.deepEqual(order(["192.0.2.1", "::1"]), ["::1", "192.0.2.1"]);
  assert.deepEqual(order(["2001:db8::1", "192.0.2.1"], ["2001:db8::1"]), [
    "192.0.2.1",
    "2001:db8::1",
  ]);
  assert.deepEqual(order([]), []);
});

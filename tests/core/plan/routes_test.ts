import assert from "node:assert/strict";
import fc from "fast-check";
import { IpAddress, IpPrefix } from "../../../core/ip.ts";
import {
  connectedRoutes,
  destinations,
  freeTable,
  parseTableNames,
} from "../../../core/plan/routes.ts";
import { prefixes } from "./quick_config.ts";

const prefix = fc.oneof(
  fc.tuple(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.nat(32)),
  fc.tuple(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat(128)),
).map(([bytes, length]) => new IpPrefix(IpAddress.fromBytes(bytes), length));

Deno.test("destinations come once each, masked, longest prefix first", () => {
  const given = prefixes("10.1.2.3/8", "10.0.0.0/8", "0.0.0.0/0", "::/0", "fd00::1", "10.9.0.0/16");
  assert.deepEqual(destinations(given).map(String), [
    "fd00::1/128",
    "10.9.0.0/16",
    "10.0.0.0/8",
    "::/0",
    "0.0.0.0/0",
  ]);
});

Deno.test("destinations cover exactly what they were given", () => {
  fc.assert(fc.property(fc.array(prefix, { maxLength: 30 }), (given) => {
    const found = destinations(given);
    const texts = found.map(String);
    assert.equal(new Set(texts).size, texts.length);
    assert.deepEqual(new Set(texts), new Set(given.map((p) => p.masked().toString())));
    assert.ok(found.every((p, i) => i === 0 || p.length <= (found[i - 1]?.length ?? 0)));
  }));
});

Deno.test("addresses bring routes to their subnets, an IPv4 host address none", () => {
  const addresses = prefixes("10.0.0.1/24", "10.9.9.9/32", "10.3.0.1/31", "fd00::1/64", "fd01::1");
  assert.deepEqual(connectedRoutes(addresses).map(String), [
    "10.0.0.0/24",
    "10.3.0.0/31",
    "fd00::/64",
    "fd01::1/128",
  ]);
});

Deno.test("the first free table from 51820 on is taken", () => {
  assert.equal(freeTable(() => false), 51820);
  assert.equal(freeTable((table) => [254, 51820, 51821, 51823].includes(table)), 51822);
});

Deno.test("rt_tables names are read as iproute2 reads them", () => {
  const names = parseTableNames(
    "#\n# reserved\n255\tlocal\n254\tmain\n 0x10 hex # why\n#1 off\nx y\n",
  );
  assert.deepEqual([...names], [["local", 255], ["main", 254], ["hex", 16]]);
});

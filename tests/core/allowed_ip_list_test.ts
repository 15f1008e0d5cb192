import assert from "node:assert/strict";
import fc from "fast-check";
import { AllowedIpList } from "../../core/allowed_ip_list.ts";
import { IpPrefix } from "../../core/ip.ts";

const prefixOf = (text: string) => IpPrefix.parse(text) ?? assert.fail(text);

const NETWORKS = ["10.0.0.0/24", "192.0.2.1/32", "fd00:1::/48", "2001:db8::1/128", "::/0"];
const OTHERS = [
  "",
  "10.0.0.1/24",
  "10.0.0.0/33",
  "10.0.0.1",
  "+10.0.0.0/24",
  "-::/0",
  "x",
  "fd00::1/64",
];
const networks = fc.array(fc.constantFrom(...NETWORKS), { maxLength: 200 });
const others = fc.array(fc.constantFrom(...OTHERS), { maxLength: 2 });
const items = fc.array(fc.tuple(networks, others).map((parts) => parts.flat()), { maxLength: 3 })
  .map((parts) => parts.flat());

Deno.test("a list takes networks as they stand in a text, and stops where something else does", () => {
  fc.assert(fc.property(items, (items) => {
    const text = items.join(",");
    const list = new AllowedIpList();
    let at = 0;
    const taken: string[] = [];
    for (const item of text.split(",")) {
      if (taken.length === 0) {
        const end = list.addNetworks(text, at);
        if (end > at) taken.push(...text.slice(at, end).split(","));
      }
      const isNetwork = NETWORKS.includes(item);
      assert.equal(taken.shift(), isNetwork ? item : undefined);
      at += item.length + 1;
    }
    assert.deepEqual(
      list.changes().map(({ prefix, remove }) => [String(prefix), remove]),
      items.filter((item) => NETWORKS.includes(item)).map((item) => [item, false]),
    );
    assert.equal(list.networkText(), list.texts.join(","));
  }));
});

Deno.test("a list of changes says what they say, in order", () => {
  const changes = [
    { prefix: prefixOf("10.0.0.1/8"), remove: false },
    { prefix: prefixOf("2001:DB8::1/32"), remove: true },
  ];
  const list = AllowedIpList.of(changes);
  assert.deepEqual(list.texts, ["10.0.0.1/8,-2001:db8::1/32"]);
  assert.equal(list.addNetworks("10.0.0.0/24,10.0.1.0/24", 0), 23);
  list.add({ prefix: prefixOf("10.0.0.2"), remove: true });
  assert.equal(
    list.networkText(),
    "10.0.0.0/8,-2001:db8::/32,10.0.0.0/24,10.0.1.0/24,-10.0.0.2/32",
  );
  assert.deepEqual(list.changes().slice(0, 2), changes);
  assert.deepEqual(list.changes().map(({ remove }) => remove), [false, true, false, false, true]);
});

Deno.test("a long list of changes is a few texts", () => {
  const changes = Array.from({ length: 5000 }, (_, i) => {
    return { prefix: prefixOf(`10.0.${i >> 8}.${i & 255}`), remove: i % 3 === 0 };
  });
  const list = AllowedIpList.of(changes);
  assert.ok(list.texts.length < 10);
  assert.deepEqual(list.changes(), changes);
  assert.deepEqual(AllowedIpList.of([]).texts, []);
  assert.equal(AllowedIpList.of([]).networkText(), "");
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { allowedIpLines, AllowedIpList, networksEnd } from "../../core/allowed_ip_list.ts";
import { IpPrefix } from "../../core/ip.ts";

const prefixOf = (text: string) => IpPrefix.parse(text) ?? assert.fail(text);

const NETWORKS = ["10.0.0.0/24", "192.0.2.1/32", "fd00:1::/48", "2001:db8::1/128", "::/0"];
const OTHERS = ["", " ", "10.0.0.1/24", "10.0.0.0/33", "10.0.0.1", "+10.0.0.0/24", "-::/0", "x"]
  .concat("fd00::1/64", "10.0.0.0/24 ", "10.0.0.0/24\t", "10.0.0.0/24 10.0.0.0/24", "::/0#");
const networks = fc.array(fc.constantFrom(...NETWORKS), { maxLength: 200 });
const others = fc.array(fc.constantFrom(...OTHERS), { maxLength: 2 });
const items = fc.array(fc.tuple(networks, others).map((parts) => parts.flat()), { maxLength: 3 })
  .map((parts) => parts.flat());
const separator = fc.constantFrom(",", ", ", ",   ");

Deno.test("networks of a list end where something else begins", () => {
  fc.assert(fc.property(items, separator, (items, separator) => {
    const text = items.join(separator);
    let at = 0, end = 0;
    for (const item of items) {
      const isNetwork = NETWORKS.includes(item);
      if (at >= end) end = networksEnd(text, at);
      assert.equal(end > at, isNetwork, text.slice(at));
      at += item.length + separator.length;
    }
  }));
  assert.equal(networksEnd("", 0), 0);
  assert.equal(networksEnd(",10.0.0.0/24", 0), 0);
});

Deno.test("a list of networks says what its text does", () => {
  fc.assert(
    fc.property(networks.filter(({ length }) => length > 0), separator, (items, separator) => {
      const list = new AllowedIpList();
      list.addNetworks(items.join(separator));
      assert.deepEqual(
        list.changes().map(({ prefix, remove }) => [String(prefix), remove]),
        items.map((item) => [item, false]),
      );
      assert.deepEqual(list.networks(), items);
      assert.equal(
        list.texts.map(allowedIpLines).join(""),
        items.map((item) => `allowed_ip=${item}\n`).join(""),
      );
    }),
  );
});

Deno.test("a list of changes says what they say, in order", () => {
  const changes = [
    { prefix: prefixOf("10.0.0.1/8"), remove: false },
    { prefix: prefixOf("2001:DB8::1/32"), remove: true },
  ];
  const list = AllowedIpList.of(changes);
  assert.deepEqual(list.texts, ["10.0.0.1/8,-2001:db8::1/32"]);
  list.addNetworks("10.0.0.0/24, 10.0.1.0/24");
  list.add({ prefix: prefixOf("10.0.0.2"), remove: true });
  assert.equal(
    list.networks().join(),
    "10.0.0.0/8,-2001:db8::/32,10.0.0.0/24,10.0.1.0/24,-10.0.0.2/32",
  );
  assert.deepEqual(list.changes().slice(0, 2), changes);
  assert.deepEqual(list.changes().map(({ remove }) => remove), [false, true, false, false, true]);
});

Deno.test("a list gets networks that are the same in the same order, however either is kept", () => {
  const grouped = (items: readonly string[], sizes: readonly number[]) => {
    const rest = [...items], groups: string[][] = [];
    for (let i = 0; rest.length > 0; i++) groups.push(rest.splice(0, sizes[i % sizes.length]));
    return groups;
  };
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });
  const few = fc.array(fc.constantFrom(...NETWORKS), { maxLength: 12 });
  fc.assert(fc.property(few, few, sizes, sizes, fc.boolean(), (own, more, a, b, isSame) => {
    const others = isSame ? own : more;
    const list = new AllowedIpList();
    for (const group of grouped(own, a)) list.addNetworks(group.join(", "));
    const networks = grouped(others, b).map((group) =>
      group.length === 1 ? group.join() : group.map(allowedIpLines).join("")
    );
    assert.equal(list.gets(networks), own.join() === others.join());
  }));
  const list = AllowedIpList.of([{ prefix: prefixOf("10.1.2.3/8"), remove: false }]);
  assert.ok(list.gets(["10.0.0.0/8"]));
  assert.ok(!list.gets([]));
  assert.ok(!AllowedIpList.of([{ prefix: prefixOf("::/0"), remove: true }]).gets(["::/0"]));
});

Deno.test("a long list of changes is a few texts", () => {
  const changes = Array.from({ length: 5000 }, (_, i) => {
    return { prefix: prefixOf(`10.0.${i >> 8}.${i & 255}`), remove: i % 3 === 0 };
  });
  const list = AllowedIpList.of(changes);
  assert.ok(list.texts.length < 10);
  assert.deepEqual(list.changes(), changes);
  assert.deepEqual(AllowedIpList.of([]).texts, []);
  assert.deepEqual(AllowedIpList.of([]).networks(), []);
});

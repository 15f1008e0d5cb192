/** Prefixes without others: known results, and that nothing is lost, left over or cut finer than needed. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { IpAddress, IpPrefix } from "../../core/ip.ts";
import { subtractPrefixes } from "../../core/prefix_difference.ts";

function prefixes(...texts: string[]): IpPrefix[] {
  return texts.map((text) => IpPrefix.parse(text) ?? assert.fail(text));
}

function subtract(from: string[], excluded: string[]): string[] {
  return subtractPrefixes(prefixes(...from), prefixes(...excluded)).map(String);
}

Deno.test("the known differences", () => {
  assert.deepEqual(subtract(["0.0.0.0/0"], ["10.0.0.0/8"]), [
    "0.0.0.0/5",
    "8.0.0.0/7",
    "11.0.0.0/8",
    "12.0.0.0/6",
    "16.0.0.0/4",
    "32.0.0.0/3",
    "64.0.0.0/2",
    "128.0.0.0/1",
  ]);
  // All but private networks (RFC 1918), as calculators give it.
  const publicNetworks = subtract(["0.0.0.0/0"], ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]);
  assert.equal(publicNetworks.length, 31);
  assert.deepEqual(publicNetworks.slice(10, 14), [
    "172.0.0.0/12",
    "172.32.0.0/11",
    "172.64.0.0/10",
    "172.128.0.0/9",
  ]);
  assert.deepEqual(subtract(["::/0"], ["8000::/1"]), ["::/1"]);
  assert.equal(subtract(["::/0"], ["::1/128"]).length, 128);
  assert.deepEqual(subtract(["10.0.0.0/8", "fd00::/8"], ["10.0.0.0/8"]), ["fd00::/8"]);
  assert.deepEqual(subtract(["10.1.0.0/16"], ["10.0.0.0/8"]), []);
  assert.deepEqual(subtract(["10.0.0.5/8"], ["11.0.0.0/8", "::/0"]), ["10.0.0.0/8"]);
  assert.deepEqual(subtract(["10.0.0.0/31", "10.0.0.0/31"], ["10.0.0.0"]), ["10.0.0.1/32"]);
  assert.deepEqual(subtract([], ["::/0"]), []);
});

/** Prefixes of a small part of the addresses, so that they meet, and of a few that are far away. */
function prefixesOf(bits: 32 | 128): fc.Arbitrary<IpPrefix[]> {
  const prefix = fc.tuple(fc.integer({ min: bits - 8, max: bits }), fc.nat(255)).map(
    ([length, host]) => {
      const bytes = new Uint8Array(bits / 8).fill(10, 0, 1);
      bytes[bits / 8 - 1] = host;
      return new IpPrefix(IpAddress.fromBytes(bytes), length);
    },
  );
  const whole = fc.constantFrom(0, 1, 8).map((length) =>
    new IpPrefix(IpAddress.fromBytes(new Uint8Array(bits / 8).fill(10, 0, 1)), length)
  );
  return fc.array(fc.oneof({ weight: 9, arbitrary: prefix }, { weight: 1, arbitrary: whole }), {
    maxLength: 6,
  });
}

/** The addresses that the prefixes above tell apart, and some beside them. */
function addressesOf(bits: 32 | 128): IpAddress[] {
  return [10, 11, 200].flatMap((first) =>
    Array.from({ length: 256 }, (_, last) => {
      const bytes = new Uint8Array(bits / 8).fill(first, 0, 1);
      bytes[bits / 8 - 1] = last;
      return IpAddress.fromBytes(bytes);
    })
  );
}

for (const bits of [32, 128] as const) {
  const addresses = addressesOf(bits);
  Deno.test(`exactly the addresses of A that B doesn't have are left, of ${bits} bits`, () => {
    fc.assert(
      fc.property(prefixesOf(bits), prefixesOf(bits), (from, excluded) => {
        const left = subtractPrefixes(from, excluded);
        const has = (list: readonly IpPrefix[], address: IpAddress) =>
          list.some((prefix) => prefix.contains(address));
        for (const address of addresses) {
          const expected = has(from, address) && !has(excluded, address);
          assert.equal(has(left, address), expected, String(address));
        }
        for (const part of left) {
          assert(!part.hasHostBits);
          assert(from.some((whole) => whole.contains(part)), "from nowhere");
        }
        assert.equal(new Set(left.map(String)).size, left.length, "twice");
      }),
      { numRuns: 100 },
    );
  });

  Deno.test(`of one prefix as few are left as can be, of ${bits} bits`, () => {
    fc.assert(
      fc.property(prefixesOf(bits), prefixesOf(bits), ([whole], excluded) => {
        if (whole === undefined) return;
        const left = subtractPrefixes([whole], excluded);
        for (const a of left) {
          // A prefix that could take the place of `a` and others would be the one around it.
          if (a.length <= whole.length) continue;
          const around = new IpPrefix(a.address, a.length - 1).masked();
          assert(excluded.some((other) => other.contains(around) || around.contains(other)));
          assert(left.every((b) => a === b || !(a.contains(b) || b.contains(a))), "twice");
        }
      }),
      { numRuns: 100 },
    );
  });
}

import assert from "node:assert/strict";
import fc from "fast-check";
import { AllowedIps } from "../../core/allowed_ips.ts";
import { IpAddress } from "../../core/ip.ts";

function bytesOf(text: string): Uint8Array {
  const address = IpAddress.parse(text);
  assert.ok(address, text);
  return address.bytes;
}

/** A table of peers that are called by names, and prefixes in text. */
class Table {
  readonly ips = new AllowedIps<string>();

  insert(prefix: string, peer: string): this {
    const { address, length } = split(prefix);
    this.ips.insert(bytesOf(address), length, peer);
    return this;
  }

  remove(prefix: string, peer: string): this {
    const { address, length } = split(prefix);
    this.ips.remove(bytesOf(address), length, peer);
    return this;
  }

  lookup(address: string): string | null {
    return lookup(this.ips, bytesOf(address));
  }

  entries(peer: string): string[] {
    return [...this.ips.entries(peer)].map(({ address, prefixLength }) =>
      `${IpAddress.fromBytes(address)}/${prefixLength}`
    );
  }
}

function split(prefix: string): { address: string; length: number } {
  const slash = prefix.indexOf("/");
  return { address: prefix.slice(0, slash), length: Number(prefix.slice(slash + 1)) };
}

function lookup<T>(ips: AllowedIps<T>, address: Uint8Array): T | null {
  const view = new DataView(new ArrayBuffer(19));
  address.forEach((byte, i) => view.setUint8(3 + i, byte));
  return ips.lookup(view, 3, address.length === 4 ? 4 : 6);
}

Deno.test("allowed IPs: the longest prefix wins", () => {
  const table = new Table()
    .insert("192.168.4.0/24", "a")
    .insert("192.168.4.4/32", "b")
    .insert("192.168.0.0/16", "c")
    .insert("192.95.5.64/27", "d")
    .insert("192.95.5.65/27", "c")
    .insert("0.0.0.0/0", "e")
    .insert("64.15.112.0/20", "g")
    .insert("64.15.123.211/25", "h")
    .insert("10.0.0.0/25", "a")
    .insert("10.0.0.128/25", "b")
    .insert("10.1.0.0/30", "a")
    .insert("10.1.0.4/30", "b")
    .insert("10.1.0.8/29", "c")
    .insert("10.1.0.16/29", "d");
  const expected: Record<string, string> = {
    "192.168.4.20": "a",
    "192.168.4.4": "b",
    "192.168.200.182": "c",
    "192.95.5.68": "c",
    "192.95.5.96": "e",
    "64.15.116.26": "g",
    "64.15.123.3": "g",
    "64.15.123.128": "h",
    "10.0.0.52": "a",
    "10.0.0.220": "b",
    "10.1.0.2": "a",
    "10.1.0.6": "b",
    "10.1.0.10": "c",
    "10.1.0.20": "d",
    "255.255.255.255": "e",
    "0.0.0.0": "e",
  };
  for (const [address, peer] of Object.entries(expected)) {
    assert.equal(table.lookup(address), peer, address);
  }
  assert.equal(table.lookup("::1"), null);
});

Deno.test("allowed IPs: IPv6 prefixes within and across words", () => {
  const table = new Table()
    .insert("2607:5300:60:6b0::c05f:543/128", "d")
    .insert("2607:5300:60:6b0::/64", "c")
    .insert("::/0", "e")
    .insert("2404:6800::/32", "f")
    .insert("2404:6800:4004:800:dead:beef::/96", "g")
    .insert("2404:6800:4004:800:dead:beef:8000::/97", "h")
    .insert("fe80::/10", "a");
  const expected: Record<string, string> = {
    "2607:5300:60:6b0::c05f:543": "d",
    "2607:5300:60:6b0::c02e:1ee": "c",
    "2607:5300:60:6b1::": "e",
    "2404:6800:4004:806::1006": "f",
    "2404:6800:4004:800:dead:beef:0:1": "g",
    "2404:6800:4004:800:dead:beef:8000:1": "h",
    "febf:ffff::1": "a",
    "fec0::1": "e",
    "::": "e",
  };
  for (const [address, peer] of Object.entries(expected)) {
    assert.equal(table.lookup(address), peer, address);
  }
  assert.equal(table.lookup("1.2.3.4"), null);
});

Deno.test("allowed IPs: the last owner of a prefix wins, and host bits don't count", () => {
  const table = new Table().insert("10.0.0.1/24", "a").insert("10.0.0.2/24", "b");
  assert.equal(table.lookup("10.0.0.77"), "b");
  assert.deepEqual(table.entries("a"), []);
  assert.deepEqual(table.entries("b"), ["10.0.0.0/24"]);
  assert.equal(table.ips.count("a"), 0);
  assert.equal(table.ips.count("b"), 1);
});

Deno.test("allowed IPs: a nested prefix of another peer isn't the outer one's owner's", () => {
  const table = new Table().insert("10.0.0.0/8", "a").insert("10.1.0.0/16", "b");
  assert.equal(table.lookup("10.1.2.3"), "b");
  table.insert("10.0.0.0/8", "a");
  assert.equal(table.lookup("10.1.2.3"), "b");
  table.remove("10.1.0.0/16", "b");
  assert.equal(table.lookup("10.1.2.3"), "a");
});

Deno.test("allowed IPs: only the owner's prefix is removed", () => {
  const table = new Table().insert("10.0.0.0/8", "a").insert("10.1.0.0/16", "b");
  table.remove("10.0.0.0/8", "b").remove("10.1.0.0/15", "b").remove("10.1.0.0/17", "b");
  assert.equal(table.lookup("10.2.0.1"), "a");
  assert.equal(table.lookup("10.1.0.1"), "b");
  table.remove("10.0.0.0/8", "a");
  assert.equal(table.lookup("10.2.0.1"), null);
  assert.equal(table.lookup("10.1.0.1"), "b");
});

Deno.test("allowed IPs: entries come in the order in which they were claimed", () => {
  const table = new Table().insert("10.0.0.0/8", "a").insert("fd00::/8", "a")
    .insert("9.0.0.0/8", "a").insert("0.0.0.0/0", "a");
  assert.deepEqual(table.entries("a"), ["10.0.0.0/8", "fd00::/8", "9.0.0.0/8", "0.0.0.0/0"]);
  table.insert("10.0.0.0/8", "a");
  assert.deepEqual(table.entries("a"), ["fd00::/8", "9.0.0.0/8", "0.0.0.0/0", "10.0.0.0/8"]);
});

Deno.test("allowed IPs: removing a peer removes all of its prefixes and no others", () => {
  const table = new Table();
  for (let i = 0; i < 512; i++) table.insert(`10.${i >> 1}.${i % 2 * 128}.0/17`, `peer${i % 3}`);
  table.ips.removeByPeer("peer1");
  for (let i = 0; i < 512; i++) {
    const owner = i % 3 === 1 ? null : `peer${i % 3}`;
    assert.equal(table.lookup(`10.${i >> 1}.${i % 2 * 128 + 5}.9`), owner);
  }
  table.ips.removeByPeer("peer0");
  table.ips.removeByPeer("peer2");
  assert.equal(table.lookup("10.0.0.1"), null);
  assert.deepEqual(table.entries("peer2"), []);
});

Deno.test("allowed IPs: 130,560 of one peer", () => {
  const ips = new AllowedIps<string>();
  for (let i = 0; i < 130_560; i++) ips.insert(Uint8Array.of(10, i >> 16, i >> 8, i), 32, "a");
  assert.equal(ips.count("a"), 130_560);
  assert.equal(lookup(ips, Uint8Array.of(10, 1, 253, 255)), "a");
  assert.equal(lookup(ips, Uint8Array.of(10, 1, 254, 0)), null);
  ips.removeByPeer("a");
  assert.equal(lookup(ips, Uint8Array.of(10, 1, 253, 255)), null);
});

Deno.test("allowed IPs: prefixes may come and go while they are walked through", () => {
  const table = new Table();
  for (let i = 0; i < 6; i++) table.insert(`10.0.${i}.0/24`, "a");
  const walk = table.ips.walk("a");
  const next = () => {
    const { value, done } = walk.next();
    return done ? "end" : `${IpAddress.fromBytes(value.address)}/${value.prefixLength}`;
  };
  assert.equal(next(), "10.0.0.0/24");
  // The next one goes, and another peer gets its place.
  table.remove("10.0.1.0/24", "a").insert("10.9.0.0/24", "b").insert("10.0.2.0/24", "b");
  assert.equal(next(), "10.0.3.0/24");
  // The last one read goes, and one comes.
  table.remove("10.0.3.0/24", "a").insert("fd00::/64", "a");
  assert.equal(next(), "10.0.4.0/24");
  assert.equal(next(), "10.0.5.0/24");
  assert.equal(next(), "fd00::/64");
  assert.equal(next(), "end");
  const other = table.ips.walk("a");
  assert.equal(other.next().done, false);
  table.ips.removeByPeer("a");
  table.insert("10.0.4.0/24", "b");
  assert.equal(other.next().done, true);
  assert.deepEqual(table.entries("b"), ["10.9.0.0/24", "10.0.2.0/24", "10.0.4.0/24"]);
});

Deno.test("allowed IPs: a table that was emptied serves again, also in the middle of a walk", () => {
  const ips = new AllowedIps<string>();
  const fill = (owner: string) => {
    for (let i = 0; i < 1000; i++) ips.insert(Uint8Array.of(10, 0, i >> 8, i), 32, owner);
  };
  fill("a");
  const walk = ips.walk("a");
  assert.equal(walk.next().done, false);
  ips.removeByPeer("a");
  for (const count of [0, 1000]) {
    assert.equal(ips.count("a") + ips.count("b"), count);
    assert.equal(lookup(ips, Uint8Array.of(10, 0, 3, 231)), count === 0 ? null : "b");
    if (count === 0) fill("b");
  }
  assert.equal(walk.next().done, true);
  for (const { address, prefixLength } of [...ips.entries("b")]) {
    ips.remove(address, prefixLength, "b");
  }
  ips.insert(Uint8Array.of(10, 0, 0, 1), 32, "c");
  assert.equal(lookup(ips, Uint8Array.of(10, 0, 0, 1)), "c");
  assert.deepEqual([...ips.entries("c")].length, 1);
});

Deno.test("allowed IPs: impossible prefixes are refused", () => {
  const ips = new AllowedIps<string>();
  assert.throws(() => ips.insert(new Uint8Array(4), 33, "a"), RangeError);
  assert.throws(() => ips.insert(new Uint8Array(16), 129, "a"), RangeError);
  assert.throws(() => ips.insert(new Uint8Array(4), -1, "a"), RangeError);
  assert.throws(() => ips.insert(new Uint8Array(4), 1.5, "a"), RangeError);
  assert.throws(() => ips.insert(new Uint8Array(5), 1, "a"), RangeError);
});

/** A list of prefixes, searched from end to end. */
class NaiveAllowedIps {
  #entries: { address: Uint8Array; prefixLength: number; owner: string }[] = [];

  insert(address: Uint8Array, prefixLength: number, owner: string): void {
    this.#entries = this.#entries.filter((entry) => !this.#same(entry, address, prefixLength));
    this.#entries.push({ address, prefixLength, owner });
  }

  remove(address: Uint8Array, prefixLength: number, owner: string): void {
    this.#entries = this.#entries.filter((entry) =>
      entry.owner !== owner || !this.#same(entry, address, prefixLength)
    );
  }

  removeByPeer(owner: string): void {
    this.#entries = this.#entries.filter((entry) => entry.owner !== owner);
  }

  lookup(address: Uint8Array): string | null {
    let best = -1;
    let owner: string | null = null;
    for (const entry of this.#entries) {
      if (entry.prefixLength > best && matches(entry.address, address, entry.prefixLength)) {
        best = entry.prefixLength;
        owner = entry.owner;
      }
    }
    return owner;
  }

  entries(owner: string): string[] {
    return this.#entries.filter((entry) => entry.owner === owner).map((entry) =>
      `${bitsOf(entry.address).slice(0, entry.prefixLength)}/${entry.prefixLength}`
    );
  }

  #same(entry: { address: Uint8Array; prefixLength: number }, address: Uint8Array, length: number) {
    return entry.prefixLength === length && matches(entry.address, address, length);
  }
}

function bitsOf(address: Uint8Array): string {
  return [...address].map((byte) => byte.toString(2).padStart(8, "0")).join("");
}

function matches(a: Uint8Array, b: Uint8Array, length: number): boolean {
  return a.length === b.length && bitsOf(a).slice(0, length) === bitsOf(b).slice(0, length);
}

// Few distinct bytes, so that prefixes nest and collide.
const byte = fc.oneof(fc.constantFrom(0, 1, 128, 255), fc.nat(255));
const address = fc.oneof(
  fc.array(byte, { minLength: 4, maxLength: 4 }),
  fc.array(byte, { minLength: 16, maxLength: 16 }),
).map((bytes) => Uint8Array.from(bytes));
const owner = fc.constantFrom("a", "b", "c", "d");
const operation = fc.record({
  kind: fc.constantFrom("insert", "insert", "insert", "remove", "removeByPeer"),
  address,
  length: fc.nat(128),
  again: fc.nat(),
  /** The last byte of an address that is otherwise the last one. */
  near: fc.option(byte),
  owner,
});

Deno.test("allowed IPs: any sequence of changes equals that of a plain list", () => {
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 60 }),
      fc.array(address, { minLength: 20, maxLength: 20 }),
      (operations, probes) => {
        const ips = new AllowedIps<string>();
        const naive = new NaiveAllowedIps();
        const used: Uint8Array[] = [];
        for (const { kind, address, length, again, near, owner } of operations) {
          const known = kind === "remove" ? used[again % 3 * 7] : undefined;
          const last = near === null ? undefined : used.at(-1);
          const target = known ?? last?.with(-1, near ?? 0) ?? address;
          const bits = target.length * 8;
          const prefixLength = last === undefined ? length % (bits + 1) : bits - length % 12;
          used.push(target);
          if (kind === "insert") {
            ips.insert(target, prefixLength, owner);
            naive.insert(target, prefixLength, owner);
          } else if (kind === "remove") {
            ips.remove(target, prefixLength, owner);
            naive.remove(target, prefixLength, owner);
          } else {
            ips.removeByPeer(owner);
            naive.removeByPeer(owner);
          }
        }
        for (const probe of [...probes, ...used]) {
          assert.equal(lookup(ips, probe), naive.lookup(probe));
        }
        for (const peer of ["a", "b", "c", "d"]) {
          const entries = [...ips.entries(peer)].map(({ address, prefixLength }) =>
            `${bitsOf(address).slice(0, prefixLength)}/${prefixLength}`
          );
          assert.deepEqual(entries, naive.entries(peer));
        }
      },
    ),
    { numRuns: 400 },
  );
});

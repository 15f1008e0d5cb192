/**
 * What it costs to find the peer that an inner address belongs to, by the number of prefixes. An
 * iteration looks up {@linkcode LOOKUPS} addresses: a figure in µs is one in ns per packet.
 *
 * The baseline is what one would write first: a Map for each prefix length, asked from the longest on.
 */
import { AllowedIps } from "../../core/allowed_ips.ts";
import type { IpFamily } from "../../core/ip.ts";
import { SeededRandom } from "../core/seeded_random.ts";

const LOOKUPS = 1000;
const SIZES = { 4: [1, 100, 10_000, 130_000], 6: [100, 10_000, 130_000] } as const;
/** What hosts and the networks behind them have; in a fifth of all peers it is a network. */
const LENGTHS = { 4: { host: 32, network: 28 }, 6: { host: 128, network: 64 } } as const;

/** One owner per prefix; none is 0. */
type Owner = number;

interface Prefix {
  readonly address: Uint8Array;
  readonly length: number;
}

class MapPerLength {
  /** By prefix length, the longest first. */
  readonly #maps = new Map<number, Map<string | number, Owner>>();

  insert({ address, length }: Prefix, owner: Owner): void {
    const map = this.#maps.get(length) ?? this.#add(length);
    map.set(keyOf(new DataView(address.buffer), 0, address.length, length), owner);
  }

  #add(length: number): Map<string | number, Owner> {
    const map = new Map<string | number, Owner>();
    const sorted = [...this.#maps, [length, map] as const].sort(([a], [b]) => b - a);
    this.#maps.clear();
    for (const [length, map] of sorted) this.#maps.set(length, map);
    return map;
  }

  lookup(view: DataView, offset: number, version: IpFamily): Owner | null {
    for (const [length, map] of this.#maps) {
      const owner = map.get(keyOf(view, offset, version === 4 ? 4 : 16, length));
      if (owner !== undefined) return owner;
    }
    return null;
  }
}

function keyOf(view: DataView, offset: number, size: number, length: number): string | number {
  if (size === 4) return view.getInt32(offset) & (-1 << (32 - length));
  const low = length === 128 ? `${view.getInt32(offset + 8)},${view.getInt32(offset + 12)}` : "";
  return `${view.getInt32(offset)},${view.getInt32(offset + 4)},${low}`;
}

const random = new SeededRandom(1);

function randomAddress(version: IpFamily): Uint8Array {
  const address = new Uint8Array(version === 4 ? 4 : 16);
  random.fill(address);
  address[0] = version === 4 ? 10 : 0xfd;
  return address;
}

function randomPrefixes(version: IpFamily, count: number): Prefix[] {
  const { host, network } = LENGTHS[version];
  return Array.from({ length: count }, (_, i) => ({
    address: randomAddress(version),
    length: i % 5 === 1 ? network : host,
  })).map((prefix) => ({ ...prefix, address: masked(prefix) }));
}

function masked({ address, length }: Prefix): Uint8Array {
  return address.map((byte, i) => byte & (0xff << Math.max(0, Math.min(8, 8 * i + 8 - length))));
}

/** Addresses one after another, as many as are looked up. */
function addresses(version: IpFamily, next: (i: number) => Uint8Array): DataView {
  const size = version === 4 ? 4 : 16;
  const bytes = new Uint8Array(LOOKUPS * size);
  for (let i = 0; i < LOOKUPS; i++) bytes.set(next(i), i * size);
  return new DataView(bytes.buffer);
}

for (const version of [4, 6] as const) {
  for (const count of SIZES[version]) {
    const prefixes = randomPrefixes(version, count);
    const trie = new AllowedIps<Owner>();
    const maps = new MapPerLength();
    prefixes.forEach((prefix, i) => {
      trie.insert(prefix.address, prefix.length, i + 1);
      maps.insert(prefix, i + 1);
    });
    const isKnown = (address: Uint8Array) =>
      trie.lookup(new DataView(address.buffer), 0, version) !== null;
    const known = (i: number) => prefixes[i % count]?.address ?? new Uint8Array(16);
    const targets: Record<string, DataView> = {
      "at random": addresses(version, () => known(random.below(count))),
      "in bursts of 40": addresses(version, (i) => known(Math.floor(i / 40))),
    };
    if (count === 10_000) {
      // Next to a prefix, where the way down is the longest.
      targets["unknown"] = addresses(version, () => {
        for (;;) {
          const address = known(random.below(count)).slice();
          address[random.below(3) + 1] = random.below(256);
          if (!isKnown(address)) return address;
        }
      });
    }
    for (const [what, view] of Object.entries(targets)) {
      const size = version === 4 ? 4 : 16;
      const expected = what === "unknown" ? 0 : LOOKUPS;
      const run = (table: AllowedIps<Owner> | MapPerLength) => {
        let found = 0;
        for (let offset = 0; offset < LOOKUPS * size; offset += size) {
          if (table.lookup(view, offset, version) !== null) found++;
        }
        if (found !== expected) throw new Error(`${found} found, not ${expected}`);
      };
      const group = `IPv${version}, ${count} prefixes`;
      const baseline = what === "at random";
      if (baseline) {
        Deno.bench({
          name: `${group}, ${what}: a Map per length`,
          group,
          baseline,
          fn: () => run(maps),
        });
      }
      Deno.bench({ name: `${group}, ${what}: wgts`, group, fn: () => run(trie) });
    }
  }
}

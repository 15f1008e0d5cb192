/** Hours of virtual time on networks that lose, repeat, delay, reorder, change and forge datagrams. */

import assert from "node:assert/strict";
import { createWasmCrypto, WASM_SCRATCH_SIZE, wasmSupported } from "../../core/crypto/wasm.ts";
import {
  type Adversary,
  type Datagram,
  type Host,
  ipv4Packet,
  ipv6Packet,
  packetId,
  pair,
  Simulation,
  udpEndpoint,
} from "./sim.ts";
import type { SeededRandom } from "./seeded_random.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** How often each misfortune befalls a datagram, in percent. */
interface Weather {
  drop: number;
  duplicate: number;
  delay: number;
  tamper: number;
  replay: number;
}

const STORM: Weather = { drop: 30, duplicate: 10, delay: 30, tamper: 10, replay: 10 };
const DRIZZLE: Weather = { drop: 3, duplicate: 2, delay: 10, tamper: 1, replay: 1 };

function badNetwork(random: SeededRandom, weather: Weather): Adversary {
  const seen: Datagram[] = [];
  return (datagram, network) => {
    const copy = (): Datagram => ({
      ...datagram,
      bytes: datagram.bytes.slice(),
      at: datagram.at + random.below(2000),
    });
    if (seen.length < 500) seen.push(copy());
    else seen[random.below(500)] = copy();
    if (random.chance(weather.duplicate)) network.inject(copy());
    if (random.chance(weather.tamper)) {
      const forged = copy();
      // Not the last 16 bytes: mac2 isn't looked at without load, so that would be a valid message
      // from elsewhere.
      const at = random.below(forged.bytes.length - 16);
      forged.bytes[at] = (forged.bytes[at] ?? 0) ^ 1 << random.below(8);
      forged.from = udpEndpoint([203, 0, 113, random.below(256)], 1 + random.below(65_535));
      network.inject(forged);
    }
    const old = seen[random.below(seen.length)];
    if (old && random.chance(weather.replay)) {
      network.inject({ ...old, bytes: old.bytes.slice(), at: datagram.at });
    }
    if (random.chance(weather.delay)) datagram.at += random.below(3000);
    return !random.chance(weather.drop);
  };
}

/** Packets from one host to another, each sent again and again until it has arrived. */
class Stream {
  readonly #waiting = new Map<number, { packet: Uint8Array; sentAt: number }>();
  readonly #arrived = new Map<number, number>();
  readonly #sent = new Map<number, Uint8Array[]>();
  #nextId: number;
  #read = 0;

  constructor(readonly from: Host, readonly to: Host, firstId: number) {
    this.#nextId = firstId;
  }

  /** Sends a new packet. */
  offer(): void {
    const { random } = this.from.sim;
    const make = random.chance(50) ? ipv4Packet : ipv6Packet;
    const id = this.#nextId++;
    this.#send(id, make(this.from, this.to, id, 44 + random.below(1377)));
  }

  /** Sends what has not arrived within `timeout` ms again. */
  retry(timeout: number): void {
    const { boot } = this.from.sim.now;
    for (const [id, { packet, sentAt }] of this.#waiting) {
      if (boot - sentAt >= timeout) this.#send(id, packet);
    }
  }

  /** Looks at what was delivered: nothing may be changed, and nothing more often than it was sent. */
  check(): void {
    for (; this.#read < this.to.received.length; this.#read++) {
      const delivered = this.to.received[this.#read];
      assert.ok(delivered);
      const id = packetId(delivered.packet);
      const sent = this.#sent.get(id);
      if (sent === undefined) continue;
      assert.equal(delivered.peer, this.to.peer(this.from));
      assert.deepEqual(delivered.packet, sent[0]);
      const count = (this.#arrived.get(id) ?? 0) + 1;
      assert.ok(count <= sent.length, `packet ${id} was sent ${sent.length} times, came ${count}`);
      this.#arrived.set(id, count);
      this.#waiting.delete(id);
    }
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get arrived(): number {
    return this.#arrived.size;
  }

  #send(id: number, packet: Uint8Array): void {
    this.#waiting.set(id, { packet, sentAt: this.from.sim.now.boot });
    const sent = this.#sent.get(id);
    if (sent === undefined) this.#sent.set(id, [packet]);
    else sent.push(packet);
    this.from.send(packet);
  }
}

/** Nothing unknown is ever delivered. */
function assertAllKnown(hosts: Host[], ids: number): void {
  for (const host of hosts) {
    for (const { packet } of host.received) assert.ok(packetId(packet) < ids);
  }
}

/** Offers packets on `streams` for `duration`, at random moments about `interval` ms apart. */
function exchange(
  sim: Simulation,
  streams: Stream[],
  duration: number,
  interval: number,
  each?: () => void,
): void {
  const end = sim.now.boot + duration;
  while (sim.now.boot < end) {
    for (const stream of streams) {
      if (sim.random.chance(50)) stream.offer();
      stream.retry(5 * SECOND);
    }
    each?.();
    sim.run(1 + sim.random.below(2 * interval));
    for (const stream of streams) stream.check();
  }
}

/** Lets all that waits arrive. */
function settle(sim: Simulation, streams: Stream[], duration: number): void {
  const end = sim.now.boot + duration;
  while (sim.now.boot < end && streams.some((stream) => stream.waiting > 0)) {
    for (const stream of streams) stream.retry(SECOND);
    sim.run(SECOND);
    for (const stream of streams) stream.check();
  }
  for (const stream of streams) assert.equal(stream.waiting, 0);
}

for (const [name, weather, seeds] of [["storm", STORM, 3], ["drizzle", DRIZZLE, 3]] as const) {
  Deno.test(`an hour of ${name}: every packet arrives, unchanged, and never twice`, () => {
    for (let seed = 1; seed <= seeds; seed++) {
      const { sim, a, b } = pair(seed);
      const streams = [new Stream(a, b, 0), new Stream(b, a, 1 << 20)];
      b.peer(a).setEndpoint(a.address);
      sim.network.adversary = badNetwork(sim.random, weather);
      exchange(sim, streams, HOUR, 4 * SECOND);
      assert.ok(streams.every((stream) => stream.arrived > 300));
      settle(sim, streams, 10 * MINUTE);
      assertAllKnown([a, b], 2 << 20);
    }
  });
}

Deno.test("two hours of bad weather between one host that stays and three that roam", () => {
  const sim = new Simulation(11);
  const server = sim.addHost();
  const roaming = [sim.addHost(), sim.addHost(), sim.addHost()];
  const streams: Stream[] = [];
  for (const host of roaming) {
    sim.connect(host, server);
    streams.push(new Stream(host, server, streams.length << 20));
    streams.push(new Stream(server, host, streams.length << 20));
  }
  sim.network.adversary = badNetwork(sim.random, DRIZZLE);
  exchange(sim, streams, 2 * HOUR, 10 * SECOND, () => {
    const host = roaming[sim.random.below(30)];
    if (host === undefined) return;
    host.address = udpEndpoint([198, 51, 100, host.number], 1 + sim.random.below(65_535));
  });
  settle(sim, streams, 10 * MINUTE);
  assert.ok(streams.every((stream) => stream.arrived > 200));
  assertAllKnown(sim.hosts, streams.length << 20);
});

Deno.test("outages of all lengths are recovered from", () => {
  const { sim, a, b } = pair(21);
  b.peer(a).setEndpoint(a.address);
  const streams = [new Stream(a, b, 0), new Stream(b, a, 1 << 20)];
  for (const outage of [1, 10, 60, 100, 170, 200, 400, 600, 1000]) {
    exchange(sim, streams, 30 * SECOND, SECOND);
    sim.network.adversary = () => false;
    exchange(sim, streams, outage * SECOND, 10 * SECOND);
    sim.network.adversary = null;
    settle(sim, streams, 30 * SECOND);
  }
});

Deno.test("a network that only goes one way, and then the other, is recovered from", () => {
  const { sim, a, b } = pair(22);
  b.peer(a).setEndpoint(a.address);
  const streams = [new Stream(a, b, 0), new Stream(b, a, 1 << 20)];
  for (const mute of [a, b, a, b]) {
    sim.network.adversary = ({ from }) => from !== mute.address;
    exchange(sim, streams, 300 * SECOND, 5 * SECOND);
    sim.network.adversary = null;
    settle(sim, streams, 30 * SECOND);
  }
});

Deno.test("a peer that forgets everything is reached again", () => {
  const { sim, a, b } = pair(23);
  b.peer(a).setEndpoint(a.address);
  const streams = [new Stream(a, b, 0), new Stream(b, a, 1 << 20)];
  for (const host of [a, b, a, b]) {
    exchange(sim, streams, 60 * SECOND, SECOND);
    host.device.down(sim.now);
    host.device.up(sim.now);
    settle(sim, streams, 30 * SECOND);
  }
});

Deno.test("random bytes of all lengths change nothing", () => {
  const { sim, a, b } = pair(24);
  const streams = [new Stream(a, b, 0), new Stream(b, a, 1 << 20)];
  exchange(sim, streams, 10 * SECOND, SECOND);
  settle(sim, streams, 10 * SECOND);
  const before = b.peer(a).receivedBytes;
  const stranger = udpEndpoint([203, 0, 113, 1], 1);
  for (let i = 0; i < 20_000; i++) {
    const bytes = new Uint8Array(sim.random.chance(50) ? [148, 92, 64, 32][i & 3] ?? 0 : i % 300);
    sim.random.fill(bytes);
    if (bytes.length >= 4 && i % 5 !== 0) bytes.set([1 + (i & 3), 0, 0, 0]);
    b.receive([{ bytes, from: stranger }]);
  }
  assert.equal(b.peer(a).receivedBytes, before);
  assert.ok(b.peer(a).endpoint?.sameRemote(a.address));
  exchange(sim, streams, 10 * SECOND, SECOND);
  settle(sim, streams, 10 * SECOND);
});

Deno.test({
  name: "noble and WebAssembly talk to each other, in batches, through a storm",
  ignore: !wasmSupported(),
  fn: () => {
    const sim = new Simulation(31);
    const scratch = 896 << 10;
    const memory = new WebAssembly.Memory({ initial: 16, maximum: 16 });
    assert.ok(scratch + WASM_SCRATCH_SIZE <= memory.buffer.byteLength);
    const a = sim.addHost();
    const b = sim.addHost({
      memory: memory.buffer,
      crypto: () => createWasmCrypto(memory, scratch),
    });
    sim.connect(a, b);
    b.peer(a).setEndpoint(a.address);
    const streams = [new Stream(a, b, 0), new Stream(b, a, 1 << 20)];
    sim.network.adversary = badNetwork(sim.random, STORM);
    exchange(sim, streams, 10 * MINUTE, SECOND);
    settle(sim, streams, 10 * MINUTE);
    sim.network.adversary = null;
    for (const [from, to] of [[a, b], [b, a]] as const) {
      const before = to.received.length;
      const packets = Array.from({ length: 100 }, (_, i) => ipv4Packet(from, to, 1 << 21, 24 + i));
      from.sendBatch(packets);
      sim.run(100);
      assert.deepEqual(to.received.slice(before).map(({ packet }) => packet), packets);
    }
  },
});

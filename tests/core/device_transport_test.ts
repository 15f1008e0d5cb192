/** Transport data: padding, crypto-key routing, replays, roaming, batches and counters. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Endpoint } from "../../core/endpoint.ts";
import {
  connectedPair,
  countEvents,
  type Datagram,
  type Host,
  ipv4Packet,
  ipv6Packet,
  packetId,
  pair,
  publicKeyOf,
  Simulation,
  typeOf,
  udpEndpoint,
} from "./sim.ts";

const TRANSPORT_DATA = 4;

/** Lets `host` send `packet` and returns the datagram, which the network doesn't carry. */
function capture(host: Host, packet: Uint8Array): Uint8Array {
  const { network } = host.sim;
  const { adversary } = network;
  let captured: Uint8Array | undefined;
  network.adversary = ({ bytes }) => {
    captured = bytes;
    return false;
  };
  host.send(packet);
  network.adversary = adversary;
  assert.ok(captured, "nothing was sent");
  return captured;
}

/** Sends a packet whose bytes needn't make sense from `from`, sealed for the peer of `to`. */
function forge(from: Host, to: Host, packet: Uint8Array): Uint8Array {
  const session = from.peer(to).sessions.current;
  assert.ok(session);
  const { bytes } = from.memory;
  const message = from.transmit.allocate(packet.length + 32);
  session.writeHeader(message);
  bytes.set(packet, message + 16);
  assert.ok(session.seal(message, packet.length));
  const datagram = bytes.slice(message, message + packet.length + 32);
  from.transmit.reset();
  return datagram;
}

function arrive(to: Host, bytes: Uint8Array, from: Endpoint): void {
  to.receive([{ bytes: bytes.slice(), from }]);
}

Deno.test("transport: packets of all sizes arrive as they were sent", () => {
  const { sim, a, b } = connectedPair();
  const packets: Uint8Array[] = [];
  for (let size = 24; size <= 1420; size += 7) packets.push(ipv4Packet(a, b, size, size));
  for (let size = 44; size <= 1420; size += 97) packets.push(ipv6Packet(a, b, size, size));
  for (const packet of packets) a.send(packet);
  sim.run(50);
  assert.deepEqual(b.received.map(({ packet }) => packet), packets);
  assert.ok(b.received.every(({ peer }) => peer === b.peer(a)));
});

Deno.test("transport: large packets, up to what one datagram holds", () => {
  const { sim, a, b } = connectedPair();
  a.device.mtu = 65_475;
  const packets = [9000, 32_768, 65_475].map((size) => ipv4Packet(a, b, size, size));
  for (const packet of packets) a.send(packet);
  sim.run(50);
  assert.deepEqual(b.received.map(({ packet }) => packet), packets);
});

Deno.test("transport: packets are padded to 16 bytes, but not beyond the MTU", () => {
  const { a, b } = connectedPair();
  const padded = (mtu: number, size: number) => {
    a.device.mtu = mtu;
    return capture(a, ipv4Packet(a, b, 1, size)).length - 32;
  };
  assert.equal(padded(1420, 33), 48);
  assert.equal(padded(1420, 48), 48);
  assert.equal(padded(1420, 1409), 1420);
  assert.equal(padded(1420, 1420), 1420);
  assert.equal(padded(1299, 1290), 1296);
  assert.equal(padded(1299, 1297), 1299);
  // Larger than the MTU, as when that was just lowered: as the last part of that size.
  assert.equal(padded(1000, 1990), 1992);
  assert.equal(padded(1000, 2000), 2000);
  assert.equal(padded(1000, 1033), 1048);
});

Deno.test("transport: staged packets are padded the same way", () => {
  const { sim, a, b } = pair();
  sim.network.recording = true;
  a.device.mtu = 1299;
  for (const size of [33, 1290, 1297]) a.send(ipv4Packet(a, b, size, size));
  sim.run(50);
  const data = sim.network.log.filter(({ bytes }) => typeOf(bytes) === TRANSPORT_DATA);
  assert.deepEqual(data.map(({ bytes }) => bytes.length - 32), [48, 1296, 1299]);
  assert.deepEqual(b.received.map(({ packet }) => packet.length), [33, 1290, 1297]);
});

Deno.test("transport: the padding is zero", () => {
  const { a, b } = connectedPair();
  const datagram = capture(a, ipv4Packet(a, b, 1, 33));
  // The receiver opens in place: what lies behind the packet is the padding.
  const at = 128 << 10;
  arrive(b, datagram, a.address);
  assert.equal(b.received.length, 1);
  assert.deepEqual(b.memory.bytes.slice(at + 16 + 33, at + 16 + 48), new Uint8Array(15));
});

Deno.test("transport: a datagram is delivered once, however often it comes", () => {
  const { sim, a, b } = connectedPair();
  sim.network.adversary = (datagram, network) => {
    for (const delay of [0, 5, 5000]) network.inject({ ...datagram, at: datagram.at + delay });
  };
  for (let id = 0; id < 20; id++) a.send(ipv4Packet(a, b, id));
  sim.run(10_000);
  assert.deepEqual(
    b.received.map(({ packet }) => packetId(packet)),
    Array.from({ length: 20 }, (_, id) => id),
  );
});

Deno.test("transport: duplicates in one batch are delivered once", () => {
  const { a, b } = connectedPair();
  const bytes = capture(a, ipv4Packet(a, b, 1));
  b.receive([0, 1, 2].map(() => ({ bytes: bytes.slice(), from: a.address })));
  assert.equal(b.received.length, 1);
});

Deno.test("transport: a replay neither roams nor counts", () => {
  const { a, b } = connectedPair();
  const bytes = capture(a, ipv4Packet(a, b, 1));
  arrive(b, bytes, a.address);
  const before = b.peer(a).receivedBytes;
  arrive(b, bytes, udpEndpoint([203, 0, 113, 9], 9));
  assert.ok(b.peer(a).endpoint?.sameRemote(a.address));
  assert.equal(b.peer(a).receivedBytes, before);
});

Deno.test("transport: any changed bit makes a datagram worthless", () => {
  const { a, b } = connectedPair();
  const bytes = capture(a, ipv4Packet(a, b, 1, 24));
  const before = b.peer(a).receivedBytes;
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = bytes.slice();
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ 1 << bit % 8;
    arrive(b, changed, udpEndpoint([203, 0, 113, 9], 9));
  }
  for (let length = 0; length < bytes.length; length++) {
    arrive(b, bytes.subarray(0, length), udpEndpoint([203, 0, 113, 9], 9));
  }
  assert.equal(b.received.length, 0);
  assert.equal(b.peer(a).receivedBytes, before);
  assert.ok(b.peer(a).endpoint?.sameRemote(a.address));
  arrive(b, bytes, a.address);
  assert.equal(b.received.length, 1);
});

Deno.test("transport: a packet from an address that isn't the peer's is dropped, but roams", () => {
  const { sim, a, b } = connectedPair();
  const c = sim.addHost();
  sim.connect(b, c);
  const before = b.peer(a).receivedBytes;
  const elsewhere = udpEndpoint([203, 0, 113, 9], 9);
  for (const packet of [ipv4Packet(c, b, 1), ipv6Packet(c, b, 1), ipv4Packet(b, b, 1)]) {
    arrive(b, forge(a, b, packet), elsewhere);
  }
  assert.equal(b.received.length, 0);
  assert.equal(b.peer(a).receivedBytes, before);
  assert.ok(b.peer(a).endpoint?.sameRemote(elsewhere));
});

Deno.test("transport: a more specific peer takes over a source address", () => {
  const { sim, a, b } = connectedPair();
  const c = sim.addHost();
  sim.connect(b, c);
  b.device.allowedIps.insert(Uint8Array.of(10, 0, 0, 0), 24, b.peer(a));
  b.device.allowedIps.insert(a.inner4, 32, b.peer(c));
  a.send(ipv4Packet(a, b, 1));
  sim.run(50);
  assert.equal(b.received.length, 0);
  b.device.allowedIps.remove(a.inner4, 32, b.peer(c));
  a.send(ipv4Packet(a, b, 2));
  sim.run(50);
  assert.equal(b.received.length, 1);
});

Deno.test("transport: what isn't a whole IP packet is dropped", () => {
  const { a, b } = connectedPair();
  const good = ipv4Packet(a, b, 1, 32);
  const bad: Uint8Array[] = [
    Uint8Array.of(0x45),
    good.slice(0, 19),
    Object.assign(good.slice(), { 0: 0x55 }),
    Object.assign(good.slice(), { 0: 0x00 }),
    Object.assign(good.slice(), { 2: 0, 3: 33 }),
    Object.assign(good.slice(), { 2: 0, 3: 19 }),
    Object.assign(good.slice(), { 2: 0xff, 3: 0xff }),
    ipv6Packet(a, b, 1, 48).slice(0, 39),
    Object.assign(ipv6Packet(a, b, 1, 48), { 5: 9 }),
    Object.assign(ipv6Packet(a, b, 1, 48), { 4: 0xff }),
  ];
  for (const packet of bad) arrive(b, forge(a, b, packet), a.address);
  assert.equal(b.received.length, 0);
  arrive(b, forge(a, b, good), a.address);
  assert.equal(b.received.length, 1);
});

Deno.test("transport: packets are trimmed to their IP length", () => {
  const { a, b } = connectedPair();
  for (const packet of [ipv4Packet(a, b, 1, 33), ipv6Packet(a, b, 1, 57)]) {
    const padded = new Uint8Array(packet.length + 500);
    padded.set(packet);
    arrive(b, forge(a, b, padded), a.address);
    assert.deepEqual(b.received.at(-1)?.packet, packet);
  }
});

Deno.test("transport: packets without a peer, an endpoint or a version are not sent", () => {
  const { sim, a, b } = connectedPair();
  sim.network.recording = true;
  const stranger = Object.assign(ipv4Packet(a, b, 1), { 19: 77 });
  for (const packet of [stranger, new Uint8Array(84), ipv4Packet(a, b, 1).slice(0, 19)]) {
    a.send(packet);
  }
  a.peer(b).setEndpoint(null);
  a.send(ipv4Packet(a, b, 1));
  sim.run(50);
  assert.equal(sim.network.log.length, 0);
  assert.equal(a.peer(b).staged.count, 0);
});

Deno.test("transport: roaming by any authenticated packet, and by nothing else", () => {
  const { sim, a, b } = connectedPair();
  const away = udpEndpoint([203, 0, 113, 1], 4500);
  const forged = capture(a, ipv4Packet(a, b, 1)).fill(0, 20, 40);
  arrive(b, forged, away);
  assert.ok(b.peer(a).endpoint?.sameRemote(a.address));
  assert.equal(countEvents(b, "roamed"), 0);

  a.address = away;
  a.send(ipv4Packet(a, b, 2));
  sim.run(50);
  assert.ok(b.peer(a).endpoint?.sameRemote(away));
  assert.equal(countEvents(b, "roamed"), 1);
  b.send(ipv4Packet(b, a, 3));
  sim.run(50);
  assert.equal(a.received.length, 1);

  // A keepalive, IPv6, and only the port.
  for (const address of [new Endpoint(b.inner6, 1), new Endpoint(b.inner6, 2)]) {
    arrive(b, forge(a, b, new Uint8Array(0)), address);
    assert.ok(b.peer(a).endpoint?.sameRemote(address));
  }
  assert.equal(countEvents(b, "roamed"), 3);
});

Deno.test("transport: the local source is kept, and forgotten when there is no answer", () => {
  const { sim, a, b } = connectedPair();
  const source = { address: Uint8Array.of(192, 0, 2, 2), interfaceIndex: 3 };
  const from = new Endpoint(a.address.address, a.address.port, 0, source);
  arrive(b, capture(a, ipv4Packet(a, b, 1)), from);
  assert.equal(b.peer(a).endpoint, from);
  assert.equal(countEvents(b, "roamed"), 0);
  sim.network.adversary = () => false;
  b.send(ipv4Packet(b, a, 1));
  sim.run(15_400);
  assert.equal(b.peer(a).endpoint?.source, null);
});

Deno.test("transport: the counters equal the kernel's after 10 pings", () => {
  const { sim, a, b } = pair();
  for (let id = 0; id < 10; id++) {
    a.send(ipv4Packet(a, b, id, 84));
    sim.run(100);
    b.send(ipv4Packet(b, a, id, 84));
    sim.run(100);
  }
  assert.equal(a.received.length, 10);
  assert.equal(a.peer(b).receivedBytes, 1372);
  assert.equal(a.peer(b).sentBytes, 1428);
  assert.equal(b.peer(a).receivedBytes, 1428);
  assert.equal(b.peer(a).sentBytes, 1372);
  assert.equal(a.peer(b).lastHandshake, 1_700_000_000_020);
});

Deno.test("transport: more packets than a batch holds, for several peers at once", () => {
  const sim = new Simulation(7);
  const [a, b, c] = [sim.addHost(), sim.addHost(), sim.addHost()];
  sim.connect(a, b);
  sim.connect(a, c);
  const packets = Array.from({ length: 200 }, (_, id) => ipv4Packet(a, id % 3 ? b : c, id, 60));
  a.sendBatch(packets.slice(0, 2));
  sim.run(100);
  a.sendBatch(packets.slice(2));
  sim.run(100);
  const ids = (host: Host) => host.received.map(({ packet }) => packetId(packet));
  assert.deepEqual(ids(b), packets.map((_, id) => id).filter((id) => id % 3 !== 0));
  assert.deepEqual(ids(c), packets.map((_, id) => id).filter((id) => id % 3 === 0));
});

Deno.test("transport: datagrams of several peers arrive in one batch", () => {
  const sim = new Simulation(8);
  const [a, b, c] = [sim.addHost(), sim.addHost(), sim.addHost()];
  sim.connect(b, a);
  sim.connect(c, a);
  b.send(ipv4Packet(b, a, 0));
  c.send(ipv4Packet(c, a, 1));
  sim.run(100);
  a.received.length = 0;
  const datagrams: { bytes: Uint8Array; from: Endpoint }[] = [];
  for (let id = 0; id < 100; id++) {
    const from = id % 5 < 3 ? b : c;
    const bytes = capture(from, ipv4Packet(from, a, id));
    datagrams.push({ bytes: bytes.slice(), from: from.address });
  }
  const before = [b, c].map((from) => a.peer(from).receivedBytes);
  a.receive(datagrams);
  assert.deepEqual(
    a.received.map(({ packet, peer }) => [packetId(packet), peer]),
    datagrams.map((_, id) => [id, a.peer(id % 5 < 3 ? b : c)]),
  );
  const after = [b, c].map((from) => a.peer(from).receivedBytes);
  const size = datagrams[0]?.bytes.length ?? 0;
  assert.deepEqual(after, [(before[0] ?? 0) + 60 * size, (before[1] ?? 0) + 40 * size]);
});

Deno.test("transport: packets behind staged ones don't overtake them", () => {
  const { sim, a, b } = pair();
  for (let id = 0; id < 5; id++) a.send(ipv4Packet(a, b, id));
  // The session comes up, but the engine hands over more packets before it pumps.
  sim.run(11);
  const { device } = a;
  const pump = device.pump.bind(device);
  device.pump = () => false;
  sim.run(10);
  for (let id = 5; id < 8; id++) a.send(ipv4Packet(a, b, id));
  device.pump = pump;
  a.turn();
  sim.run(50);
  assert.deepEqual(b.received.map(({ packet }) => packetId(packet)), [0, 1, 2, 3, 4, 5, 6, 7]);
});

/** Counts how often `host` is told that more staged packets wait for room. */
function countPumps(host: Host): { more: number } {
  const { device } = host;
  const pump = device.pump.bind(device);
  const counts = { more: 0 };
  device.pump = (now) => {
    const more = pump(now);
    if (more) counts.more++;
    return more;
  };
  return counts;
}

for (
  const [what, options, least] of [
    ["the transmit buffer", { transmitSize: 16 << 10 }, 10],
    ["the outgoing queue", { device: { queueCapacity: 8 } }, 15],
  ] as const
) {
  Deno.test(`transport: staged packets wait for room in ${what}`, () => {
    const sim = new Simulation();
    const a = sim.addHost(options), b = sim.addHost();
    sim.connect(a, b);
    const counts = countPumps(a);
    for (let id = 0; id < 128; id++) a.send(ipv4Packet(a, b, id, 1400));
    sim.run(100);
    assert.ok(counts.more >= least, `${counts.more} times`);
    assert.deepEqual(
      b.received.map(({ packet }) => packetId(packet)),
      Array.from({ length: 128 }, (_, id) => id),
    );
  });
}

Deno.test("transport: a keepalive waits for room in the outgoing queue", () => {
  const sim = new Simulation();
  const a = sim.addHost({ device: { queueCapacity: 1 } });
  const others = [sim.addHost(), sim.addHost(), sim.addHost()];
  for (const other of others) {
    sim.connect(a, other);
    a.send(ipv4Packet(a, other, 1));
    sim.run(100);
  }
  sim.network.recording = true;
  for (const other of others) a.peer(other).setPersistentKeepaliveInterval(60, sim.now);
  a.device.advance(sim.now);
  assert.equal(a.device.outgoing.count, 1);
  assert.ok(a.device.nextDeadline() <= sim.now.boot);
  a.turn();
  assert.deepEqual(sim.network.log.map(({ bytes }) => bytes.length), [32, 32, 32]);
});

Deno.test("transport: staged packets outlive the session they were to be sent in", () => {
  const { sim, a, b } = connectedPair();
  const { device } = a;
  const pump = device.pump.bind(device);
  device.pump = () => false;
  a.device.setPrivateKey(null, sim.now);
  a.device.setPrivateKey(new Uint8Array(32).fill(3), sim.now);
  const peer = b.device.addPeer(publicKeyOf(a));
  assert.ok(peer);
  b.device.allowedIps.insert(a.inner4, 32, peer);
  a.send(ipv4Packet(a, b, 1));
  sim.run(181_000);
  assert.equal(b.received.length, 0);
  assert.ok(device.isUp && a.peer(b).staged.count === 1);
  device.pump = pump;
  a.turn();
  sim.run(100);
  assert.equal(b.received.length, 1);
});

Deno.test("transport: a full outgoing queue drops packets before they use up a counter", () => {
  const sim = new Simulation();
  const a = sim.addHost({ device: { queueCapacity: 8 } });
  const b = sim.addHost();
  sim.connect(a, b);
  a.send(ipv4Packet(a, b, 0));
  sim.run(100);
  const counter = a.peer(b).sessions.current?.sendCounter;
  const before = counter?.low ?? 0;
  a.sendBatch(Array.from({ length: 20 }, (_, id) => ipv4Packet(a, b, id)));
  sim.run(100);
  assert.equal(counter?.low, before + 8);
  assert.equal(b.received.length, 1 + 8);
});

Deno.test("transport: packets queued for a peer that is removed meanwhile are never sealed", () => {
  const { sim, a, b } = connectedPair();
  sim.network.recording = true;
  const peer = a.peer(b);
  const packet = ipv4Packet(a, b, 1);
  const offset = a.transmit.allocate(16 + packet.length + 31) + 16;
  a.memory.bytes.set(packet, offset);
  assert.ok(a.device.send(offset, packet.length, sim.now));
  a.device.removePeer(peer);
  a.device.completeSend(sim.now);
  a.turn();
  assert.equal(sim.network.log.length, 0);
});

Deno.test("transport: a peer that is removed meanwhile doesn't disturb the others' packets", () => {
  const sim = new Simulation();
  const [a, b, c] = [sim.addHost(), sim.addHost(), sim.addHost()];
  for (const other of [b, c]) {
    sim.connect(a, other);
    a.send(ipv4Packet(a, other, 0));
    sim.run(100);
  }
  for (let id = 1; id <= 6; id++) {
    const packet = ipv4Packet(a, id % 2 ? b : c, id);
    const offset = a.transmit.allocate(16 + packet.length + 31) + 16;
    a.memory.bytes.set(packet, offset);
    assert.ok(a.device.send(offset, packet.length, sim.now));
  }
  a.device.removePeer(a.peer(b));
  a.device.completeSend(sim.now);
  a.turn();
  sim.run(100);
  assert.deepEqual(b.received.map(({ packet }) => packetId(packet)), [0]);
  assert.deepEqual(c.received.map(({ packet }) => packetId(packet)), [0, 2, 4, 6]);
});

Deno.test("transport: datagrams queued for a peer that is removed meanwhile are dropped", () => {
  const { sim, a, b } = connectedPair();
  const bytes = capture(a, ipv4Packet(a, b, 1));
  const at = 128 << 10;
  b.memory.bytes.set(bytes, at);
  b.device.receive(at, bytes.length, a.address, sim.now);
  b.device.removePeer(b.peer(a));
  b.device.completeReceive(sim.now);
  assert.equal(b.device.delivered.count, 0);
});

Deno.test("transport: nothing in a message shows what is in it", () => {
  const { sim, a, b } = connectedPair();
  sim.network.recording = true;
  const packet = ipv4Packet(a, b, 1, 256);
  a.send(packet);
  a.send(packet);
  sim.run(50);
  const [first, second] = sim.network.log as [Datagram, Datagram];
  assert.notDeepEqual(first.bytes.subarray(16), second.bytes.subarray(16));
  assert.ok(!Buffer.from(first.bytes).includes(Buffer.from(packet.subarray(20, 28))));
});

/** Handshakes as attackers see them: forged, replayed and tampered with. */

import assert from "node:assert/strict";
import { createNobleCrypto } from "../../core/crypto/noble.ts";
import { memoryOf } from "../../core/memory.ts";
import { CookieGenerator } from "../../core/noise/cookie.ts";
import {
  captureInitiation,
  COOKIE_REPLY,
  ELSEWHERE,
  INITIATION,
  queue,
  RESPONSE,
  sentTo,
} from "./handshake_messages.ts";
import {
  connectedPair,
  countEvents,
  type Datagram,
  ipv4Packet,
  ipv6Packet,
  pair,
  publicKeyOf,
  Simulation,
  timesSent,
  typeOf,
  udpEndpoint,
} from "./sim.ts";

Deno.test("handshake: IPv4 and IPv6 packets both start one, and both arrive", () => {
  const { sim, a, b } = pair();
  a.send(ipv6Packet(a, b, 1));
  a.send(ipv4Packet(a, b, 2));
  sim.run(100);
  assert.equal(b.received.length, 2);
  assert.equal(countEvents(a, "handshake-initiated"), 1);
});

Deno.test("handshake: a message whose mac1 is wrong isn't even queued", () => {
  const { a, b } = pair();
  const initiation = captureInitiation(a, b);
  for (let at = 116; at < 132; at++) {
    const changed = initiation.slice();
    changed[at] = (changed[at] ?? 0) ^ 0x10;
    queue(b, changed, a.address);
  }
  assert.equal(b.device.handshakesWaiting, 0);
  queue(b, initiation, a.address);
  assert.equal(b.device.handshakesWaiting, 1);
});

Deno.test("handshake: responses and cookie replies for no index of ours aren't queued", () => {
  const { sim, a, b } = pair();
  captureInitiation(a, b);
  for (const [type, size] of [[RESPONSE, 92], [COOKIE_REPLY, 64]] as const) {
    for (let i = 0; i < 100; i++) {
      const message = new Uint8Array(size);
      sim.random.fill(message);
      message.set([type, 0, 0, 0]);
      queue(a, message, b.address);
    }
  }
  assert.equal(a.device.handshakesWaiting, 0);
});

Deno.test("handshake: messages of another length or with reserved bytes set are ignored", () => {
  const { a, b } = pair();
  const initiation = captureInitiation(a, b);
  queue(b, initiation.subarray(0, 147), a.address);
  const longer = new Uint8Array(149);
  longer.set(initiation);
  queue(b, longer, a.address);
  for (const at of [1, 2, 3]) queue(b, Object.assign(initiation.slice(), { [at]: 1 }), a.address);
  for (const type of [0, 5, 255]) {
    queue(b, Object.assign(initiation.slice(), { 0: type }), a.address);
  }
  queue(b, new Uint8Array(0), a.address);
  assert.equal(b.device.handshakesWaiting, 0);
});

Deno.test("handshake: any changed byte makes an initiation and a response worthless", () => {
  for (const type of [INITIATION, RESPONSE]) {
    const { sim, a, b } = pair();
    const size = type === INITIATION ? 148 : 92;
    let at = 0;
    // With mac1 made anew, so that what is tested is the handshake itself.
    const cookies = new CookieGenerator(
      createNobleCrypto(memoryOf(new ArrayBuffer(0))).handshake,
      publicKeyOf(type === INITIATION ? b : a),
    );
    sim.network.adversary = ({ bytes }) => {
      if (typeOf(bytes) !== type) return;
      bytes[at] = (bytes[at] ?? 0) ^ 0x40;
      cookies.addMacs(bytes, sim.now.boot);
    };
    // All but the sender's index, which nothing vouches for but the messages that follow.
    for (at = 8; at < size - 32; at += 3) {
      a.device.down(sim.now);
      a.device.up(sim.now);
      sim.run(100);
      a.send(ipv4Packet(a, b, at));
      sim.run(100);
      assert.equal(a.peer(b).sessions.current, null, `byte ${at}`);
      assert.equal(b.peer(a).sessions.current, null, `byte ${at}`);
    }
    assert.equal(a.received.length + b.received.length, 0);
  }
});

Deno.test("handshake: a replayed initiation is not answered", () => {
  const { sim, a, b } = pair();
  sim.network.recording = true;
  a.send(ipv4Packet(a, b, 1));
  sim.run(1000);
  const [initiation] = sentTo(sim, b.address, INITIATION);
  assert.ok(initiation);
  sim.network.log.length = 0;
  const received = b.peer(a).receivedBytes;
  for (let i = 0; i < 5; i++) {
    b.receive([{ bytes: initiation.bytes.slice(), from: ELSEWHERE }]);
    sim.run(30_000);
  }
  assert.equal(timesSent(b, RESPONSE).length, 0);
  assert.equal(b.peer(a).receivedBytes, received);
  assert.ok(b.peer(a).endpoint?.sameRemote(a.address));
});

Deno.test("handshake: an initiation older than one answered is not answered", () => {
  const { sim, a, b } = pair();
  const older = captureInitiation(a, b);
  sim.run(6000);
  assert.equal(b.received.length, 1);
  sim.network.recording = true;
  b.receive([{ bytes: older, from: ELSEWHERE }]);
  assert.equal(timesSent(b, RESPONSE).length, 0);
  assert.ok(b.peer(a).endpoint?.sameRemote(a.address));
});

Deno.test("handshake: initiations of a peer are answered once in 20 ms", () => {
  const { sim, a, b } = pair();
  sim.network.recording = true;
  const initiations: Uint8Array[] = [];
  for (let i = 0; i < 3; i++) {
    a.device.down(sim.now);
    a.device.up(sim.now);
    sim.now.wall += 100;
    initiations.push(captureInitiation(a, b));
  }
  // The second comes 19 ms after the first, the third 20 ms after the second.
  initiations.forEach((bytes, i) => {
    b.receive([{ bytes, from: a.address }]);
    sim.run(i === 0 ? 19 : 20);
  });
  assert.equal(timesSent(b, RESPONSE).length, 2);
});

Deno.test("handshake: a duplicated response changes nothing", () => {
  const { sim, a, b } = pair();
  sim.network.adversary = (datagram, network) => {
    if (typeOf(datagram.bytes) === RESPONSE) {
      network.inject({ ...datagram, bytes: datagram.bytes.slice(), at: datagram.at + 50 });
    }
  };
  a.send(ipv4Packet(a, b, 1));
  sim.run(40);
  const session = a.peer(b).sessions.current;
  sim.run(1000);
  assert.ok(session);
  assert.equal(a.peer(b).sessions.current, session);
  assert.equal(countEvents(a, "handshake-completed"), 1);
  assert.equal(a.peer(b).receivedBytes, 92);
});

Deno.test("handshake: a response to an initiation that was sent again is too late", () => {
  const { sim, a, b } = pair();
  const held: Datagram[] = [];
  sim.network.adversary = (datagram) => {
    if (typeOf(datagram.bytes) !== RESPONSE || held.length > 0) return true;
    held.push(datagram);
    return false;
  };
  a.send(ipv4Packet(a, b, 1));
  sim.run(5_350);
  assert.equal(b.received.length, 1);
  const session = a.peer(b).sessions.current;
  const [late] = held;
  assert.ok(late);
  a.receive([late]);
  assert.equal(a.peer(b).sessions.current, session);
});

Deno.test("handshake: both sides at the same moment end up with sessions that work", () => {
  const { sim, a, b } = pair();
  b.peer(a).setEndpoint(a.address);
  a.send(ipv4Packet(a, b, 1));
  b.send(ipv4Packet(b, a, 2));
  sim.run(1000);
  assert.equal(a.received.length, 1);
  assert.equal(b.received.length, 1);
  for (let i = 0; i < 300; i++) {
    a.send(ipv4Packet(a, b, i));
    b.send(ipv4Packet(b, a, i));
    sim.run(1000);
  }
  assert.equal(a.received.length, 301);
  assert.equal(b.received.length, 301);
});

Deno.test("handshake: initiation and response both roam", () => {
  const { sim, a, b } = connectedPair();
  sim.run(600_000);
  a.address = udpEndpoint([203, 0, 113, 1], 1);
  a.send(ipv4Packet(a, b, 1));
  sim.run(15);
  assert.ok(b.peer(a).endpoint?.sameRemote(a.address));
  b.address = udpEndpoint([203, 0, 113, 2], 2);
  const [response] = b.events.filter(({ type }) => type === "handshake-answered");
  assert.ok(response);
  sim.run(600_000);
  b.send(ipv4Packet(b, a, 1));
  sim.run(15);
  assert.ok(a.peer(b).endpoint?.sameRemote(b.address));
});

Deno.test("handshake: strangers and removed peers are not answered", () => {
  const { sim, a, b } = pair();
  sim.network.recording = true;
  b.device.removeAllPeers();
  a.send(ipv4Packet(a, b, 1));
  sim.run(20_000);
  assert.ok(timesSent(a, INITIATION).length > 2);
  assert.ok(sim.network.log.every(({ from }) => from === a.address));
});

Deno.test("a handshake waits for room in the transmit buffer and in the outgoing queue", () => {
  const { sim, a, b } = pair();
  const initiation = captureInitiation(a, b);
  queue(b, initiation, a.address);
  b.transmit.allocate(b.transmit.available - 100);
  assert.equal(b.device.processNextHandshake(sim.now), false);
  assert.equal(b.device.handshakesWaiting, 1);
  b.transmit.reset();
  b.turn();
  sim.run(100);
  assert.equal(countEvents(b, "handshake-answered"), 1);

  const sim2 = new Simulation();
  const c = sim2.addHost({ device: { queueCapacity: 1 } });
  for (let i = 0; i < 4; i++) sim2.connect(c, sim2.addHost());
  sim2.hosts.slice(1).forEach((host, i) => c.send(ipv4Packet(c, host, i)));
  sim2.run(100);
  assert.ok(sim2.hosts.slice(1).every((host) => host.received.length === 1));
});

Deno.test("no more than a few initiations are made at a time", () => {
  const sim = new Simulation();
  const a = sim.addHost();
  for (let i = 0; i < 10; i++) sim.connect(a, sim.addHost());
  const offset = a.transmit.allocate(256) + 16;
  for (const host of sim.hosts.slice(1)) {
    const packet = ipv4Packet(a, host, 1);
    a.memory.bytes.set(packet, offset);
    assert.equal(a.device.send(offset, packet.length, sim.now), false);
  }
  const { device } = a;
  const counts: number[] = [];
  while (device.nextDeadline() <= sim.now.boot) {
    const before = device.outgoing.count;
    device.advance(sim.now);
    counts.push(device.outgoing.count - before);
  }
  assert.deepEqual(counts, [4, 4, 2]);
  a.flush();
  sim.run(100);
  assert.ok(sim.hosts.slice(1).every((host) => host.received.length === 1));
});

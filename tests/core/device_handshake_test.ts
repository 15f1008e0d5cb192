/** Handshakes as attackers see them: forged, replayed, tampered with, and too many. */

import assert from "node:assert/strict";
import { createNobleCrypto } from "../../core/crypto/noble.ts";
import type { Endpoint } from "../../core/endpoint.ts";
import { memoryOf } from "../../core/memory.ts";
import { CookieGenerator } from "../../core/noise/cookie.ts";
import {
  connectedPair,
  countEvents,
  type Datagram,
  type Host,
  ipv4Packet,
  ipv6Packet,
  pair,
  publicKeyOf,
  Simulation,
  timesSent,
  typeOf,
  udpEndpoint,
} from "./sim.ts";

const INITIATION = 1;
const RESPONSE = 2;
const COOKIE_REPLY = 3;
const UNDER_LOAD = 512;
const ELSEWHERE = udpEndpoint([203, 0, 113, 9], 9);

/** Lets `bytes` arrive without giving the host time to process it. */
function queue(host: Host, bytes: Uint8Array, from: Endpoint): void {
  const at = 128 << 10;
  host.memory.bytes.set(bytes, at);
  host.device.receive(at, bytes.length, from, host.sim.now);
}

/** Somebody who knows a host's public key, and nothing else. */
class Stranger {
  readonly #cookies: CookieGenerator;

  constructor(readonly host: Host, readonly address: Endpoint = ELSEWHERE) {
    const crypto = createNobleCrypto(memoryOf(new ArrayBuffer(0)));
    this.#cookies = new CookieGenerator(crypto.handshake, publicKeyOf(host));
  }

  /** An initiation with valid MACs and nonsense otherwise. */
  initiation(): Uint8Array {
    const { sim } = this.host;
    const message = new Uint8Array(148);
    sim.random.fill(message);
    message.set([INITIATION, 0, 0, 0]);
    this.#cookies.addMacs(message, sim.now.boot);
    return message;
  }

  send(count: number): void {
    for (let i = 0; i < count; i++) queue(this.host, this.initiation(), this.address);
  }

  takeCookie(reply: Uint8Array): boolean {
    return this.#cookies.consumeReply(reply, this.host.sim.now.boot);
  }
}

/** The datagrams to `to` of `type` that the network recorded. */
function sentTo(sim: Simulation, to: Endpoint, type: number): Datagram[] {
  return sim.network.log.filter(({ to: target, bytes }) =>
    target.sameRemote(to) && typeOf(bytes) === type
  );
}

/** Lets `a` begin a handshake whose initiation the network doesn't carry. */
function captureInitiation(a: Host, b: Host): Uint8Array {
  let captured: Uint8Array | undefined;
  const { network } = a.sim;
  const { adversary } = network;
  network.adversary = ({ bytes }) => {
    captured = bytes;
    return false;
  };
  a.send(ipv4Packet(a, b, 1));
  network.adversary = adversary;
  assert.ok(captured && typeOf(captured) === INITIATION);
  return captured;
}

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

Deno.test("under load: an initiation without a cookie gets a cookie reply", () => {
  const { sim, a, b } = pair();
  sim.network.recording = true;
  new Stranger(b).send(UNDER_LOAD);
  queue(b, captureInitiation(a, b), a.address);
  assert.equal(b.device.handshakesWaiting, UNDER_LOAD + 1);
  b.turn();
  assert.equal(countEvents(b, "under-load"), 1);
  assert.equal(countEvents(b, "handshake-dropped"), 0);
  assert.equal(sentTo(sim, ELSEWHERE, COOKIE_REPLY).length, UNDER_LOAD);
  assert.equal(sentTo(sim, a.address, COOKIE_REPLY).length, 1);
  assert.equal(sentTo(sim, a.address, RESPONSE).length, 0);
  assert.equal(b.peer(a).sentBytes, 0);
  assert.equal(b.peer(a).receivedBytes, 0);
});

Deno.test("under load: one message less is no load", () => {
  const { sim, b } = pair();
  sim.network.recording = true;
  new Stranger(b).send(UNDER_LOAD - 1);
  b.turn();
  assert.equal(countEvents(b, "under-load"), 0);
  assert.equal(sentTo(sim, ELSEWHERE, COOKIE_REPLY).length, 0);
  assert.equal(countEvents(b, "handshake-dropped"), UNDER_LOAD - 1);
});

Deno.test("under load: it lasts for a second", () => {
  const { sim, b } = pair();
  const stranger = new Stranger(b);
  stranger.send(UNDER_LOAD);
  b.turn();
  sim.network.recording = true;
  sim.run(999);
  stranger.send(1);
  b.turn();
  assert.equal(sentTo(sim, ELSEWHERE, COOKIE_REPLY).length, 1);
  sim.run(1);
  stranger.send(1);
  b.turn();
  assert.equal(sentTo(sim, ELSEWHERE, COOKIE_REPLY).length, 1);
});

Deno.test("under load: an initiation with a cookie is answered", () => {
  const { sim, a, b } = pair();
  const stranger = new Stranger(b);
  stranger.send(UNDER_LOAD);
  a.send(ipv4Packet(a, b, 1));
  sim.run(100);
  assert.equal(b.peer(a).sessions.next, null);
  sim.run(4_890);
  stranger.send(UNDER_LOAD);
  // The load outlasts the retransmission.
  for (let i = 0; i < 4 && b.received.length === 0; i++) {
    stranger.send(UNDER_LOAD);
    sim.run(100);
  }
  assert.equal(b.received.length, 1);
  assert.equal(countEvents(b, "under-load"), 2);
});

Deno.test("under load: a response without a cookie gets a cookie reply, with one it is taken", () => {
  const { sim, a, b } = pair();
  const stranger = new Stranger(a);
  sim.network.recording = true;
  a.send(ipv4Packet(a, b, 1));
  sim.run(15);
  stranger.send(UNDER_LOAD);
  sim.run(100);
  assert.equal(a.peer(b).sessions.current, null);
  assert.equal(sentTo(sim, b.address, COOKIE_REPLY).length, 1);
  sim.run(4_880);
  for (let i = 0; i < 5 && b.received.length === 0; i++) {
    stranger.send(UNDER_LOAD);
    sim.run(100);
  }
  assert.ok(a.peer(b).sessions.current);
  assert.equal(sentTo(sim, b.address, COOKIE_REPLY).length, 1);
  assert.equal(b.received.length, 1);
});

/** Makes `b` be under load and gives `stranger` a cookie. */
function giveCookie(stranger: Stranger): void {
  const { host } = stranger;
  const { sim } = host;
  sim.network.recording = true;
  new Stranger(host, udpEndpoint([198, 51, 100, 1], 1)).send(UNDER_LOAD);
  stranger.send(1);
  host.turn();
  const reply = sentTo(sim, stranger.address, COOKIE_REPLY).at(-1);
  assert.ok(reply && stranger.takeCookie(reply.bytes));
  host.events.length = sim.network.log.length = 0;
}

/** How many of `count` initiations from `address` pass as coming from there. */
function countPassed(stranger: Stranger, count: number, address: Endpoint): number {
  const { host } = stranger;
  const before = countEvents(host, "handshake-dropped");
  const replies = host.sim.network.log.length;
  for (let i = 0; i < count; i++) queue(host, stranger.initiation(), address);
  host.turn();
  const dropped = countEvents(host, "handshake-dropped") - before;
  assert.equal(dropped + host.sim.network.log.length - replies, count);
  return dropped;
}

Deno.test("under load: a cookie is good for its address and port only", () => {
  const { b } = pair();
  const stranger = new Stranger(b);
  giveCookie(stranger);
  assert.equal(countPassed(stranger, 1, udpEndpoint([203, 0, 113, 9], 10)), 0);
  assert.equal(countPassed(stranger, 1, udpEndpoint([203, 0, 113, 8], 9)), 0);
  assert.equal(countPassed(stranger, 1, ELSEWHERE), 1);
});

Deno.test("under load: a cookie is good for 2 minutes", () => {
  const { sim, b } = pair();
  const stranger = new Stranger(b);
  giveCookie(stranger);
  const other = new Stranger(b, udpEndpoint([198, 51, 100, 2], 2));
  sim.run(114_000);
  other.send(UNDER_LOAD);
  b.turn();
  assert.equal(countPassed(stranger, 1, ELSEWHERE), 1);
  sim.run(2_000);
  other.send(UNDER_LOAD);
  b.turn();
  // Its owner doesn't use it any more.
  assert.equal(countPassed(stranger, 1, ELSEWHERE), 0);
});

Deno.test("under load: a source with a cookie gets 5 messages at once and 20 in a second", () => {
  const { sim, b } = pair();
  const stranger = new Stranger(b);
  giveCookie(stranger);
  const limited = () =>
    b.events.filter((event) =>
      event.type === "handshake-dropped" && event.reason === "rate-limited"
    )
      .length;
  assert.equal(countPassed(stranger, 8, ELSEWHERE), 8);
  assert.equal(limited(), 3);
  sim.run(100);
  assert.equal(countPassed(stranger, 3, ELSEWHERE), 3);
  assert.equal(limited(), 4);
});

Deno.test("under load: messages that only cost a cookie reply don't wait for their turn", () => {
  const { sim, b } = pair();
  new Stranger(b).send(UNDER_LOAD + 100);
  assert.ok(b.device.processNextHandshake(sim.now));
  assert.equal(b.device.handshakesWaiting, UNDER_LOAD + 100 - 32);
  assert.equal(b.device.outgoing.count, 32);
});

Deno.test("without load, one message is processed at a time", () => {
  const { sim, b } = pair();
  new Stranger(b).send(3);
  assert.ok(b.device.processNextHandshake(sim.now));
  assert.equal(b.device.handshakesWaiting, 2);
});

Deno.test("under load: the ring is bounded, and what doesn't fit is dropped", () => {
  const { a, b } = pair();
  const stranger = new Stranger(b);
  const message = stranger.initiation();
  for (let i = 0; i < 5000; i++) queue(b, message, ELSEWHERE);
  queue(b, captureInitiation(a, b), a.address);
  assert.equal(b.device.handshakesWaiting, 4096);
});

Deno.test("cookie reply: only the first to the message sent last is taken, and it doesn't roam", () => {
  const { sim, a, b } = pair();
  sim.network.recording = true;
  new Stranger(b).send(UNDER_LOAD);
  a.send(ipv4Packet(a, b, 1));
  sim.run(15);
  const [reply] = sentTo(sim, a.address, COOKIE_REPLY);
  assert.ok(reply);
  sim.network.adversary = () => false;
  const forged = reply.bytes.slice();
  forged[40] = (forged[40] ?? 0) ^ 1;
  const deliver = (bytes: Uint8Array) => a.receive([{ bytes: bytes.slice(), from: ELSEWHERE }]);
  deliver(forged);
  assert.equal(countEvents(a, "handshake-dropped"), 1);
  deliver(reply.bytes);
  assert.equal(countEvents(a, "handshake-dropped"), 1);
  deliver(reply.bytes);
  assert.equal(countEvents(a, "handshake-dropped"), 2);
  assert.ok(a.peer(b).endpoint?.sameRemote(b.address));
  assert.equal(a.peer(b).receivedBytes, 0);
});

Deno.test("cookie reply: the next initiation carries a mac2", () => {
  const { sim, a, b } = pair();
  sim.network.recording = true;
  new Stranger(b).send(UNDER_LOAD);
  a.send(ipv4Packet(a, b, 1));
  sim.run(6_000);
  const macs = sentTo(sim, b.address, INITIATION).map(({ bytes }) => bytes.slice(132));
  assert.deepEqual(macs[0], new Uint8Array(16));
  assert.notDeepEqual(macs[1], new Uint8Array(16));
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

/** Handshakes as attackers see them: too many. */

import assert from "node:assert/strict";
import type { Endpoint } from "../../core/endpoint.ts";
import {
  captureInitiation,
  COOKIE_REPLY,
  ELSEWHERE,
  INITIATION,
  queue,
  RESPONSE,
  sentTo,
  Stranger,
  UNDER_LOAD,
} from "./handshake_messages.ts";
import { countEvents, ipv4Packet, pair, udpEndpoint } from "./sim.ts";

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

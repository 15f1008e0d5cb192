/** Section 6 of the WireGuard whitepaper, rule by rule. */

import assert from "node:assert/strict";
import {
  connectedPair,
  countEvents,
  type Host,
  ipv4Packet,
  keysErased,
  pair,
  type Simulation,
  timesSent,
  typeOf,
} from "./sim.ts";

const INITIATION = 1;
const RESPONSE = 2;
const TRANSPORT_DATA = 4;
const KEEPALIVE_SIZE = 32;

/** Sends packets both ways once a second for `seconds`. */
function talk(sim: Simulation, a: Host, b: Host, seconds: number): void {
  for (let i = 0; i < seconds; i++) {
    a.send(ipv4Packet(a, b, i));
    b.send(ipv4Packet(b, a, i));
    sim.run(1000);
  }
}

function record(sim: Simulation): void {
  sim.network.recording = true;
  sim.network.log.length = 0;
}

/** The times between neighbours of `times`. */
function gaps(times: number[]): number[] {
  return times.slice(1).map((time, i) => time - (times[i] ?? 0));
}

function assertBetween(value: number, least: number, most: number, what: string): void {
  assert.ok(value >= least && value <= most, `${what}: ${value} is not in [${least}, ${most}]`);
}

Deno.test("6.2: the initiator rekeys when it sends after REKEY_AFTER_TIME", () => {
  const { sim, a, b } = connectedPair();
  record(sim);
  sim.run(119_800);
  a.send(ipv4Packet(a, b, 1));
  sim.run(50);
  assert.equal(timesSent(a, INITIATION).length, 0);
  sim.run(200);
  a.send(ipv4Packet(a, b, 2));
  sim.run(50);
  assert.equal(timesSent(a, INITIATION).length, 1);
  assert.equal(timesSent(b, RESPONSE).length, 1);
  assert.equal(b.received.length, 2);
});

Deno.test("6.2: the responder doesn't rekey by time", () => {
  const { sim, a, b } = connectedPair();
  record(sim);
  // The initiator would rekey instead.
  sim.network.adversary = ({ from }) => from !== a.address;
  for (let i = 0; i < 17; i++) {
    sim.run(10_000);
    b.send(ipv4Packet(b, a, i));
    b.peer(a).timers.onAnyAuthenticatedPacketReceived();
  }
  assert.ok(timesSent(b, TRANSPORT_DATA).length >= 17);
  assert.equal(timesSent(b, INITIATION).length, 0);
});

Deno.test("6.2: the initiator rekeys when it receives after 165 s, once per session", () => {
  const { sim, a, b } = connectedPair();
  record(sim);
  sim.network.adversary = ({ bytes }) => typeOf(bytes) !== INITIATION;
  sim.run(160_000);
  b.send(ipv4Packet(b, a, 1));
  sim.run(4_000);
  assert.equal(timesSent(a, INITIATION).length, 0);
  sim.run(2_000);
  b.send(ipv4Packet(b, a, 2));
  sim.run(100);
  assert.equal(timesSent(a, INITIATION).length, 1);
  assert.equal(a.peer(b).timers.handshakeAttempts, 0);
  sim.run(6_000);
  b.send(ipv4Packet(b, a, 3));
  sim.run(100);
  // The retransmission, and no further request.
  assert.equal(timesSent(a, INITIATION).length, 2);
  assert.equal(a.peer(b).timers.handshakeAttempts, 1);
});

Deno.test("6.2: nothing is sent after REJECT_AFTER_TIME", () => {
  const { sim, a, b } = connectedPair();
  sim.network.adversary = ({ bytes }) => typeOf(bytes) === TRANSPORT_DATA;
  sim.run(180_000);
  record(sim);
  a.send(ipv4Packet(a, b, 1));
  b.send(ipv4Packet(b, a, 1));
  sim.run(100);
  assert.equal(timesSent(a, TRANSPORT_DATA).length + timesSent(b, TRANSPORT_DATA).length, 0);
  assert.equal(timesSent(a, INITIATION).length, 1);
  assert.equal(timesSent(b, INITIATION).length, 1);
});

Deno.test("6.2: nothing is received after REJECT_AFTER_TIME", () => {
  const { sim, a, b } = connectedPair();
  const held: Uint8Array[] = [];
  sim.network.adversary = ({ bytes }) => {
    held.push(bytes);
    return false;
  };
  a.send(ipv4Packet(a, b, 1));
  a.send(ipv4Packet(a, b, 2));
  const [first, second] = held;
  assert.ok(first && second);
  const age = sim.now.boot - (b.peer(a).sessions.current?.createdAt ?? 0);
  sim.run(180_000 - age - 1);
  b.receive([{ bytes: first, from: a.address }]);
  assert.equal(b.received.length, 1);
  sim.run(1);
  b.receive([{ bytes: second, from: a.address }]);
  assert.equal(b.received.length, 1);
});

Deno.test("6.2: a new session is asked for after REKEY_AFTER_MESSAGES, by the responder too", () => {
  for (const sender of ["a", "b"] as const) {
    const { sim, a, b } = connectedPair();
    const [from, to] = sender === "a" ? [a, b] : [b, a];
    sim.run(10_000);
    record(sim);
    const session = from.peer(to).sessions.current;
    assert.ok(session?.sendCounter.skipTo(0x0fffffff, 0xfffffffe));
    from.send(ipv4Packet(from, to, 1));
    sim.run(50);
    assert.equal(timesSent(from, INITIATION).length, 0);
    from.send(ipv4Packet(from, to, 2));
    sim.run(50);
    assert.equal(timesSent(from, INITIATION).length, 1);
    assert.notEqual(from.peer(to).sessions.current, session);
    assert.equal(to.received.length, 2);
  }
});

Deno.test("6.2: counters go on past 2^32, 2^53 and 2^60", () => {
  for (const [high, low] of [[0, 0xffffffff], [0x1fffff, 0xffffffff], [0x0fffffff, 0xffffffff]]) {
    const { sim, a, b } = connectedPair();
    const session = a.peer(b).sessions.current;
    assert.ok(session?.sendCounter.skipTo(high ?? 0, (low ?? 0) - 2));
    record(sim);
    sim.network.adversary = ({ bytes }) => typeOf(bytes) === TRANSPORT_DATA;
    for (let id = 0; id < 6; id++) a.send(ipv4Packet(a, b, id));
    sim.run(50);
    assert.equal(b.received.length, 6);
    const counters = sim.network.log.filter(({ bytes }) => typeOf(bytes) === TRANSPORT_DATA)
      .map(({ bytes }) => new DataView(bytes.buffer).getBigUint64(8, true));
    const first = (BigInt(high ?? 0) << 32n) + BigInt(low ?? 0) - 2n;
    assert.deepEqual(counters, [0n, 1n, 2n, 3n, 4n, 5n].map((i) => first + i));
    // All are remembered.
    b.receive(sim.network.log.map(({ bytes, from }) => ({ bytes, from })));
    assert.equal(b.received.length, 6);
  }
});

Deno.test("6.2: nothing is sent from REJECT_AFTER_MESSAGES on", () => {
  const { sim, a, b } = connectedPair();
  sim.run(10_000);
  assert.ok(a.peer(b).sessions.current?.sendCounter.skipTo(0xffffffff, 0xffffdffd));
  record(sim);
  sim.network.adversary = ({ bytes }) => typeOf(bytes) === TRANSPORT_DATA;
  for (let id = 0; id < 5; id++) a.send(ipv4Packet(a, b, id));
  sim.run(50);
  assert.equal(timesSent(a, TRANSPORT_DATA).length, 2);
  assert.equal(b.received.length, 2);
  assert.equal(a.peer(b).staged.count, 3);
  sim.network.adversary = null;
  sim.run(10_000);
  assert.equal(b.received.length, 5);
});

Deno.test("6.2: all keys are erased 3 * REJECT_AFTER_TIME after the last handshake", () => {
  const { sim, a, b } = connectedPair();
  sim.network.adversary = () => false;
  sim.run(539_000);
  assert.ok(!keysErased(a) && !keysErased(b));
  sim.run(2_000);
  assert.ok(keysErased(a) && keysErased(b));
  assert.equal(a.peer(b).sessions.current, null);
  assert.equal(b.peer(a).sessions.current, null);
  assert.equal(countEvents(a, "sessions-erased"), 1);
});

Deno.test("6.2: a handshake that is never answered leaves nothing behind either", () => {
  const { sim, a, b } = pair();
  sim.network.adversary = () => false;
  a.send(ipv4Packet(a, b, 1));
  sim.run(700_000);
  assert.equal(a.peer(b).handshake.pending, false);
  assert.equal(a.device.nextDeadline(), Infinity);
});

Deno.test("6.3: the responder doesn't send before the initiator has confirmed the session", () => {
  const { sim, a, b } = pair();
  record(sim);
  b.peer(a).setEndpoint(a.address);
  sim.network.adversary = ({ bytes }) => typeOf(bytes) !== TRANSPORT_DATA;
  a.send(ipv4Packet(a, b, 1));
  sim.run(100);
  assert.ok(b.peer(a).sessions.next);
  b.send(ipv4Packet(b, a, 2));
  sim.run(100);
  assert.equal(timesSent(b, TRANSPORT_DATA).length, 0);
  assert.equal(b.peer(a).staged.count, 1);
  sim.network.adversary = null;
  a.send(ipv4Packet(a, b, 3));
  sim.run(100);
  assert.equal(b.peer(a).sessions.next, null);
  assert.equal(a.received.length, 1);
});

Deno.test("6.3: the initiator confirms by a keepalive when it has nothing to send", () => {
  const { sim, a, b } = pair();
  record(sim);
  a.peer(b).setPersistentKeepaliveInterval(600, sim.now);
  sim.run(100);
  const data = sim.network.log.filter(({ bytes }) => typeOf(bytes) === TRANSPORT_DATA);
  assert.deepEqual(data.map(({ bytes }) => bytes.length), [KEEPALIVE_SIZE]);
  assert.ok(b.peer(a).sessions.current);
});

Deno.test("6.3: what is under way in the previous session is still received", () => {
  const { sim, a, b } = connectedPair();
  let late: Uint8Array | undefined;
  sim.network.adversary = ({ bytes }) => {
    if (typeOf(bytes) !== TRANSPORT_DATA || late !== undefined) return;
    late = bytes;
    return false;
  };
  sim.run(121_000);
  a.send(ipv4Packet(a, b, 7));
  sim.run(1000);
  assert.equal(countEvents(a, "handshake-completed"), 1);
  a.send(ipv4Packet(a, b, 8));
  sim.run(1000);
  assert.ok(late);
  b.receive([{ bytes: late, from: a.address }]);
  assert.equal(b.received.length, 2);
});

Deno.test("6.4: an unanswered initiation is sent again after REKEY_TIMEOUT and up to 1/3 s", () => {
  const { sim, a, b } = pair();
  record(sim);
  sim.network.adversary = () => false;
  a.send(ipv4Packet(a, b, 1));
  sim.run(300_000);
  const times = timesSent(a, INITIATION);
  assert.equal(times.length, 20);
  for (const gap of gaps(times)) assertBetween(gap, 5000, 5333, "gap");
  assert.ok(new Set(gaps(times)).size > 10, "the jitter varies");
});

Deno.test("6.4: each initiation has keys, an index and a timestamp of its own", () => {
  const { sim, a, b } = pair();
  record(sim);
  sim.network.adversary = () => false;
  a.send(ipv4Packet(a, b, 1));
  sim.run(60_000);
  const initiations = sim.network.log.map(({ bytes }) => bytes);
  for (const [from, to] of [[4, 8], [8, 40], [40, 88], [88, 116]]) {
    const parts = new Set(initiations.map((bytes) => bytes.slice(from, to).join()));
    assert.equal(parts.size, initiations.length);
  }
});

Deno.test("6.4: after about 90 s it gives up and drops what is staged", () => {
  const { sim, a, b } = pair();
  sim.network.adversary = () => false;
  a.send(ipv4Packet(a, b, 1));
  sim.run(90_000);
  assert.equal(a.peer(b).staged.count, 1);
  sim.run(20_000);
  assert.equal(a.peer(b).staged.count, 0);
  assert.deepEqual(
    a.events.filter(({ type }) => type === "handshake-given-up").map((event) =>
      event.type === "handshake-given-up" && event.initiations
    ),
    [20],
  );
});

Deno.test("6.4: a packet makes it try again, but not within REKEY_TIMEOUT of an initiation", () => {
  const { sim, a, b } = pair();
  record(sim);
  sim.network.adversary = () => false;
  for (let i = 0; i < 3000; i++) {
    a.send(ipv4Packet(a, b, i));
    sim.run(100);
  }
  const times = timesSent(a, INITIATION);
  assertBetween(times.length, 56, 61, "initiations in 300 s");
  for (const gap of gaps(times)) assertBetween(gap, 5000, 5433, "gap");
  assert.equal(countEvents(a, "handshake-given-up"), 0);
});

Deno.test("6.4: staged packets flow once the handshake succeeds, in order", () => {
  const { sim, a, b } = pair();
  sim.network.adversary = () => false;
  for (let id = 0; id < 200; id++) a.send(ipv4Packet(a, b, id));
  sim.run(30_000);
  sim.network.adversary = null;
  sim.run(6_000);
  assert.equal(b.received.length, 128);
  const view = (packet: Uint8Array) => new DataView(packet.buffer).getUint32(20);
  assert.deepEqual(
    b.received.map(({ packet }) => view(packet)),
    Array.from({ length: 128 }, (_, i) => 72 + i),
  );
});

Deno.test("6.5: a keepalive is sent 10 s after receiving, when nothing was sent since", () => {
  const { sim, a, b } = connectedPair();
  sim.run(30_000);
  record(sim);
  const start = sim.now.boot;
  a.send(ipv4Packet(a, b, 1));
  sim.run(60_000);
  const [keepalive, ...more] = timesSent(b, TRANSPORT_DATA);
  assert.equal(more.length, 0);
  assertBetween((keepalive ?? 0) - start, 9_900, 10_010, "keepalive");
  // A keepalive is not answered.
  assert.equal(timesSent(a, TRANSPORT_DATA).length, 1);
});

Deno.test("6.5: no keepalive is sent when there was an answer", () => {
  const { sim, a, b } = connectedPair();
  sim.run(20_000);
  record(sim);
  for (let i = 0; i < 60; i++) {
    a.send(ipv4Packet(a, b, i));
    sim.run(500);
    b.send(ipv4Packet(b, a, i));
    sim.run(500);
  }
  assert.ok(sim.network.log.every(({ bytes }) => bytes.length > KEEPALIVE_SIZE));
});

Deno.test("6.5: one-way traffic gets a keepalive every 10 s", () => {
  const { sim, a, b } = connectedPair();
  sim.run(20_000);
  record(sim);
  for (let i = 0; i < 1000; i++) {
    a.send(ipv4Packet(a, b, i));
    sim.run(100);
  }
  const times = timesSent(b, TRANSPORT_DATA);
  assertBetween(times.length, 9, 10, "keepalives in 100 s");
  for (const gap of gaps(times)) assertBetween(gap, 10_000, 10_110, "gap");
  assert.equal(timesSent(a, INITIATION).length, 0);
});

Deno.test("6.5: a new handshake is tried 15 s after sending, when nothing was received since", () => {
  const { sim, a, b } = connectedPair();
  sim.run(20_000);
  record(sim);
  sim.network.adversary = ({ from }) => from !== b.address;
  const start = sim.now.boot;
  a.send(ipv4Packet(a, b, 1));
  sim.run(14_900);
  a.send(ipv4Packet(a, b, 2));
  sim.run(1_000);
  const [initiation] = timesSent(a, INITIATION);
  assertBetween((initiation ?? 0) - start, 15_000, 15_333, "initiation");
});

Deno.test("6.5: keepalives don't make the other side answer or rekey", () => {
  const { sim, a, b } = connectedPair();
  sim.run(30_000);
  record(sim);
  a.peer(b).setPersistentKeepaliveInterval(5, sim.now);
  sim.network.adversary = ({ from }) => from !== b.address;
  sim.run(80_000);
  assert.equal(timesSent(a, INITIATION).length, 0);
  assert.equal(timesSent(b, TRANSPORT_DATA).length, 0);
  assert.equal(timesSent(a, TRANSPORT_DATA).length, 17);
});

Deno.test("persistent keepalive: at once when turned on, then after each interval of silence", () => {
  const { sim, a, b } = connectedPair();
  sim.run(11_000);
  record(sim);
  const start = sim.now.boot;
  a.peer(b).setPersistentKeepaliveInterval(25, sim.now);
  sim.run(60_000);
  assert.deepEqual(timesSent(a, TRANSPORT_DATA).map((time) => time - start), [0, 25_000, 50_000]);
  // Whatever is sent or received restarts it: here the keepalive after 10 s.
  b.send(ipv4Packet(b, a, 1));
  sim.run(10_100);
  assert.equal(timesSent(a, TRANSPORT_DATA).length, 4);
  sim.run(24_800);
  assert.equal(timesSent(a, TRANSPORT_DATA).length, 4);
  sim.run(200);
  assert.equal(timesSent(a, TRANSPORT_DATA).length, 5);
});

Deno.test("persistent keepalive: a new interval counts from its setting, the same one changes nothing", () => {
  const { sim, a, b } = connectedPair();
  sim.run(11_000);
  a.peer(b).setPersistentKeepaliveInterval(25, sim.now);
  sim.run(20_000);
  record(sim);
  const start = sim.now.boot;
  a.peer(b).setPersistentKeepaliveInterval(10, sim.now);
  sim.run(15_000);
  a.peer(b).setPersistentKeepaliveInterval(10, sim.now);
  sim.run(10_000);
  assert.deepEqual(timesSent(a, TRANSPORT_DATA).map((time) => time - start), [10_000, 20_000]);
});

Deno.test("persistent keepalive: turning it off stops it", () => {
  const { sim, a, b } = connectedPair();
  a.peer(b).setPersistentKeepaliveInterval(25, sim.now);
  sim.run(100);
  record(sim);
  a.peer(b).setPersistentKeepaliveInterval(0, sim.now);
  sim.run(100_000);
  assert.deepEqual(timesSent(a, TRANSPORT_DATA), []);
});

Deno.test("persistent keepalive: opens a session, also when the endpoint comes to be known late", () => {
  const { sim, a, b } = pair();
  a.peer(b).setEndpoint(null);
  a.peer(b).setPersistentKeepaliveInterval(20, sim.now);
  sim.run(1000);
  assert.equal(countEvents(a, "handshake-initiated"), 0);
  a.peer(b).setEndpoint(b.address);
  sim.run(20_000);
  assert.ok(a.peer(b).sessions.current);
  assert.ok(b.peer(a).sessions.current);
});

Deno.test("persistent keepalive: keeps a session alive for hours, with a handshake every 2 minutes", () => {
  const { sim, a, b } = pair();
  a.peer(b).setPersistentKeepaliveInterval(25, sim.now);
  sim.run(2 * 3600_000);
  const completed = countEvents(a, "handshake-completed");
  assertBetween(completed, 2 * 3600 / 145, 2 * 3600 / 120, "handshakes in 2 h");
  assert.equal(countEvents(b, "handshake-completed"), completed);
  assert.equal(countEvents(a, "sessions-erased"), 0);
});

Deno.test("steady traffic is rekeyed every 2 minutes by the initiator without a lost packet", () => {
  const { sim, a, b } = connectedPair();
  record(sim);
  talk(sim, a, b, 1000);
  assert.equal(a.received.length, 1000);
  assert.equal(b.received.length, 1000);
  const times = timesSent(a, INITIATION);
  assert.equal(times.length, 8);
  for (const gap of gaps(times)) assertBetween(gap, 120_000, 121_100, "gap");
  assert.equal(timesSent(b, INITIATION).length, 0);
});

Deno.test("an idle device has nothing to do once the keys are erased", () => {
  const { sim, a, b } = connectedPair();
  sim.run(600_000);
  assert.equal(a.device.nextDeadline(), Infinity);
  assert.equal(b.device.nextDeadline(), Infinity);
});

Deno.test("a request made right after a response was sent isn't forgotten", () => {
  const { sim, a, b } = pair();
  a.send(ipv4Packet(a, b, 1));
  sim.network.adversary = ({ from, bytes }) =>
    typeOf(bytes) !== (from === b.address ? RESPONSE : INITIATION);
  sim.run(100);
  assert.ok(b.peer(a).sessions.next, "b has answered, but the response is lost");
  b.send(ipv4Packet(b, a, 2));
  sim.run(6_000);
  assert.equal(a.received.length, 1);
});

/** What is configured: keys, peers, link state. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { generatePrivateKey } from "../../core/keys.ts";
import {
  connectedPair,
  countEvents,
  ipv4Packet,
  keysErased,
  pair,
  publicKeyOf,
  Simulation,
  timesSent,
} from "./sim.ts";
import { SeededRandom } from "./seeded_random.ts";

const INITIATION = 1;
const TRANSPORT_DATA = 4;

function key(first: number): Uint8Array {
  return new Uint8Array(32).fill(first);
}

Deno.test("device: starts without key, peers and link", () => {
  const { device } = new Simulation().addHost();
  device.setPrivateKey(null, { boot: 0, wall: 0 });
  assert.equal(device.privateKey, null);
  assert.equal(device.publicKey, null);
  assert.equal(device.peerCount, 0);
  assert.equal(device.nextDeadline(), Infinity);
  assert.equal(device.handshakesWaiting, 0);
});

Deno.test("device: private keys are copied and clamped, zeros remove them", () => {
  const { sim, a } = pair();
  const given = key(0xff);
  a.device.setPrivateKey(given, sim.now);
  assert.equal(a.device.privateKey?.[0], 0xf8);
  assert.equal(a.device.privateKey?.[31], 0x7f);
  assert.deepEqual(given, key(0xff));
  const old = a.device.privateKey;
  a.device.setPrivateKey(new Uint8Array(32), sim.now);
  assert.equal(a.device.privateKey, null);
  assert.deepEqual(old, key(0));
});

Deno.test("device: peers are kept in order of addition, and found by their key", () => {
  const { device } = new Simulation().addHost();
  const keys = [5, 3, 9, 1].map(key);
  const peers = keys.map((key) => device.addPeer(key));
  assert.deepEqual([...device.peers], peers);
  assert.equal(device.addPeer(key(3)), peers[1]);
  assert.equal(device.peerCount, 4);
  assert.equal(device.getPeer(key(9)), peers[2]);
  assert.equal(device.getPeer(key(2)), undefined);
  const [first] = peers;
  assert.ok(first);
  device.removePeer(first);
  device.removePeer(first);
  assert.equal(device.getPeer(key(5)), undefined);
  assert.deepEqual([...device.peers], peers.slice(1));
  device.addPeer(key(5));
  assert.deepEqual([...device.peers].at(-1)?.publicKey, key(5));
  device.removeAllPeers();
  assert.equal(device.peerCount, 0);
  assert.throws(() => device.addPeer(new Uint8Array(31)), RangeError);
});

Deno.test("device: the own key is no peer, and a peer that becomes own is removed", () => {
  const { sim, a, b } = pair();
  assert.equal(a.device.addPeer(publicKeyOf(a)), null);
  assert.equal(a.device.peerCount, 1);
  const privateKey = b.device.privateKey;
  assert.ok(privateKey);
  a.device.setPrivateKey(privateKey, sim.now);
  assert.equal(a.device.peerCount, 0);
});

Deno.test("device: no peer is listed twice, whatever comes and goes meanwhile", () => {
  const { device } = new Simulation().addHost();
  const [first, second] = [3, 4, 5].map((byte) => device.addPeer(key(byte)));
  assert.ok(first && second);
  const listed: Uint8Array[] = [];
  for (const peer of device.peers) {
    listed.push(peer.publicKey.slice());
    if (peer !== first) continue;
    device.removePeer(first);
    device.removePeer(second);
    for (const byte of [3, 6]) device.addPeer(key(byte));
  }
  assert.deepEqual(listed, [key(3), key(5)]);
  assert.deepEqual(Array.from(device.peers, ({ publicKey }) => publicKey), [
    key(5),
    key(3),
    key(6),
  ]);
});

Deno.test("device: no more peers than there are key slots for", () => {
  const { device } = new Simulation().addHost({
    device: { keySlots: { offset: 0, length: 2 * 6 * 32 + 100 } },
  });
  assert.equal(device.maxPeers, 2);
  assert.ok(device.addPeer(key(1)));
  assert.ok(device.addPeer(key(2)));
  assert.equal(device.addPeer(key(3)), null);
  assert.ok(device.addPeer(key(1)));
});

Deno.test("device: preshared keys are copied, zeros mean none, and both sides need the same", () => {
  const psk = key(7);
  const { sim, a, b } = pair(1, psk);
  psk.fill(8);
  assert.deepEqual(a.peer(b).presharedKey, key(7));
  a.send(ipv4Packet(a, b, 1));
  sim.run(100);
  assert.equal(b.received.length, 1);

  for (const other of [key(9), key(0), null]) {
    const { sim, a, b } = pair(2, key(7));
    a.peer(b).setPresharedKey(other);
    assert.deepEqual(a.peer(b).presharedKey, other?.[0] ? other : null);
    a.send(ipv4Packet(a, b, 1));
    sim.run(30_000);
    assert.equal(b.received.length, 0);
    assert.equal(a.peer(b).sessions.current, null);
    assert.equal(b.peer(a).sessions.current, null);
    assert.equal(a.peer(b).lastHandshake, 0);
    assert.equal(b.peer(a).lastHandshake, 0);
  }
});

Deno.test("device: a new private key ends all sessions and keeps preshared keys", () => {
  const { sim, a, b } = connectedPair();
  const psk = key(7);
  for (const peer of [a.peer(b), b.peer(a)]) peer.setPresharedKey(psk);
  sim.run(1000);
  const oldA = b.peer(a);
  a.device.setPrivateKey(generatePrivateKey(sim.random.fill), sim.now);
  assert.ok(keysErased(a));
  b.device.removePeer(oldA);
  const newA = b.device.addPeer(publicKeyOf(a));
  assert.ok(newA);
  newA.setPresharedKey(psk);
  b.device.allowedIps.insert(a.inner4, 32, newA);
  // At once, though the last initiation was a second ago.
  a.send(ipv4Packet(a, b, 1));
  sim.run(100);
  assert.equal(b.received.length, 1);
  assert.deepEqual(a.peer(b).presharedKey, psk);
});

Deno.test("device: the same private key again changes nothing", () => {
  const { sim, a, b } = connectedPair();
  const session = a.peer(b).sessions.current;
  a.device.setPrivateKey(a.device.privateKey, sim.now);
  assert.ok(session);
  assert.equal(a.peer(b).sessions.current, session);
});

Deno.test("device: without a private key nothing is sent or answered", () => {
  const { sim, a, b } = pair();
  sim.network.recording = true;
  const peer = a.peer(b);
  b.device.setPrivateKey(null, sim.now);
  a.send(ipv4Packet(a, b, 1));
  sim.run(10_000);
  assert.ok(sim.network.log.every(({ from }) => from === a.address));
  sim.network.log.length = 0;
  a.device.setPrivateKey(null, sim.now);
  a.send(ipv4Packet(a, b, 2));
  peer.setPersistentKeepaliveInterval(1, sim.now);
  sim.run(10_000);
  assert.equal(sim.network.log.length, 0);
});

Deno.test("device: a packet that waits for a private key flows when there is one", () => {
  const { sim, a, b } = pair();
  const privateKey = a.device.privateKey?.slice() ?? null;
  a.device.setPrivateKey(null, sim.now);
  a.send(ipv4Packet(a, b, 1));
  sim.run(10_000);
  a.device.setPrivateKey(privateKey, sim.now);
  a.turn();
  sim.run(100);
  assert.equal(b.received.length, 1);
});

Deno.test("device: nothing is sent to peers whose key is of low order", () => {
  // Orders 1, 2, 4 and 8, and non-canonical encodings of them (RFC 7748 section 6.1).
  const lowOrder = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  ];
  const { sim, a, b } = pair();
  sim.network.recording = true;
  lowOrder.forEach((hex, i) => {
    const peer = a.device.addPeer(Uint8Array.from(Buffer.from(hex, "hex")));
    assert.ok(peer);
    a.device.allowedIps.insert(Uint8Array.of(10, 0, 1, i), 32, peer);
    peer.setEndpoint(b.address);
    peer.setPersistentKeepaliveInterval(1, sim.now);
    a.send(Object.assign(ipv4Packet(a, b, i), { 18: 1, 19: i }));
  });
  sim.run(10_000);
  assert.equal(sim.network.log.length, 0);
});

Deno.test("device: a removed peer leaves no key, index, timer, packet or allowed IP", () => {
  const { sim, a, b } = connectedPair();
  const peer = a.peer(b);
  peer.setPresharedKey(key(7));
  const psk = peer.presharedKey;
  peer.setPersistentKeepaliveInterval(25, sim.now);
  sim.network.adversary = () => false;
  sim.run(185_000);
  a.send(ipv4Packet(a, b, 1));
  assert.equal(peer.staged.count, 1);
  assert.ok(peer.handshake.pending);
  a.device.removePeer(peer);
  assert.ok(keysErased(a));
  assert.deepEqual(psk, key(0));
  assert.equal(a.device.nextDeadline(), Infinity);
  assert.equal(peer.staged.count, 0);
  assert.equal(a.device.allowedIps.count(peer), 0);
  sim.network.recording = true;
  sim.network.adversary = null;
  a.send(ipv4Packet(a, b, 1));
  sim.run(10_000);
  assert.deepEqual(timesSent(a, INITIATION), []);
  assert.deepEqual(timesSent(a, TRANSPORT_DATA), []);
});

Deno.test("device: what holds on to a removed peer can't reach the one that has its place", () => {
  const { sim, a, b } = connectedPair();
  const old = a.peer(b);
  a.device.removePeer(old);
  const peer = a.device.addPeer(publicKeyOf(b));
  assert.ok(peer);
  peer.setPresharedKey(key(7));
  old.setPresharedKey(key(8));
  old.eraseKeys();
  old.wipe();
  assert.equal(old.handshake.createInitiation(new Uint8Array(148), 1, sim.now), false);
  assert.deepEqual(old.publicKey, key(0));
  assert.deepEqual(peer.presharedKey, key(7));
  assert.deepEqual(peer.publicKey, publicKeyOf(b));
  a.device.removePeer(old);
  assert.equal(a.device.getPeer(publicKeyOf(b)), peer);
});

Deno.test("device: going down erases sessions and stops everything, going up starts anew", () => {
  const { sim, a, b } = connectedPair();
  a.peer(b).setPersistentKeepaliveInterval(25, sim.now);
  sim.run(1000);
  a.device.down(sim.now);
  a.device.down(sim.now);
  assert.equal(a.device.isUp, false);
  assert.ok(keysErased(a));
  assert.equal(a.device.nextDeadline(), Infinity);
  sim.network.recording = true;
  a.send(ipv4Packet(a, b, 1));
  b.send(ipv4Packet(b, a, 1));
  sim.run(20_000);
  assert.ok(sim.network.log.every(({ from }) => from === b.address));
  assert.equal(a.received.length, 0);
  assert.equal(a.device.handshakesWaiting, 0);
  a.device.up(sim.now);
  a.device.up(sim.now);
  a.turn();
  sim.run(100);
  assert.ok(a.peer(b).sessions.current);
  assert.equal(b.received.length, 0);
  b.send(ipv4Packet(b, a, 2));
  sim.run(100);
  assert.ok(a.received.length > 0);
});

Deno.test("device: endpoints and intervals set while down are used when up", () => {
  const { sim, a, b } = pair();
  a.device.down(sim.now);
  a.peer(b).setPersistentKeepaliveInterval(25, sim.now);
  assert.equal(a.device.nextDeadline(), Infinity);
  sim.run(1000);
  a.device.up(sim.now);
  a.turn();
  sim.run(100);
  assert.equal(countEvents(b, "handshake-completed"), 1);
});

Deno.test("device: events tell what happened, and no secret", () => {
  const { sim, a, b } = pair();
  a.send(ipv4Packet(a, b, 1));
  sim.run(600_000);
  assert.deepEqual(a.events.map(({ type }) => type), [
    "handshake-initiated",
    "handshake-completed",
    "sessions-erased",
  ]);
  assert.deepEqual(b.events.map(({ type }) => type), [
    "roamed",
    "handshake-answered",
    "handshake-completed",
    "sessions-erased",
  ]);
});

Deno.test("device: the seed decides everything", () => {
  const run = (seed: number) => {
    const { sim, a, b } = pair(seed);
    sim.network.recording = true;
    a.send(ipv4Packet(a, b, 1));
    sim.run(130_000);
    return sim.network.log.map(({ bytes, at }) => `${at} ${bytes.join()}`).join("\n");
  };
  assert.equal(run(5), run(5));
  assert.notEqual(run(5), run(6));
  assert.notEqual(new SeededRandom(1).u32(), new SeededRandom(2).u32());
});

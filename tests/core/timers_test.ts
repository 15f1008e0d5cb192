import assert from "node:assert/strict";
import type { Now } from "../../core/clock.ts";
import { DeadlineHeap } from "../../core/deadline_heap.ts";
import { Jitter } from "../../core/jitter.ts";
import { PeerTimers, type TimerActions } from "../../core/timers.ts";
import { connectedPair, ipv4Packet } from "./sim.ts";
import { SeededRandom } from "./seeded_random.ts";

type Timers = PeerTimers<string>;

/** A heap that counts how often it is touched. */
class CountingHeap extends DeadlineHeap<Timers> {
  touched = 0;

  override schedule(entry: Timers, deadline: number): void {
    this.touched++;
    super.schedule(entry, deadline);
  }
}

/** Actions that only tell what was asked for; the first `refusals` are refused. */
class Recorder implements TimerActions<string> {
  readonly done: string[] = [];
  refusals = 0;

  sendInitiation(owner: string): boolean {
    return this.#try(`${owner}: initiation`);
  }
  sendKeepalive(owner: string): boolean {
    return this.#try(`${owner}: keepalive`);
  }
  clearEndpointSource(): void {}
  giveUp(owner: string, initiations: number): void {
    this.done.push(`${owner}: give up after ${initiations}`);
  }
  eraseKeys(owner: string): void {
    this.done.push(`${owner}: erase`);
  }

  #try(action: string): boolean {
    if (this.refusals > 0) {
      this.refusals--;
      return false;
    }
    this.done.push(action);
    return true;
  }
}

function make(names: string[]): { heap: CountingHeap; all: Timers[]; recorder: Recorder } {
  const heap = new CountingHeap();
  const jitter = new Jitter(new SeededRandom(1).fill);
  const all = names.map((name) => new PeerTimers(name, heap, jitter));
  return { heap, all, recorder: new Recorder() };
}

function at(boot: number): Now {
  return { boot, wall: 0 };
}

Deno.test("jitter: whole milliseconds from 0 to 333, all of them", () => {
  const jitter = new Jitter((target) => target.fill(0));
  const seen = new Set<number>();
  for (let i = 0; i < 20_000; i++) seen.add(jitter.next());
  assert.equal(seen.size, 334);
  assert.equal(Math.min(...seen), 0);
  assert.equal(Math.max(...seen), 333);
});

Deno.test("timers: a busy peer touches the heap a few times in 10 seconds, not per packet", () => {
  const { heap, all: [timers], recorder } = make(["a"]);
  assert.ok(timers);
  timers.setPersistentKeepalive(25_000, 0);
  timers.onSessionDerived(0);
  let packets = 0;
  for (let now = 0; now < 100_000; now++) {
    timers.onDataReceived(now);
    timers.onAnyAuthenticatedPacketReceived();
    timers.onAnyAuthenticatedPacketTraversal(now);
    timers.onAnyAuthenticatedPacketSent();
    timers.onAnyAuthenticatedPacketTraversal(now);
    timers.onDataSent(now);
    packets += 2;
    if (heap.nextDeadline() <= now) assert.ok(heap.first()?.fire(at(now), recorder));
  }
  assert.equal(packets, 200_000);
  assert.ok(heap.touched < 40, `${heap.touched} times`);
  assert.deepEqual(recorder.done, []);
});

Deno.test("timers: what is refused stays due, and what was done is not done twice", () => {
  const { heap, all: [timers], recorder } = make(["a"]);
  assert.ok(timers);
  timers.onSessionDerived(-540_000);
  timers.onDataReceived(-10_000);
  timers.setPersistentKeepalive(30_000, 0);
  timers.startPersistentKeepalive(0);
  timers.requestHandshake(0);
  recorder.refusals = 1;
  assert.equal(timers.fire(at(0), recorder), false);
  assert.deepEqual(recorder.done, []);
  assert.ok(heap.nextDeadline() <= 0);
  assert.equal(timers.fire(at(0), recorder), true);
  assert.deepEqual(recorder.done, ["a: keepalive", "a: keepalive", "a: erase", "a: initiation"]);
  assert.equal(timers.fire(at(1), recorder), true);
  assert.equal(recorder.done.length, 4);
  assert.equal(heap.nextDeadline(), 30_000);
});

Deno.test("timers: many peers are served in the order of their deadlines", () => {
  const names = Array.from({ length: 50 }, (_, i) => `peer${i}`);
  const { heap, all, recorder } = make(names);
  all.forEach((timers, i) => timers.onDataReceived(i * 37 % 50));
  while (heap.nextDeadline() < Infinity) {
    assert.ok(heap.first()?.fire(at(heap.nextDeadline()), recorder));
  }
  const order = names.map((name, i) => ({ name, due: i * 37 % 50 }))
    .sort((a, b) => a.due - b.due).map(({ name }) => `${name}: keepalive`);
  assert.deepEqual(recorder.done, order);
});

Deno.test("timers: a stopped peer is never due", () => {
  const { heap, all: [a, b], recorder } = make(["a", "b"]);
  assert.ok(a && b);
  for (const timers of [a, b]) {
    timers.setPersistentKeepalive(1000, 0);
    timers.startPersistentKeepalive(0);
    timers.onHandshakeInitiated(0);
    timers.onSessionDerived(0);
    timers.onDataSent(0);
    timers.onDataReceived(0);
  }
  a.stop();
  for (let now = 0; now < 2000; now += 500) {
    while (heap.nextDeadline() <= now) assert.ok(heap.first()?.fire(at(now), recorder));
  }
  assert.ok(recorder.done.length > 0);
  assert.ok(recorder.done.every((action) => action.startsWith("b")));
});

Deno.test("10,000 peers that are idle cost nothing, however busy one of them is", () => {
  const { sim, a, b } = connectedPair();
  const key = new Uint8Array(32);
  const view = new DataView(key.buffer);
  const memory = new ArrayBuffer(a.memory.bytes.length + (10_001 * 6 * 32));
  const c = sim.addHost({
    memory,
    device: { keySlots: { offset: a.memory.bytes.length, length: 10_001 * 6 * 32 } },
  });
  for (let i = 1; i <= 10_000; i++) {
    view.setUint32(4, i);
    const peer = c.device.addPeer(key);
    assert.ok(peer);
    c.device.allowedIps.insert(Uint8Array.of(10, 1, i >> 8, i), 32, peer);
  }
  assert.equal(c.device.peerCount, 10_000);
  assert.equal(c.device.nextDeadline(), Infinity);
  sim.connect(c, b);
  const { device } = c;
  const advance = device.advance.bind(device);
  let advanced = 0;
  device.advance = (now) => {
    advanced++;
    advance(now);
  };
  for (let i = 0; i < 1000; i++) {
    c.send(ipv4Packet(c, b, i));
    b.send(ipv4Packet(b, c, i));
    sim.run(100);
  }
  assert.equal(c.received.length, 999);
  // Once for the initiation, then when the first deadline stored comes up every 10 to 15 s.
  assert.ok(advanced < 15, `${advanced} times`);
  sim.run(600_000);
  assert.equal(c.device.nextDeadline(), Infinity);
});

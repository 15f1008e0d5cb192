/**
 * What the timers of {@linkcode PEERS} peers cost. The baseline is to ask every peer in every turn, as is
 * done without an order of deadlines.
 */
import type { Now } from "../../core/clock.ts";
import { DeadlineHeap } from "../../core/deadline_heap.ts";
import { Jitter } from "../../core/jitter.ts";
import { PeerTimers, type TimerActions } from "../../core/timers.ts";
import { SeededRandom } from "../core/seeded_random.ts";

const PEERS = 10_000;
const KEEPALIVE_MS = 25_000;

const random = new SeededRandom(1);
let keepalives = 0;
const actions: TimerActions<number> = {
  sendInitiation: () => true,
  sendKeepalive() {
    keepalives++;
    return true;
  },
  clearEndpointSource() {},
  giveUp() {},
  eraseKeys() {},
};

interface Scene {
  readonly heap: DeadlineHeap<PeerTimers<number>>;
  readonly timers: readonly PeerTimers<number>[];
  readonly now: Now;
}

/** Peers that have keepalives to send, and whose times are spread or all the same. */
function scene(spread: boolean): Scene {
  const heap = new DeadlineHeap<PeerTimers<number>>();
  const jitter = new Jitter(random.fill);
  const timers = Array.from({ length: PEERS }, (_, i) => {
    const peer = new PeerTimers(i, heap, jitter);
    const start = spread ? random.below(KEEPALIVE_MS) : 0;
    peer.setPersistentKeepalive(KEEPALIVE_MS, start);
    peer.startPersistentKeepalive(start);
    return peer;
  });
  const now = { boot: spread ? KEEPALIVE_MS : 0, wall: 0 };
  while (heap.nextDeadline() <= now.boot) heap.first()?.fire(now, actions);
  return { heap, timers, now };
}

const idle = scene(true);
Deno.bench({
  name: "an idle turn: asking every peer",
  group: "idle turn",
  baseline: true,
  fn() {
    for (const peer of idle.timers) if (peer.deadline <= idle.now.boot) throw new Error("due");
  },
});
Deno.bench("an idle turn: wgts", { group: "idle turn" }, () => {
  if (idle.heap.nextDeadline() <= idle.now.boot) throw new Error("due");
});

const busy = scene(true);
Deno.bench("a packet received and one sent", { group: "busy turn" }, () => {
  const peer = busy.timers[random.below(PEERS)];
  if (peer === undefined) return;
  const { boot } = busy.now;
  peer.onAnyAuthenticatedPacketTraversal(boot);
  peer.onAnyAuthenticatedPacketReceived();
  peer.onDataReceived(boot);
  peer.onAnyAuthenticatedPacketTraversal(boot);
  peer.onAnyAuthenticatedPacketSent();
  peer.onDataSent(boot);
});

for (const spread of [true, false]) {
  const { heap, now } = scene(spread);
  const when = spread ? "within 25 s" : "at once";
  Deno.bench(`${PEERS} keepalives ${when}`, { group: "storm" }, () => {
    const before = keepalives;
    now.boot += KEEPALIVE_MS;
    while (heap.nextDeadline() <= now.boot) heap.first()?.fire(now, actions);
    if (keepalives - before < PEERS) throw new Error(`${keepalives - before} keepalives`);
  });
}

/** Who is told what happens: each reader all of it, in order, unless it is too slow. */
import assert from "node:assert/strict";
import {
  EventFeed,
  type EventQueue,
  MAX_EVENT_READERS,
  MAX_WAITING_EVENTS,
} from "../../../cli/engine/event_feed.ts";
import type { DeviceEvent } from "../../../core/device_event.ts";
import { Endpoint } from "../../../core/endpoint.ts";
import type { TunnelEvent } from "../../../core/events/event.ts";
import type { Peer } from "../../../core/peer.ts";
import { UapiEventReader } from "../../../core/uapi/events.ts";

function feed(isUp = true): EventFeed {
  return new EventFeed({
    now: () => 1000,
    isUp: () => isUp,
    nameOf: () => "Alice",
    zoneName: (index) => `eth${index}`,
  });
}

function take(queue: EventQueue, most = Infinity): TunnelEvent[] {
  const reader = new UapiEventReader();
  reader.push(new TextEncoder().encode("errno=0\n\n"));
  const events: TunnelEvent[] = [];
  for (let count = 0; count < most && queue.hasNext; count++) {
    events.push(...reader.push(queue.next() ?? assert.fail()));
  }
  return events;
}

function happen(feed: EventFeed, times: number, first = 1): void {
  for (let i = 0; i < times; i++) feed.publish({ type: "interface-up", listenPort: first + i });
}

const ports = (events: TunnelEvent[]) =>
  events.map(({ listenPort, count }) => listenPort ?? -(count ?? 0));
const numbers = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

Deno.test("each reader is told all that happens, from when it came", () => {
  const events = feed();
  const early = events.open() ?? assert.fail();
  happen(events, 2);
  const late = events.open() ?? assert.fail();
  happen(events, 1, 3);
  assert.deepEqual([ports(take(early)), ports(take(late))], [[1, 2, 3], [3]]);
  events.close(early);
  happen(events, 1, 4);
  assert.deepEqual([ports(take(early)), ports(take(late))], [[], [4]]);
  assert.equal(late.next(), null);
});

Deno.test("a slow reader makes nothing grow, and is told where and how many events it lost", () => {
  const events = feed();
  const quick = events.open() ?? assert.fail(), slow = events.open() ?? assert.fail();
  const full = MAX_WAITING_EVENTS;
  for (let i = 1; i <= full + 40; i++) {
    happen(events, 1, i);
    assert.deepEqual(ports(take(quick)), [i]);
  }
  assert(slow.isFull);
  assert.deepEqual(ports(take(slow, 1)), [1]);
  happen(events, 1, 1000); // There is room for one, but not for what tells of the others too.
  assert.deepEqual(ports(take(slow, 1)), [2]);
  happen(events, 2, 1001);
  assert.deepEqual(ports(take(slow)), [...numbers(3, full), -41, 1001, -1]);
  happen(events, 2, 1);
  assert.deepEqual(ports(take(slow)), [1, 2]);
  happen(events, full + 1);
  assert.deepEqual(ports(take(slow)), [...numbers(1, full), -1], "told though nothing follows");
  for (let i = 0; i < 5 * full; i += 7) {
    happen(events, 7, i + 1);
    assert.equal(ports(take(slow, 7)).length, 7);
  }
});

Deno.test("there are so many readers at most", () => {
  const events = feed();
  const queues = Array.from({ length: MAX_EVENT_READERS }, () => events.open() ?? assert.fail());
  assert.equal(events.open(), null);
  events.close(queues[3] ?? assert.fail());
  assert.notEqual(events.open(), null);
});

Deno.test("events of the device are told, but for those of single messages", () => {
  const at = new Endpoint(Uint8Array.of(192, 0, 2, 1), 7);
  const far = new Endpoint(new Uint8Array(16).fill(0xfe, 0, 1).fill(0x81, 1), 8, 3);
  const unzoned = new Endpoint(new Uint8Array(16).fill(1), 8, 3);
  const peer = { publicKey: new Uint8Array(32), endpoint: at, removed: false } as unknown as Peer;
  const tell = (event: DeviceEvent, isUp = true): string[] => {
    const events = feed(isUp);
    events.onDeviceEvent(event);
    const queue = events.open() ?? assert.fail();
    events.onDeviceEvent(event);
    return [...new TextDecoder().decode(queue.next() ?? new Uint8Array()).split("\n")]
      .filter((line) => line !== "" && !/^(time_msec|public_key)=/.test(line));
  };
  const zone = "[fe81:8181:8181:8181:8181:8181:8181:8181%eth3]:8";
  assert.deepEqual(tell({ type: "handshake-completed", peer, initiator: false }), [
    "event=handshake-completed",
    "name=Alice",
    "role=responder",
    "endpoint=192.0.2.1:7",
  ]);
  assert.deepEqual(tell({ type: "handshake-given-up", peer, initiations: 20 }), [
    "event=handshake-failed",
    "name=Alice",
    "initiations=20",
  ]);
  assert.deepEqual(tell({ type: "roamed", peer, from: null, to: far }), [
    "event=roamed",
    "name=Alice",
    "previous_endpoint=",
    `endpoint=${zone}`,
  ]);
  assert.deepEqual(
    tell({ type: "endpoint-reresolved", peer, name: "a.test:7", from: far, to: at }),
    [
      "event=endpoint-reresolved",
      "name=Alice",
      `previous_endpoint=${zone}`,
      "endpoint=192.0.2.1:7",
      "endpoint_name=a.test:7",
    ],
  );
  assert.deepEqual(tell({ type: "roamed", peer, from: at, to: unzoned }).slice(2), [
    "previous_endpoint=192.0.2.1:7",
    "endpoint=[101:101:101:101:101:101:101:101%3]:8",
  ]);
  const erased: DeviceEvent = { type: "sessions-erased", peer };
  assert.deepEqual(tell(erased), ["event=sessions-expired", "name=Alice"]);
  assert.deepEqual(tell(erased, false), [], "they end with the interface");
  assert.deepEqual(tell({ ...erased, peer: { ...peer, removed: true } as Peer }), []);
  assert.deepEqual(tell({ type: "handshake-initiated", peer, attempt: 1 }), []);
  assert.deepEqual(tell({ type: "handshake-answered", peer }), []);
  assert.deepEqual(tell({ type: "under-load", waiting: 1 }), []);
});

/** Events: as lines for people and programs, as blocks of the control protocol, and derived from states. */
import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { deriveEvents } from "../../../core/events/derive.ts";
import {
  type InterfaceEvent,
  TUNNEL_EVENTS,
  type TunnelEvent,
} from "../../../core/events/event.ts";
import { formatEventJson, formatEventText } from "../../../core/events/text.ts";
import { IpAddress } from "../../../core/ip.ts";
import { UapiError } from "../../../core/uapi/client.ts";
import type { UapiEndpoint } from "../../../core/uapi/command.ts";
import { formatUapiEvent, UapiEventReader } from "../../../core/uapi/events.ts";
import type { InterfaceStatus, PeerStatus } from "../../../core/uapi/status.ts";
import { peerStatus } from "../status/statuses.ts";

const SCHEMA = new URL("../../../cli/share/events.schema.json", import.meta.url);
const validate = new Ajv2020({ allErrors: true, strictTypes: false })
  .compile(JSON.parse(Deno.readTextFileSync(SCHEMA)));
const formatTime = (time: number) => new Date(time).toISOString();
const isValid = (value: unknown): boolean => validate(value);

function endpoint(text: string, port = 51820, zone = ""): UapiEndpoint {
  return { address: IpAddress.parse(text) ?? assert.fail(), port, zone };
}

const TIME = Date.UTC(2026, 0, 2, 3, 4, 5, 6);
const ALICE = { publicKey: new Uint8Array(32).fill(1), name: "Alice’s phone" };
const NAMELESS = { publicKey: new Uint8Array(32).fill(2), name: null };
const HOME = endpoint("192.0.2.1"), AWAY = endpoint("fe80::1", 7, "eth0");

/** Each kind of event at least once, and what people read of it. */
const EVENTS: readonly (readonly [TunnelEvent, string])[] = [
  [
    { type: "handshake-completed", time: TIME, peer: ALICE, role: "initiator", endpoint: HOME },
    "Alice’s phone (AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=): handshake completed as " +
    "initiator, endpoint 192.0.2.1:51820",
  ],
  [
    { type: "handshake-completed", time: TIME, peer: NAMELESS, role: null, endpoint: null },
    "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=: handshake completed",
  ],
  [
    { type: "handshake-failed", time: TIME, peer: NAMELESS, initiations: 20 },
    "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=: no answer to 20 handshake initiations",
  ],
  [
    { type: "roamed", time: TIME, peer: NAMELESS, previousEndpoint: null, endpoint: AWAY },
    "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=: roamed from (none) to [fe80::1%eth0]:7",
  ],
  [
    { type: "sessions-expired", time: TIME, peer: NAMELESS },
    "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=: sessions expired",
  ],
  [
    {
      type: "endpoint-reresolved",
      time: TIME,
      peer: NAMELESS,
      endpointName: "vpn.example.com:51820",
      previousEndpoint: AWAY,
      endpoint: HOME,
    },
    "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=: vpn.example.com:51820 is sought at " +
    "192.0.2.1:51820, before at [fe80::1%eth0]:7",
  ],
  [{ type: "interface-up", time: TIME, listenPort: 51820 }, "up, UDP port 51820"],
  [{ type: "interface-down", time: TIME }, "down"],
  [{ type: "interface-added", time: TIME }, "added"],
  [{ type: "interface-removed", time: TIME, reason: "SIGTERM" }, "removed: SIGTERM"],
  [{ type: "interface-removed", time: TIME, reason: null }, "removed"],
  [{ type: "lost", time: TIME, count: 3 }, "3 events were lost"],
];

Deno.test("each kind of event is a line for people, and one that the schema describes", () => {
  const seen = new Set<string>();
  for (const [event, text] of EVENTS) {
    const told: InterfaceEvent = { ...event, interface: "wg0" };
    assert.equal(formatEventText(told, formatTime), `2026-01-02T03:04:05.006Z wg0: ${text}`);
    const obeyed = { ...event, interface: "\x1b[2J" };
    assert.match(formatEventText(obeyed, formatTime), /Z \\u\{1b\}\[2J: /);
    const json = formatEventJson(told, formatTime);
    assert.equal(json.includes("\n"), false);
    const value = JSON.parse(json);
    assert(isValid(value), `${json}: ${JSON.stringify(validate.errors)}`);
    assert(!isValid({ ...value, private: 1 }), "a field that the schema doesn't have");
    for (const key of Object.keys(value)) {
      const { [key]: _, ...rest } = value;
      assert(!isValid(rest), `${key} isn't required of ${json}`);
    }
    seen.add(event.type);
  }
  assert.deepEqual([...seen].sort(), Object.keys(TUNNEL_EVENTS).sort());
});

/** What a reader gives of a stream that comes in such pieces. */
function read(stream: Uint8Array, sizes: readonly number[]): TunnelEvent[] {
  const reader = new UapiEventReader();
  const events: TunnelEvent[] = [];
  let at = 0;
  for (const size of [...sizes, Infinity]) {
    events.push(...reader.push(stream.subarray(at, at + size)));
    at += size;
    if (at >= stream.length) break;
  }
  return events;
}

function streamOf(...parts: (string | Uint8Array)[]): Uint8Array {
  const bytes = parts.map((part) =>
    typeof part === "string" ? new TextEncoder().encode(part) : part
  );
  return Uint8Array.from(bytes.flatMap((part) => [...part]));
}

Deno.test("events are read as they were written, in pieces of any size", () => {
  const events = EVENTS.map(([event]) => event);
  const expected = events.map((event) => {
    // What isn't known isn't written.
    const { reason, ...rest } = event;
    return reason === undefined || reason === null ? rest : event;
  });
  const stream = streamOf("errno=0\n\n", ...events.map(formatUapiEvent));
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 400 })), (sizes) => {
      assert.deepEqual(read(stream, sizes), expected);
    }),
  );
});

Deno.test("what an engine says is taken for nothing else, and no terminal obeys it", () => {
  const refused = (text: string) => {
    try {
      read(streamOf(text), []);
    } catch (error) {
      assert(error instanceof UapiError, String(error));
      return true;
    }
    return false;
  };
  assert(refused("errno=-22\n\n"));
  assert(refused("version=1\n\n"));
  assert(refused("errno=0\n\nno equals sign\n\n"));
  assert(refused("errno=0\n\nevent=roamed\ntime_msec=x\n\n"));
  assert(refused("errno=0\n\nevent=roamed\nendpoint=nowhere\n\n"));
  assert(refused("errno=0\n\nevent=lost\npublic_key=7\n\n"));
  assert(refused(`errno=0\n\n${"x".repeat(5000)}`));
  assert.deepEqual(read(streamOf("errno=0\n\nevent=tomorrow\nx=y\n\n"), []), []);
  const [event] = read(
    streamOf("errno=0\n\nevent=interface-removed\ntime_msec=5\nreason=\x1b[2Jgone\x07\nnew=1\n\n"),
    [],
  );
  assert.deepEqual(event, { type: "interface-removed", time: 5, reason: " [2Jgone " });
  const long = formatUapiEvent({
    type: "interface-removed",
    time: 0,
    reason: `a\nevent=lost\n\n${"é".repeat(9999)}`,
  });
  assert.doesNotMatch(new TextDecoder().decode(long).slice(0, -2), /\n\n|\nevent=/);
  assert(long.length < 400);
});

Deno.test("handshakes and roaming of an interface that tells no events show in its state", () => {
  const status = (...peers: PeerStatus[]): InterfaceStatus => ({
    name: "wg0",
    publicKey: null,
    listenPort: 1,
    fwmark: 0,
    backend: "kernel",
    engine: null,
    peers,
  });
  const shaken = (seconds: number, nanoseconds = 0) => ({
    lastHandshake: { seconds, nanoseconds },
  });
  const a = peerStatus(1), b = peerStatus(2);
  const before = status(a, { ...b, ...shaken(100, 5), endpoint: HOME });
  const derive = (...peers: PeerStatus[]) => deriveEvents(before, status(...peers), TIME);
  assert.deepEqual(derive(...before.peers), []);
  assert.deepEqual(derive(a, { ...b, ...shaken(99), endpoint: endpoint("192.0.2.1") }), []);
  const peer = { publicKey: b.publicKey, name: b.name };
  assert.deepEqual(derive({ ...b, ...shaken(100, 7e6), endpoint: AWAY }), [
    { type: "handshake-completed", time: 100_007, peer, role: null, endpoint: AWAY },
    { type: "roamed", time: TIME, peer, previousEndpoint: HOME, endpoint: AWAY },
  ]);
  assert.deepEqual(derive({ ...b, ...shaken(100, 5) })[0]?.endpoint, null);
  assert.deepEqual(derive({ ...peerStatus(3), endpoint: HOME }), [], "a peer that is new");
  assert.equal(derive({ ...peerStatus(3), ...shaken(1) })[0]?.type, "handshake-completed");
});

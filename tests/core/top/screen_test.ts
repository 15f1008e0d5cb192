import assert from "node:assert/strict";
import fc from "fast-check";
import { styleOf } from "../../../core/show/style.ts";
import { TopModel } from "../../../core/top/model.ts";
import type { InterfaceSample, PeerSample } from "../../../core/top/sample.ts";
import { plainLines, screenLines, type TopContext } from "../../../core/top/screen.ts";
import { ASCII, columnsOf, UNICODE } from "../../../core/terminal_text.ts";
import { TopView } from "../../../core/top/view.ts";

const WALL = 1_700_000_000_000;

function context(overrides: Partial<TopContext> = {}): TopContext {
  const defaults = {
    style: styleOf(false),
    charset: UNICODE,
    wall: WALL,
    time: 0,
    interval: "1 s",
  };
  return { ...defaults, ...overrides };
}

function peer(key: string, overrides: Partial<PeerSample> = {}): PeerSample {
  const silent = { name: null, endpoint: null, handshakeAt: 0, receivedBytes: 0, sentBytes: 0 };
  return { key, ...silent, ...overrides };
}

function sample(name: string, time: number, peers: PeerSample[], state = "up"): InterfaceSample {
  return { name, time, found: { listenPort: 51820, state, peers } };
}

function model(...rounds: InterfaceSample[][]): TopModel {
  const model = new TopModel();
  for (const samples of rounds) model.update(samples, samples[0]?.time ?? 0);
  return model;
}

const EXAMPLE = model(
  ...[[0, 0, 0], [1000, 1024, 0], [3000, 1024, 4096]].map(([time = 0, received = 0, sent = 0]) => [
    sample("wg0", time, [
      peer("AAAA", { name: "office", endpoint: "192.0.2.1:51820", receivedBytes: received }),
      peer("BBBB", { sentBytes: sent, handshakeAt: WALL / 1000 - 65 }),
    ]),
  ]),
);

function trimmed(lines: readonly string[]): string {
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}

Deno.test("the screen shows interfaces and peers, the busiest first", () => {
  const size = { columns: 100, rows: 10 };
  assert.equal(
    trimmed(screenLines(EXAMPLE, new TopView(), size, context())),
    `\
1 interface, 2 peers, down 0 B/s, up 2.00 KiB/s                       by rate, every 1 s, ? for help

INTERFACE   PORT   PEERS    DOWN/s      UP/s  RECEIVED      SENT  STATE
wg0        51820       2       0 B  2.00 KiB  1.00 KiB  4.00 KiB  up

PEER         ENDPOINT           DOWN/s      UP/s  HISTORY              HANDSHAKE  RECEIVED      SENT
BBBB         -                     0 B  2.00 KiB                   ▁█     1m 05s       0 B  4.00 KiB
office       192.0.2.1:51820       0 B       0 B                   █▁      never  1.00 KiB       0 B
`,
  );
});

Deno.test("what has no room goes column by column, names and rates last", () => {
  const size = { columns: 50, rows: 10 };
  assert.equal(
    trimmed(screenLines(EXAMPLE, new TopView(), size, context())),
    `\
1 interface, 2 peers, down 0 B/s, up 2.00 KiB/s

INTERFACE   PEERS    DOWN/s      UP/s  STATE
wg0             2       0 B  2.00 KiB  up

PEER           DOWN/s      UP/s  HANDSHAKE
BBBB              0 B  2.00 KiB     1m 05s
office            0 B       0 B      never
`,
  );
});

Deno.test("plain output has no history and is as wide as it must be", () => {
  assert.equal(
    trimmed(plainLines(EXAMPLE, new TopView(), "now", context({ charset: ASCII }))),
    `\
now  1 interface, 2 peers, down 0 B/s, up 2.00 KiB/s

INTERFACE   PORT   PEERS    DOWN/s      UP/s  RECEIVED      SENT  STATE
wg0        51820       2       0 B  2.00 KiB  1.00 KiB  4.00 KiB  up

PEER         ENDPOINT           DOWN/s      UP/s  HANDSHAKE  RECEIVED      SENT
BBBB         -                     0 B  2.00 KiB     1m 05s       0 B  4.00 KiB
office       192.0.2.1:51820       0 B       0 B      never  1.00 KiB       0 B
`,
  );
});

Deno.test("peers are sorted by name on demand", () => {
  const view = new TopView();
  view.act("sort");
  const lines = screenLines(EXAMPLE, view, { columns: 80, rows: 24 }, context());
  assert.deepEqual(lines.slice(-2).map((line) => line.split(" ")[0]), ["BBBB", "office"]);
});

Deno.test("an interface that can't be asked says why, and since when", () => {
  const shown = model(
    [sample("wg0", 0, [peer("AAAA")]), sample("wg1", 0, [])],
    [sample("wg1", 1000, []), {
      name: "wg2",
      time: 900,
      found: { problem: "dead", reason: "out of memory" },
    }],
  );
  const at = (time: number) =>
    screenLines(shown, new TopView(), { columns: 80, rows: 24 }, context({ time }));
  const text = at(66_000).join("\n");
  assert.match(text, /^wg0 +-.* gone for 1m 05s *$/m);
  assert.match(text, /^wg2 .* dead for 1m 05s: out of memory *$/m);
  assert.doesNotMatch(text, /AAAA/);
  shown.update([sample("wg0", 2000, [peer("AAAA", { receivedBytes: 7 })])], 2000);
  assert.match(at(2000).join("\n"), /^wg0 +51820 +1 +- +- +up *$/m);
  assert.match(at(2000).join("\n"), /^AAAA +wg0 +- +- +- /m);
});

Deno.test("an interface that is gone is forgotten a minute later", () => {
  const shown = model([sample("wg0", 0, [])]);
  const names = (time: number) => {
    shown.update([], time);
    return shown.interfaces.map(({ name }) => name);
  };
  assert.deepEqual(names(1000), ["wg0"]);
  assert.deepEqual(names(61_000), ["wg0"]);
  assert.deepEqual(names(61_001), []);
});

Deno.test("counters that began anew count from zero, and nothing is faster than light", () => {
  const shown = model(
    [sample("wg0", 0, [peer("AAAA", { receivedBytes: 10_000 })])],
    [sample("wg0", 2000, [peer("AAAA", { receivedBytes: 500 }), peer("BBBB", { sentBytes: 9 })])],
    // The same moment again.
    [sample("wg0", 2000, [peer("AAAA", { receivedBytes: 700 }), peer("BBBB", { sentBytes: 9 })])],
  );
  const [a, b] = shown.peers("name");
  assert.equal(a?.down, 250);
  assert.equal(b?.up, NaN);
});

Deno.test("of 10,000 peers a screen has those it has room for", () => {
  const peers = Array.from({ length: 10_000 }, (_, i) => peer(`key ${String(i).padStart(5, "0")}`));
  const shown = model([sample("wg0", 0, peers)]);
  const view = new TopView();
  const size = { columns: 80, rows: 24 };
  const lines = () => screenLines(shown, view, size, context());
  assert.equal(lines().length, 24);
  assert.match(lines()[6] ?? "", /^key 00000/);
  assert.match(lines().at(-1) ?? "", /^peers 1 to 17 of 10000 *$/);
  view.act("last");
  assert.match(lines().at(-2) ?? "", /^key 09999/);
  assert.match(lines().at(-1) ?? "", /^peers 9984 to 10000 of 10000 *$/);
});

Deno.test("there may be nothing at all", () => {
  const lines = screenLines(new TopModel(), new TopView(), { columns: 80, rows: 24 }, context());
  assert.equal(lines[2]?.trimEnd(), "No WireGuard interface is there.");
});

/** Names as an enemy would choose them, if some server let them. */
const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 70 }),
  fc.string({ unit: fc.constantFrom("日", "\u0301", "\x1b[2J", "👩‍👩‍👧", "a", "\u202e", "\r\n") }),
);
const anyCount = fc.oneof(fc.nat(2000), fc.nat(2 ** 53 - 1));
const anyPeer: fc.Arbitrary<PeerSample> = fc.record({
  key: anyText,
  name: fc.option(anyText),
  endpoint: fc.option(anyText),
  handshakeAt: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2 * WALL / 1000 })),
  receivedBytes: anyCount,
  sentBytes: anyCount,
});
const anyRound = fc.array(fc.record({
  name: fc.oneof(fc.constantFrom("wg0", "wg1"), anyText),
  time: fc.nat(100_000),
  found: fc.oneof(
    fc.record({ problem: anyText, reason: anyText }),
    fc.record({
      listenPort: fc.nat(0xffff),
      state: anyText,
      peers: fc.array(anyPeer, { maxLength: 20 }),
    }),
  ),
}));
const anyActions = fc.array(fc.constantFrom("sort", "help", "down", "page-down", "last", "up"));

Deno.test("no line is wider than the screen, and there are no more than fit, whatever is told", () => {
  fc.assert(
    fc.property(
      fc.array(anyRound, { maxLength: 4 }),
      fc.record({
        columns: fc.integer({ min: 1, max: 250 }),
        rows: fc.integer({ min: 1, max: 60 }),
      }),
      anyActions,
      fc.constantFrom(UNICODE, ASCII),
      (rounds, size, actions, charset) => {
        const view = new TopView();
        const shown = model(...rounds);
        const plain = context({ charset, time: 100_000 });
        screenLines(shown, view, size, plain);
        for (const action of actions) view.act(action as "sort");
        const lines = screenLines(shown, view, size, plain);
        assert.ok(lines.length <= size.rows);
        for (const line of lines) {
          assert.doesNotMatch(line, /[\p{C}\p{Zl}\p{Zp}]/u);
          assert.ok(columnsOf(line) <= size.columns, `${columnsOf(line)}: ${line}`);
        }
        const colored = screenLines(shown, view, size, { ...plain, style: styleOf(true) });
        // deno-lint-ignore no-control-regex -- the colours
        assert.deepEqual(colored.map((line) => line.replaceAll(/\x1b\[\d+m/g, "")), lines);
        const text = plainLines(shown, view, "now", plain).join("");
        assert.doesNotMatch(text, /[\p{C}\p{Zl}\p{Zp}]/u);
      },
    ),
    { numRuns: 300 },
  );
});

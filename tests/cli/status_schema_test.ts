/** The JSON Schema of `wgts status --json`: what is printed fits it, and little else does. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { isLinkName } from "../../core/config/interface_name.ts";
import { IpAddress } from "../../core/ip.ts";
import { formatKey } from "../../core/keys.ts";
import { formatStatusJson } from "../../core/status/json.ts";
import type { StatusReport } from "../../core/status/report.ts";
import type { EngineStatus, InterfaceStatus, PeerStatus } from "../../core/uapi/status.ts";
import { peerStatus } from "../core/status/statuses.ts";
import { problemsOf, schema, validator } from "./status_schema.ts";

const EVENTS_SCHEMA_FILE = new URL("../../cli/share/events.schema.json", import.meta.url);
const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const key = (byte: number) => new Uint8Array(32).fill(byte);

function address(text: string): IpAddress {
  const address = IpAddress.parse(text);
  assert.ok(address);
  return address;
}

const BUSY: PeerStatus = {
  publicKey: key(1),
  name: "Jürgen's \u{1f600}",
  endpoint: { address: address("fe80::1"), port: 51820, zone: "eth0" },
  endpointName: { name: "vpn.example:51820", resolvedAt: 1_700_000_001 },
  allowedIps: ["10.0.0.0/8", "::/0"],
  lastHandshake: { seconds: 1_700_000_000, nanoseconds: 5 },
  receivedBytes: 2 ** 53 - 1,
  sentBytes: 2 ** 60,
  persistentKeepalive: 25,
  refusesSegmentation: true,
};

const IDLE = peerStatus(2);

const ENGINE: EngineStatus = {
  version: "1.2.3",
  pid: 4711,
  startedAt: 1_700_000_000,
  up: true,
  mtu: 1420,
  interfaceNamespace: 4026531840,
  socketNamespace: 0,
  threads: 2,
  receiveBuffer: 14680064,
  sendBuffer: 0,
  cryptos: [{ name: "native", on: true, reason: "AVX-512" }],
  offloads: [{ name: "udp-gro", on: false, reason: "" }],
  drops: [{ name: "interface", count: 7 }],
};

const status = (values: Partial<InterfaceStatus>): InterfaceStatus => ({
  name: "wg0",
  publicKey: key(9),
  listenPort: 51820,
  fwmark: 0xffff_ffff,
  backend: "wgts",
  engine: ENGINE,
  peers: [BUSY, IDLE],
  ...values,
});

const REPORT: StatusReport = {
  wall: 1_700_000_000_999,
  interval: 0.5,
  running: [
    { status: status({}), rates: new Map([[formatKey(key(1)), { received: 1.25, sent: 0 }]]) },
    {
      status: status({ name: "wg2", backend: "kernel", engine: null, fwmark: 0, listenPort: 0 }),
      rates: null,
    },
    {
      status: status({
        name: "wg1",
        backend: "userspace",
        engine: null,
        publicKey: null,
        peers: [],
      }),
      rates: null,
    },
  ],
  ended: [
    { name: "dead", pid: 7, startedAt: 1_700_000_000, endedAt: 1_700_000_001, reason: "SIGTERM" },
    { name: "gone", pid: null, startedAt: null, endedAt: null, reason: "killed" },
  ],
};

const example = (): { [key: string]: Json } => JSON.parse(formatStatusJson(REPORT));

Deno.test("the schema is valid, of draft 2020-12, and tells of every field", () => {
  assert.equal(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
  assert.ok(validator.validateSchema(schema));
  const visit = (node: Json, path: string): void => {
    if (typeof node !== "object" || node === null) return;
    if (Array.isArray(node)) return node.forEach((item, i) => visit(item, `${path}/${i}`));
    if (node.type === "object" && node.properties !== undefined) {
      assert.equal(node.additionalProperties, false, path);
      assert.deepEqual(node.required, Object.keys(node.properties as object), path);
    }
    for (const [name, item] of Object.entries(node)) visit(item, `${path}/${name}`);
  };
  visit(schema, "");
});

Deno.test("all kinds of interfaces and peers fit the schema", () => {
  assert.equal(problemsOf(example()), "");
  const empty: StatusReport = { wall: 0, interval: null, running: [], ended: [] };
  assert.equal(problemsOf(JSON.parse(formatStatusJson(empty))), "");
});

Deno.test("whatever Linux takes for an interface's name fits the schemas", () => {
  const problemsWith = (name: string) => {
    const report = { ...REPORT, running: [{ status: status({ name }), rates: null }] };
    return problemsOf(JSON.parse(formatStatusJson(report)));
  };
  const { properties } = JSON.parse(Deno.readTextFileSync(EVENTS_SCHEMA_FILE));
  const { properties: { name: { pattern } } } = schema.$defs.interface;
  assert.equal(properties.interface.pattern, pattern);
  for (const name of ["wg@o", "wg\u00fc", "wg\u2003", "\x1b[31m", "...", "\u{1f600}", "%(x)"]) {
    assert.ok(isLinkName(name), name);
    assert.equal(problemsWith(name), "", name);
  }
  const anyName = fc.string({ unit: "binary", minLength: 1, maxLength: 15 }).filter(isLinkName);
  fc.assert(
    fc.property(anyName, (name) => assert.equal(problemsWith(name), "")),
    { numRuns: 500 },
  );
  for (const name of ["", ".", "..", "wg 0", "wg0\n", "a/b", "a:b", "\0", "x".repeat(16)]) {
    assert.ok(!isLinkName(name), name);
    assert.notEqual(problemsWith(name), "", name);
  }
});

Deno.test("a status in JSON is this", () => {
  const text = formatStatusJson({ ...REPORT, running: REPORT.running.slice(0, 1) });
  assert.match(text, /^[ -~\n]*\n$/);
  assert.deepEqual(JSON.parse(text), {
    version: 1,
    time: 1_700_000_000,
    interval: 0.5,
    interfaces: [
      {
        name: "dead",
        state: "ended",
        backend: "wgts",
        publicKey: null,
        listenPort: null,
        fwmark: null,
        engine: null,
        end: { process: 7, startedAt: 1_700_000_000, time: 1_700_000_001, reason: "SIGTERM" },
        peers: [],
      },
      {
        name: "gone",
        state: "ended",
        backend: "wgts",
        publicKey: null,
        listenPort: null,
        fwmark: null,
        engine: null,
        end: { process: null, startedAt: null, time: null, reason: "killed" },
        peers: [],
      },
      {
        name: "wg0",
        state: "running",
        backend: "wgts",
        publicKey: "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=",
        listenPort: 51820,
        fwmark: 0xffff_ffff,
        engine: {
          version: "1.2.3",
          process: 4711,
          startedAt: 1_700_000_000,
          up: true,
          mtu: 1420,
          interfaceNamespace: 4026531840,
          socketNamespace: null,
          threads: 2,
          receiveBuffer: 14680064,
          sendBuffer: null,
          cryptos: [{ name: "native", on: true, reason: "AVX-512" }],
          offloads: [{ name: "udp-gro", on: false, reason: null }],
          dropped: [{ by: "interface", count: 7 }],
        },
        end: null,
        peers: [
          {
            publicKey: "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
            name: "Jürgen's \u{1f600}",
            endpoint: "[fe80::1%eth0]:51820",
            endpointName: "vpn.example:51820",
            endpointLookedUp: 1_700_000_001,
            allowedIps: ["10.0.0.0/8", "::/0"],
            latestHandshake: 1_700_000_000,
            receivedBytes: 2 ** 53 - 1,
            sentBytes: 2 ** 60,
            receivedBytesPerSecond: 1.25,
            sentBytesPerSecond: 0,
            persistentKeepalive: 25,
            refusesSegmentation: true,
          },
          {
            publicKey: "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=",
            name: null,
            endpoint: null,
            endpointName: null,
            endpointLookedUp: null,
            allowedIps: [],
            latestHandshake: null,
            receivedBytes: 0,
            sentBytes: 0,
            receivedBytesPerSecond: null,
            sentBytesPerSecond: null,
            persistentKeepalive: null,
            refusesSegmentation: false,
          },
        ],
      },
    ],
  });
});

/** Every place in `value`: its path, and how to put something else there. */
function* places(value: Json, path: string): Generator<[path: string, parent: Json, key: string]> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    yield [`${path}/${key}`, value, key];
    yield* places(item, `${path}/${key}`);
  }
}

Deno.test("the schema is tight: no field may be missing, be of another type, or be one more", () => {
  for (const [path] of [...places(example(), "")]) {
    const change = (edit: (parent: { [key: string]: Json }, key: string) => void): Json => {
      const value = example();
      const [, parent, key] = [...places(value, "")].find(([other]) => other === path) ?? [];
      assert.ok(parent && key !== undefined);
      edit(parent as { [key: string]: Json }, key);
      return value;
    };
    const parentIsList = /\/\d+$/.test(path);
    if (!parentIsList) {
      assert.notEqual(problemsOf(change((parent, key) => delete parent[key])), "", `no ${path}`);
      const renamed = change((parent) => parent.privateKey = "x");
      assert.notEqual(problemsOf(renamed), "", `more than ${path}`);
    }
    for (const wrong of [{}, [[]], -1, "\n"] as Json[]) {
      const value = change((parent, key) => parent[key] = wrong);
      assert.notEqual(problemsOf(value), "", `${path} = ${JSON.stringify(wrong)}`);
    }
  }
});

Deno.test("the schema refuses what can't be", () => {
  const [, , running] = example().interfaces as { [key: string]: Json }[];
  const [ended] = example().interfaces as { [key: string]: Json }[];
  assert.ok(running && ended);
  const [peer] = running.peers as { [key: string]: Json }[];
  const impossible: [string, object][] = [
    ["a running one with an end", { ...running, end: ended.end ?? null }],
    ["an engine of the kernel's", { ...running, backend: "kernel" }],
    ["a wgts one without engine", { ...running, engine: null }],
    ["a dead one with peers", { ...ended, peers: running.peers ?? [] }],
    ["a dead one of the kernel's", { ...ended, backend: "kernel" }],
    ["a state there isn't", { ...running, state: "up" }],
    ["a port that is too large", { ...running, listenPort: 65536 }],
    ["a port of 0", { ...running, listenPort: 0 }],
    ["a name that is none", { ...running, name: "wg0 " }],
    ["half a number", { ...running, fwmark: 1.5 }],
    ["a short key", { ...running, publicKey: "CQkJ" }],
    ["a long name", { ...running, peers: [{ ...peer, name: "x".repeat(65) }] }],
    ["an escape", { ...running, peers: [{ ...peer, name: "\x1b[31m" }] }],
    ["a host", { ...running, peers: [{ ...peer, endpoint: "example.com:1" }] }],
  ];
  for (const [what, entry] of impossible) {
    assert.notEqual(problemsOf({ ...example(), interfaces: [entry] }), "", what);
  }
  assert.notEqual(problemsOf({ ...example(), version: 2 }), "");
  assert.notEqual(problemsOf({ ...example(), interval: 0 }), "");
});

Deno.test("status --json-schema prints the schema", async () => {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", MAIN, "status", "--json-schema"],
  }).output();
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), schema);
});

import assert from "node:assert/strict";
import { formatEnded, formatStatus, type StatusOptions } from "../../../core/show/status.ts";
import { IpAddress } from "../../../core/ip.ts";
import type { EngineStatus, InterfaceStatus, PeerStatus } from "../../../core/uapi/status.ts";

const ENGINE: EngineStatus = {
  version: "1.2.3",
  pid: 4711,
  startedAt: 1_700_000_000,
  up: true,
  mtu: 1420,
  interfaceNamespace: 1,
  socketNamespace: 1,
  threads: 1,
  receiveBuffer: 14680064,
  sendBuffer: 212992,
  cryptos: [{ name: "wasm", on: true, reason: "" }, {
    name: "native",
    on: false,
    reason: "no AVX2",
  }],
  offloads: [{ name: "udp-gro", on: false, reason: "by option" }],
  drops: [{ name: "interface", count: 0 }],
};

const OPTIONS: StatusOptions = {
  wall: 1_700_000_065_000,
  color: false,
  namespace: 1,
  namespaceName: (inode) => `namespace ${inode}`,
};

const peer = (byte: number, values: Partial<PeerStatus> = {}): PeerStatus => ({
  publicKey: new Uint8Array(32).fill(byte),
  endpoint: null,
  lastHandshake: { seconds: 0, nanoseconds: 0 },
  receivedBytes: 0,
  sentBytes: 0,
  persistentKeepalive: 0,
  refusesSegmentation: false,
  endpointName: null,
  name: null,
  allowedIps: [],
  ...values,
});

const status = (values: Partial<InterfaceStatus> = {}): InterfaceStatus => ({
  name: "wg0",
  publicKey: null,
  listenPort: 0,
  fwmark: 0,
  backend: "wgts",
  engine: ENGINE,
  peers: [],
  ...values,
});

const engine = (values: Partial<EngineStatus>) =>
  formatStatus(status({ engine: { ...ENGINE, ...values } }), OPTIONS);

Deno.test("no terminal obeys the name of an interface", () => {
  const name = "w\x1b[2J\u202eg\u009bü";
  const told = "interface: w\\u{1b}[2J\\u{202e}g\\u{9b}ü\n";
  assert.ok(formatStatus(status({ name }), OPTIONS).startsWith(told));
  const ended = { name, pid: null, startedAt: null, endedAt: null, reason: "" };
  assert.ok(formatEnded(ended, OPTIONS).startsWith(told));
});

Deno.test("a status is shown in the look of wg show, the newest handshake first", () => {
  const address = IpAddress.parse("2001:db8::1");
  assert(address);
  const text = formatStatus(
    status({
      publicKey: new Uint8Array(32).fill(9),
      listenPort: 51820,
      fwmark: 0x1234,
      peers: [
        peer(1),
        peer(2, {
          endpoint: { address, port: 7, zone: "" },
          endpointName: { name: "vpn.example:7", resolvedAt: 1_700_000_060 },
          lastHandshake: { seconds: 1_700_000_064, nanoseconds: 5 },
          receivedBytes: 1,
          sentBytes: 2048,
          persistentKeepalive: 25,
          refusesSegmentation: true,
        }),
      ],
    }),
    OPTIONS,
  );
  assert.equal(
    text,
    `interface: wg0
  public key: CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=
  listening port: 51820
  fwmark: 0x1234
  backend: wgts
  engine: wgts 1.2.3, process 4711
  started: 1 minute, 5 seconds ago
  state: up, MTU 1420
  threads: 1
  crypto wasm: on
  crypto native: off (no AVX2)
  offload udp-gro: off (by option)
  socket buffers: 14.00 MiB to receive, 208.00 KiB to send
  dropped: none

peer: AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=
  endpoint: [2001:db8::1]:7
  endpoint name: vpn.example:7 (looked up 5 seconds ago)
  offload udp-gso: off (a joined datagram to this endpoint was refused)
  latest handshake: 1 second ago
  transfer: 1 B received, 2.00 KiB sent
  persistent keepalive: every 25 seconds

peer: AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=
`,
  );
});

Deno.test("namespaces are told where they are others than the reader's and each other's", () => {
  assert.doesNotMatch(engine({}), /namespace/);
  const both = engine({ interfaceNamespace: 2, socketNamespace: 2 });
  assert.match(both, /^ {2}network namespace: namespace 2$/m);
  assert.doesNotMatch(both, /sockets:/);
  const moved = engine({ interfaceNamespace: 2, socketNamespace: 1 });
  assert.match(moved, /^ {2}network namespace: namespace 2$/m);
  assert.match(moved, /^ {2}network namespace of its sockets: this one$/m);
  const elsewhere = engine({ interfaceNamespace: 2, socketNamespace: 3 });
  assert.match(elsewhere, /^ {2}network namespace of its sockets: namespace 3$/m);
  assert.doesNotMatch(engine({ interfaceNamespace: 0, socketNamespace: 0 }), /namespace/);
});

Deno.test("what was dropped is told, and by whom", () => {
  const drops = [
    { name: "socket-receive", count: 3 },
    { name: "socket-send", count: 0 },
    { name: "interface", count: 4 },
    { name: "of-a-later-version", count: 5 },
  ];
  assert.match(
    engine({ drops }),
    /^ {2}dropped: 3 received [^;]+; 4 packets, [^;]+; 5 of-a-later-version$/m,
  );
});

Deno.test("an interface that is down has no buffers", () => {
  const text = engine({ up: false, receiveBuffer: 0, sendBuffer: 0 });
  assert.match(text, /^ {2}state: down$/m);
  assert.doesNotMatch(text, /buffers/);
});

Deno.test("of another implementation's interface only what it tells is shown", () => {
  assert.equal(
    formatStatus(
      status({ backend: "userspace", engine: null, listenPort: 1, peers: [peer(1)] }),
      OPTIONS,
    ),
    `interface: wg0
  listening port: 1
  backend: another userspace implementation; it tells no more than this

peer: AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=
`,
  );
});

Deno.test("a peer's name and rates are shown where they are known", () => {
  const busy = peer(1, {
    name: "Alice",
    lastHandshake: { seconds: 1_700_000_000, nanoseconds: 0 },
    receivedBytes: 5000,
  });
  const rates = new Map([["AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", {
    received: 2048.4,
    sent: 0,
  }]]);
  const text = formatStatus(status({ peers: [busy, peer(2)] }), OPTIONS, rates);
  assert.match(text, /\npeer: AQEB.*\n {2}name: Alice\n/);
  assert.match(text, /\n {2}rate: 2\.00 KiB\/s received, 0 B\/s sent\n/);
  assert.equal(text.match(/rate:/g)?.length, 1);
  assert.doesNotMatch(formatStatus(status({ peers: [busy] }), OPTIONS), /rate:/);
});

Deno.test("an interface whose engine has died is told with the reason", () => {
  const ended = { name: "wg0", pid: 7, startedAt: 1_700_000_000, endedAt: 1_700_000_064 };
  assert.equal(
    formatEnded({ ...ended, reason: "the interface was deleted" }, OPTIONS),
    `interface: wg0
  engine: ended; it was process 7
  started: 1 minute, 5 seconds ago
  ended: 1 second ago
  reason: the interface was deleted
`,
  );
  const unknown = { name: "wg0", pid: null, startedAt: null, endedAt: null, reason: "killed" };
  assert.equal(
    formatEnded(unknown, OPTIONS),
    "interface: wg0\n  engine: ended\n  reason: killed\n",
  );
});

Deno.test("the colours of a status are those of wg show", () => {
  const text = formatStatus(status({ backend: "kernel", engine: null, peers: [peer(1)] }), {
    ...OPTIONS,
    color: true,
  });
  assert.ok(text.startsWith("\x1b[0m\x1b[32m\x1b[1minterface\x1b[0m: \x1b[32mwg0\x1b[0m\n"));
  assert.ok(text.includes("\n  \x1b[1mbackend\x1b[0m: the kernel"));
  assert.ok(text.includes("\n\x1b[33m\x1b[1mpeer\x1b[0m: \x1b[33mAQEB"));
});

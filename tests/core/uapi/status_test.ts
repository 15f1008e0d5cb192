import assert from "node:assert/strict";
import { Endpoint } from "../../../core/endpoint.ts";
import { UapiError } from "../../../core/uapi/client.ts";
import type { UapiPeer } from "../../../core/uapi/get_response.ts";
import {
  type EngineStatus,
  formatUapiStatus,
  parseUapiStatus,
  type UapiStatus,
} from "../../../core/uapi/status.ts";

const key = (byte: number) => new Uint8Array(32).fill(byte);
const hex = (byte: number) => byte.toString(16).padStart(2, "0").repeat(32);

const ENGINE: EngineStatus = {
  version: "1.2.3",
  pid: 4711,
  startedAt: 1_700_000_000,
  up: true,
  mtu: 1420,
  interfaceNamespace: 4026531840,
  socketNamespace: 4026532999,
  threads: 2,
  receiveBuffer: 14680064,
  sendBuffer: 212992,
  cryptos: [
    { name: "native", on: true, reason: "AVX-512" },
    { name: "wasm", on: false, reason: "" },
  ],
  offloads: [{ name: "udp-gro", on: false, reason: "by option" }],
  drops: [{ name: "interface", count: 7 }, { name: "socket-receive", count: 0 }],
};

const PEER: UapiPeer = {
  publicKey: key(1),
  presharedKey: key(0x77),
  endpoint: new Endpoint(Uint8Array.of(192, 0, 2, 1), 51820),
  lastHandshake: 1_700_000_123_456,
  sentBytes: 11,
  receivedBytes: 22,
  persistentKeepaliveInterval: 25,
};

function chunksOf(values: Partial<UapiStatus<UapiPeer>>): string[] {
  const status: UapiStatus<UapiPeer> = {
    engine: ENGINE,
    publicKey: null,
    listenPort: 0,
    fwmark: 0,
    peers: [],
    nameOf: () => null,
    allowedIps: () => [],
    endpointNameOf: () => null,
    refusesSegmentation: () => false,
    zoneName: String,
    ...values,
  };
  const decoder = new TextDecoder();
  const chunks: string[] = [];
  for (const chunk of formatUapiStatus(status)) chunks.push(decoder.decode(chunk));
  return chunks;
}

const textOf = (values: Partial<UapiStatus<UapiPeer>>) => chunksOf(values).join("");

Deno.test("of long names nothing gets lost, wherever a part of the answer ends", () => {
  const name = "\u{20000}".repeat(64);
  const endpointName = { name: `${"x".repeat(255)}:65535`, resolvedAt: 1_700_000_000 };
  const options = { nameOf: () => name, endpointNameOf: () => endpointName };
  const peers = Array.from({ length: 4 }, (_, i) => ({ ...PEER, publicKey: key(i + 2) }));
  for (let length = 0; length < 70; length++) {
    const drops = Array.from({ length }, () => ({ name: "interface", count: 1000 }));
    const shifted = { ...ENGINE, drops };
    const text = textOf({ ...options, engine: shifted, peers });
    const status = parseUapiStatus(text, "wg0");
    assert.ok(
      status.peers.every((peer) => peer.name === name || peer.name?.startsWith("\u{1f511}")),
    );
    assert.equal(status.peers.length, 4);
    for (const peer of status.peers) {
      assert.equal(peer.name, name);
      assert.deepEqual(peer.endpointName, endpointName);
    }
  }
});

Deno.test("a status is written as lines like a get's, without secrets", () => {
  const text = textOf({
    publicKey: key(9),
    listenPort: 51820,
    fwmark: 3,
    peers: [PEER, { ...PEER, publicKey: key(2), endpoint: null, lastHandshake: 0 }],
    refusesSegmentation: (peer) => peer === PEER,
  });
  assert.equal(
    text,
    `version=1.2.3
pid=4711
started_sec=1700000000
mtu=1420
interface_namespace=4026531840
socket_namespace=4026532999
threads=2
receive_buffer=14680064
send_buffer=212992
up=true
crypto=native on AVX-512
crypto=wasm off
offload=udp-gro off by option
dropped=interface 7
dropped=socket-receive 0
own_public_key=${hex(9)}
listen_port=51820
fwmark=3
public_key=${hex(1)}
endpoint=192.0.2.1:51820
last_handshake_time_sec=1700000123
last_handshake_time_nsec=456000000
tx_bytes=11
rx_bytes=22
persistent_keepalive_interval=25
refuses_segmentation=true
public_key=${hex(2)}
last_handshake_time_sec=0
last_handshake_time_nsec=0
tx_bytes=11
rx_bytes=22
persistent_keepalive_interval=25
errno=0

`,
  );
  assert(!text.includes(hex(0x77)), "the preshared key");
});

Deno.test("what is written of a status is read again", () => {
  const text = textOf({
    publicKey: key(9),
    listenPort: 51820,
    fwmark: 4294967295,
    peers: [PEER, { ...PEER, publicKey: key(2), endpoint: null }],
    refusesSegmentation: (peer) => peer !== PEER,
    endpointNameOf: (peer) => {
      return peer === PEER ? { name: "[fe80::1%eth0]:7", resolvedAt: 1_700_000_000 } : null;
    },
  });
  const status = parseUapiStatus(text, "wg0");
  assert.deepEqual(status.engine, ENGINE);
  assert.equal(status.name, "wg0");
  assert.deepEqual(status.publicKey, key(9));
  assert.equal(status.listenPort, 51820);
  assert.equal(status.fwmark, 4294967295);
  const [first, second] = status.peers;
  assert.deepEqual(first?.publicKey, key(1));
  assert.equal(String(first?.endpoint?.address), "192.0.2.1");
  assert.deepEqual(first?.lastHandshake, { seconds: 1_700_000_123, nanoseconds: 456_000_000 });
  assert.equal(first?.receivedBytes, 22);
  assert.equal(first?.sentBytes, 11);
  assert.equal(first?.persistentKeepalive, 25);
  assert.equal(first?.refusesSegmentation, false);
  assert.deepEqual(first?.endpointName, { name: "[fe80::1%eth0]:7", resolvedAt: 1_700_000_000 });
  assert.equal(second?.endpoint, null);
  assert.equal(second?.endpointName, null);
  assert.equal(second?.refusesSegmentation, true);
});

Deno.test("names and allowed IPs of peers are told", () => {
  const text = textOf({
    peers: [PEER, { ...PEER, publicKey: key(2) }],
    nameOf: (peer) => peer === PEER ? "Jürgen's\u00a0phone = 1" : null,
    allowedIps: (peer) =>
      peer === PEER ? [{ address: Uint8Array.of(10, 0, 0, 0), prefixLength: 8 }] : [],
  });
  assert.match(text, /^name=[!-~]+\nallowed_ip=10\.0\.0\.0\/8$/m);
  const [first, second] = parseUapiStatus(text, "wg0").peers;
  assert.equal(first?.name, "Jürgen's phone = 1");
  assert.deepEqual(first?.allowedIps.map(String), ["10.0.0.0/8"]);
  assert.equal(second?.name, null);
  assert.deepEqual(second?.allowedIps, []);
});

Deno.test("whatever a name is, it fits into its chunk", () => {
  const peers = Array.from({ length: 500 }, () => PEER);
  const name = `a${"\u{1f600}".repeat(63)}`;
  const chunks = chunksOf({ peers, nameOf: () => name });
  assert.equal(parseUapiStatus(chunks.join(""), "wg0").peers[499]?.name, name);
});

Deno.test("a name that an engine tells is made fit to be shown", () => {
  const text = textOf({ peers: [PEER] }).replace("errno=0", "name=a%1B%5B31mb%0Ac\nerrno=0");
  assert.equal(parseUapiStatus(text, "wg0").peers[0]?.name, "a [31mb c");
});

Deno.test("nothing that somebody posing as an engine tells is obeyed by a terminal", () => {
  const evil = "a\x1b[31m\x9b\u202eb";
  const text = `version=${evil}\ncrypto=wasm on ${evil}\nerrno=0\n\n`;
  const { engine } = parseUapiStatus(text, "wg0");
  assert.equal(engine?.version, "a [31m b");
  assert.deepEqual(engine?.cryptos, [{ name: "wasm", on: true, reason: "a [31m b" }]);
  const peer = `version=1\npublic_key=${"07".repeat(32)}\nendpoint=[fe80::1%${evil}]:1\n`;
  assert.throws(() => parseUapiStatus(`${peer}errno=0\n\n`, "wg0"), UapiError);
});

Deno.test("a reason can neither end its line nor be without end", () => {
  const text = (reason: string) =>
    textOf({ engine: { ...ENGINE, cryptos: [{ name: "wasm", on: false, reason }] } });
  const crypto = (reason: string) => parseUapiStatus(text(reason), "wg0").engine?.cryptos[0];
  assert.equal(crypto("no\nprivate_key=1\r\n\n§ x")?.reason, "no private_key=1 x");
  assert.equal(crypto("x".repeat(100_000))?.reason.length, 300);
});

Deno.test("a status of many peers comes in chunks of some KiB", () => {
  const peers = Array.from({ length: 1000 }, () => PEER);
  const chunks = chunksOf({ peers });
  assert(chunks.length > 50, `${chunks.length} chunks`);
  for (const chunk of chunks) assert(chunk.length < 5120, `${chunk.length} bytes`);
  assert.equal(parseUapiStatus(chunks.join(""), "wg0").peers.length, 1000);
});

Deno.test("keys of a later version are skipped", () => {
  const text = textOf({ peers: [PEER] })
    .replace("pid=", "color=red\npid=").replace("tx_bytes=", "speed=1 2 3\ntx_bytes=");
  assert.deepEqual(parseUapiStatus(text, "wg0").engine, ENGINE);
});

Deno.test("an answer that isn't a status is refused", () => {
  const fails = (text: string, pattern: RegExp) =>
    assert.throws(() => parseUapiStatus(text, "wg0"), (error) => {
      assert(error instanceof UapiError);
      assert.match(error.message, pattern);
      return true;
    });
  fails("errno=-22\n\n", /errno 22/);
  fails("", /no errno/);
  fails("errno=0\n\n", /version/);
  fails("listen_port=1\nerrno=0\n\n", /version/);
  const text = textOf({ peers: [PEER] });
  fails(text.replace("mtu=1420", "mtu"), /without =/);
  fails(text.replace("mtu=1420", "mtu=x"), /mtu/);
  fails(text.replace("crypto=wasm off", "crypto=wasm"), /crypto/);
  fails(text.replace("dropped=interface 7", "dropped=interface"), /dropped/);
  fails(text.replace(`public_key=${hex(1)}`, "public_key=1"), /public_key/);
});

/**
 * What it costs to tell of many peers, to be told of them, and to read a config. A get and a status are
 * cut into chunks between which packets move, so that only the time per chunk holds them up.
 */
import { parseQuickConfig } from "../../core/config/quick.ts";
import { Endpoint } from "../../core/endpoint.ts";
import { formatKey } from "../../core/keys.ts";
import { parseUapiGet } from "../../core/uapi/parse_get.ts";
import { formatUapiGet, type UapiPeer } from "../../core/uapi/get_response.ts";
import { UapiRequestParser } from "../../core/uapi/request_parser.ts";
import { formatUapiStatus } from "../../core/uapi/status.ts";
import { SeededRandom } from "../core/seeded_random.ts";

const PEERS = 10_000;

const random = new SeededRandom(1);
const key = () => {
  const bytes = new Uint8Array(32);
  random.fill(bytes);
  return bytes;
};
const peers: UapiPeer[] = Array.from({ length: PEERS }, (_, i) => ({
  publicKey: key(),
  presharedKey: i % 2 === 0 ? key() : null,
  endpoint: new Endpoint(Uint8Array.of(192, 0, 2, i & 255), 1024 + i % 60_000),
  lastHandshake: 1_700_000_000_000 + i,
  sentBytes: i,
  receivedBytes: i,
  persistentKeepaliveInterval: 25,
}));
const address = (i: number) => Uint8Array.of(10, i >> 16, i >> 8, i);

const get = () =>
  formatUapiGet({
    privateKey: null,
    listenPort: 51820,
    fwmark: 0,
    peers,
    allowedIps: (peer) => [{ address: address(peer.sentBytes), prefixLength: 32 }],
  });
const status = () =>
  formatUapiStatus({
    engine: {
      version: "0",
      pid: 1,
      startedAt: 0,
      up: true,
      mtu: 1420,
      interfaceNamespace: 0,
      socketNamespace: 0,
      threads: 1,
      receiveBuffer: 0,
      sendBuffer: 0,
      cryptos: [],
      offloads: [],
      drops: [],
    },
    publicKey: null,
    listenPort: 51820,
    fwmark: 0,
    peers,
    nameOf: () => null,
    allowedIps: (peer) => [{ address: address(peer.sentBytes), prefixLength: 32 }],
    endpointNameOf: () => null,
    refusesSegmentation: () => false,
    zoneName: String,
  });

function textOf(answer: Iterable<Uint8Array>): string {
  const decoder = new TextDecoder();
  let text = "";
  for (const chunk of answer) text += decoder.decode(chunk);
  return text;
}

const answer = textOf(get());
const setRequest = new TextEncoder().encode(
  `set=1\n${answer.replaceAll(/^(last_handshake|tx_|rx_|errno).*\n|^listen_port.*\n/gm, "")}`,
);

const group = `${PEERS} peers`;
Deno.bench({
  name: "copying the text of a get",
  group,
  baseline: true,
  fn() {
    if (new TextEncoder().encode(answer).length !== answer.length) throw new Error("not ASCII");
  },
});
Deno.bench({
  name: "answering a get",
  group,
  fn() {
    let length = 0;
    for (const chunk of get()) length += chunk.length;
    if (length !== answer.length) throw new Error(`${length} bytes`);
  },
});
Deno.bench({
  name: "answering a status",
  group,
  fn() {
    let length = 0;
    for (const chunk of status()) length += chunk.length;
    if (length === 0) throw new Error("no answer");
  },
});
Deno.bench({
  name: "reading the answer to a get",
  group,
  fn() {
    const state = parseUapiGet(answer, { name: "wg0", publicKeyOf: (key) => key, wall: 0 });
    if (state.peers.length !== PEERS) throw new Error(`${state.peers.length} peers`);
  },
});
Deno.bench({
  name: "reading a set",
  group,
  fn() {
    const parser = new UapiRequestParser();
    let events = 0;
    for (let at = 0; at < setRequest.length; at += 4096) {
      parser.push(setRequest.subarray(at, at + 4096));
      for (let event = parser.next(); event !== null; event = parser.next()) {
        if (event.kind === "error" || event.kind === "close") throw new Error(event.kind);
        events++;
      }
    }
    if (events < 5 * PEERS) throw new Error(`${events} events`);
  },
});

const config = `[Interface]\nPrivateKey = ${formatKey(key())}\nAddress = 10.0.0.1/8\n` +
  peers.map(({ publicKey }, i) =>
    `\n# peer ${i}\n[Peer]\nPublicKey = ${formatKey(publicKey)}\n` +
    `AllowedIPs = ${address(i + 2).join(".")}/32, fd00::${i.toString(16)}/128\n` +
    `Endpoint = 192.0.2.${i & 255}:51820\nPersistentKeepalive = 25\n`
  ).join("");
Deno.bench({
  name: "splitting a config into lines",
  group: "config",
  baseline: true,
  fn() {
    if (config.split("\n").length < 5 * PEERS) throw new Error("lines");
  },
});
Deno.bench({
  name: `reading a config of ${PEERS} peers`,
  group: "config",
  fn() {
    const { peers } = parseQuickConfig(config, "wg0.conf");
    if (peers.length !== PEERS) throw new Error(`${peers.length} peers`);
  },
});

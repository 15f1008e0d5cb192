/**
 * The state of an engine beyond what a `get` tells: how it runs, not how it is configured. `status=1` is
 * a request of wgts' own, which other implementations refuse. Its answer holds no secret.
 */

import { parseHexKey } from "../keys.ts";
import { UapiChunk } from "./chunk.ts";
import { checkUapiResult, parseUapiNumber } from "./client.ts";
import { answerLines, required, requiredNumber } from "./answer_lines.ts";
import { noActivity, readPeerActivity } from "./get_reader.ts";
import { type UapiAllowedIp, type UapiPeer, writePeerActivity } from "./get_response.ts";
import type { PeerActivity } from "../interface_state.ts";
import { IpPrefix } from "../ip.ts";
import { decodePeerName, encodePeerName } from "../peer_name.ts";
import { decodeEndpoint } from "./named_endpoints.ts";

/** The request for an engine's status. */
export const STATUS_REQUEST = "status=1\n\n";

/** Something that an engine uses or doesn't, and why. */
export interface Choice {
  /** A word: letters, digits and hyphens. */
  readonly name: string;
  /** Whether it is in use. */
  readonly on: boolean;
  /** Why, in words; "" when there is nothing to say. */
  readonly reason: string;
}

/** How often something happened since the engine's start. */
export interface Count {
  /** A word: letters, digits and hyphens. */
  readonly name: string;
  readonly count: number;
}

/** How an engine runs. */
export interface EngineStatus {
  /** Of wgts. */
  version: string;
  /** Process number in the engine's process namespace. */
  pid: number;
  /** Seconds since 1970-01-01 UTC when it was started. */
  startedAt: number;
  /** Whether it serves: its interface is up and it has its UDP port. */
  up: boolean;
  /** MTU of the interface in bytes. */
  mtu: number;
  /** Inode number of the network namespace that the interface is in; 0 when not known. */
  interfaceNamespace: number;
  /** Inode number of the network namespace of the UDP sockets; 0 when not known. */
  socketNamespace: number;
  /** Threads that work on packets. */
  threads: number;
  /** Bytes of a UDP socket's receive buffer, as the kernel counts them; 0 without a socket. */
  receiveBuffer: number;
  /** Bytes of a UDP socket's send buffer, as the kernel counts them; 0 without a socket. */
  sendBuffer: number;
  /** The implementations of the cryptography that were considered. */
  cryptos: Choice[];
  /** The offloads that there are. */
  offloads: Choice[];
  /** What was lost. */
  drops: Count[];
}

/** A peer as a `status` tells of it. */
export interface PeerStatus extends PeerActivity {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** How its administrator calls it, fit to be shown; null when it has no name. */
  name: string | null;
  /** How its config names its endpoint, and when that was last looked up; null without a name. */
  endpointName: EndpointNameStatus | null;
  /** In the order of the answer, as `IpPrefix` prints them. */
  allowedIps: string[];
  /** Whether datagrams to its endpoint aren't joined for the kernel to cut, because that failed. */
  refusesSegmentation: boolean;
}

/** The endpoint of a peer by its name. */
export interface EndpointNameStatus {
  /** `HOST:PORT`, as printable ASCII. */
  readonly name: string;
  /** Seconds since 1970-01-01 UTC when the engine last found an address for it; 0 when it never had to. */
  readonly resolvedAt: number;
}

/** What serves an interface: wgts' engine, another userspace implementation, or the kernel. */
export type Backend = "wgts" | "userspace" | "kernel";

/** A running interface and what is known of it. */
export interface InterfaceStatus {
  /** The interface's name. */
  readonly name: string;
  /** 32 bytes, or null when there is no private key. */
  publicKey: Uint8Array | null;
  /** UDP port; 0 is none. */
  listenPort: number;
  /** 0 is off. */
  fwmark: number;
  /** What serves it. */
  backend: Backend;
  /** How it runs; null unless wgts' engine serves it. */
  engine: EngineStatus | null;
  /** In the order of the answer. */
  peers: PeerStatus[];
}

/** What an engine tells for a `status`. */
export interface UapiStatus<P extends UapiPeer> {
  readonly engine: EngineStatus;
  /** 32 bytes, or null. */
  readonly publicKey: Uint8Array | null;
  /** UDP port; 0 is none yet. */
  readonly listenPort: number;
  /** 0 is off. */
  readonly fwmark: number;
  /** Must bear that peers come and go during the iteration. */
  readonly peers: Iterable<P>;
  /** {@linkcode PeerStatus.name} */
  nameOf(peer: P): string | null;
  /** {@linkcode PeerStatus.endpointName} */
  endpointNameOf(peer: P): EndpointNameStatus | null;
  /** Must bear changes during the iteration, too. */
  allowedIps(peer: P): Iterable<UapiAllowedIp>;
  /** {@linkcode PeerStatus.refusesSegmentation} */
  refusesSegmentation(peer: P): boolean;
  /** The name of the interface that an IPv6 zone index means. */
  zoneName(scopeId: number): string;
}

/** Characters of a reason that are told. */
const MAX_REASON_LENGTH = 300;

/** The answer to `status=1`, `errno=0` included, in chunks as `formatUapiGet` has them. */
export function* formatUapiStatus<P extends UapiPeer>(
  status: UapiStatus<P>,
): Generator<Uint8Array, void, void> {
  const chunk = new UapiChunk();
  const { engine, publicKey, listenPort, fwmark } = status;
  for (const [key, field] of Object.entries(FIELDS)) chunk.line(key, plain(engine[field]));
  chunk.line("up", String(engine.up));
  for (const [key, list] of Object.entries(CHOICES)) {
    for (const { name, on, reason } of engine[list]) {
      if (chunk.isFull) yield chunk.take();
      chunk.line(key, `${name} ${on ? "on" : "off"} ${plain(reason)}`.trimEnd());
    }
  }
  for (const { name, count } of engine.drops) chunk.line("dropped", `${name} ${count}`);
  if (publicKey !== null) chunk.key("own_public_key", publicKey);
  if (listenPort !== 0) chunk.line("listen_port", listenPort);
  if (fwmark !== 0) chunk.line("fwmark", fwmark);
  for (const peer of status.peers) {
    if (chunk.isFull) yield chunk.take();
    chunk.key("public_key", peer.publicKey);
    writePeerActivity(chunk, peer, status.zoneName);
    if (status.refusesSegmentation(peer)) chunk.line("refuses_segmentation", "true");
    if (chunk.isFull) yield chunk.take();
    const name = status.nameOf(peer);
    if (name !== null) chunk.line("name", encodePeerName(name));
    if (chunk.isFull) yield chunk.take();
    writeEndpointName(chunk, status.endpointNameOf(peer));
    for (const { address, prefixLength } of status.allowedIps(peer)) {
      if (chunk.isFull) yield chunk.take();
      chunk.allowedIp(address, prefixLength);
    }
  }
  chunk.line("errno", "0");
  chunk.text("\n");
  yield chunk.take();
}

/**
 * Reads the answer to {@linkcode STATUS_REQUEST}; `name` is the interface's. Keys it doesn't know are
 * skipped. Throws {@linkcode UapiError} for an error, as other implementations answer, and for a
 * malformed answer.
 */
export function parseUapiStatus(text: string, name: string): InterfaceStatus {
  checkUapiResult(text);
  const engine = unknownEngine();
  const status: InterfaceStatus = {
    name,
    publicKey: null,
    listenPort: 0,
    fwmark: 0,
    backend: "wgts",
    engine,
    peers: [],
  };
  let peer: PeerStatus | null = null;
  for (const [key, value] of answerLines(text)) {
    if (key === "public_key") {
      const publicKey = required(key, parseHexKey(value));
      const own = { name: null, endpointName: null, allowedIps: [], refusesSegmentation: false };
      peer = { publicKey, ...own, ...noActivity() };
      status.peers.push(peer);
    } else if (peer === null) {
      readEngineLine(status, engine, key, printable(value));
    } else if (key === "refuses_segmentation") {
      peer.refusesSegmentation = value === "true";
    } else if (key === "name") {
      peer.name = decodePeerName(value);
    } else if (key === "endpoint_name") {
      peer.endpointName = required(key, parseEndpointName(value));
    } else if (key === "allowed_ip") {
      peer.allowedIps.push(String(required(key, IpPrefix.parse(value))));
    } else {
      readPeerActivity(peer, key, value);
    }
  }
  // Whoever takes an unknown request for a get, or answers anything with errno=0, is no engine of ours.
  required("version", engine.version || null);
  return status;
}

function writeEndpointName(chunk: UapiChunk, endpoint: EndpointNameStatus | null): void {
  if (endpoint === null) return;
  const { name, resolvedAt } = endpoint;
  chunk.line("endpoint_name", `${encodeURIComponent(name)} ${resolvedAt}`);
}

function parseEndpointName(value: string): EndpointNameStatus | null {
  const [name = "", resolvedAt = ""] = value.split(" ");
  const endpoint = decodeEndpoint(name);
  const seconds = parseUapiNumber(resolvedAt, Number.MAX_SAFE_INTEGER);
  return endpoint === null || seconds === null
    ? null
    : { name: printable(endpoint.text), resolvedAt: seconds };
}

/** The engine's values that are one line each. */
const FIELDS = {
  version: "version",
  pid: "pid",
  started_sec: "startedAt",
  mtu: "mtu",
  interface_namespace: "interfaceNamespace",
  socket_namespace: "socketNamespace",
  threads: "threads",
  receive_buffer: "receiveBuffer",
  send_buffer: "sendBuffer",
} as const satisfies Record<string, keyof EngineStatus>;

/** The engine's lists of choices, one line per choice. */
const CHOICES = { crypto: "cryptos", offload: "offloads" } as const;

function unknownEngine(): EngineStatus {
  return {
    version: "",
    pid: 0,
    startedAt: 0,
    up: false,
    mtu: 0,
    interfaceNamespace: 0,
    socketNamespace: 0,
    threads: 0,
    receiveBuffer: 0,
    sendBuffer: 0,
    cryptos: [],
    offloads: [],
    drops: [],
  };
}

function readEngineLine(
  status: InterfaceStatus,
  engine: EngineStatus,
  key: string,
  value: string,
): void {
  switch (key) {
    case "version":
      engine.version = value;
      break;
    case "up":
      engine.up = value === "true";
      break;
    case "crypto":
    case "offload":
      engine[CHOICES[key]].push(required(key, parseChoice(value)));
      break;
    case "dropped": {
      const [name = "", count = ""] = value.split(" ");
      engine.drops.push({ name, count: requiredNumber(key, count) });
      break;
    }
    case "own_public_key":
      status.publicKey = required(key, parseHexKey(value));
      break;
    case "listen_port":
      status.listenPort = requiredNumber(key, value, 0xffff);
      break;
    case "fwmark":
      status.fwmark = requiredNumber(key, value, 0xffff_ffff);
      break;
    default:
      if (isNumberKey(key)) engine[FIELDS[key]] = requiredNumber(key, value);
  }
}

function isNumberKey(key: string): key is Exclude<keyof typeof FIELDS, "version"> {
  return key !== "version" && Object.hasOwn(FIELDS, key);
}

function parseChoice(value: string): Choice | null {
  const match = /^([^ ]+) (on|off)(?: (.*))?$/.exec(value);
  if (match === null) return null;
  return { name: match[1] ?? "", on: match[2] === "on", reason: match[3] ?? "" };
}

/** Text that fits into a line of the protocol, whatever a library or the system had to say. */
function plain(text: string | number): string {
  return printable(String(text)).slice(0, MAX_REASON_LENGTH);
}

/** Text that no terminal obeys: whoever has an interface's socket may pose as an engine. */
function printable(text: string): string {
  return text.replaceAll(/ *[^ -~]+ */g, " ");
}

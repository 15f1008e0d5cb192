/**
 * What `wgts status --json` prints. Its form is that of cli/share/status.schema.json, which knows no other
 * field: whatever changes it makes a new version of both.
 */

import { formatKey } from "../keys.ts";
import type { Choice, EngineStatus, InterfaceStatus, PeerStatus } from "../uapi/status.ts";
import { formatUapiEndpoint } from "../uapi/values.ts";
import type { Rate } from "./rates.ts";
import type { EndedInterface, RunningInterface, StatusReport } from "./report.ts";

/** The version of the schema. */
export const STATUS_JSON_VERSION = 1;

/** The report as JSON text that ends with a newline. It holds no secrets, and nothing but ASCII. */
export function formatStatusJson(report: StatusReport): string {
  const value = {
    version: STATUS_JSON_VERSION,
    time: Math.floor(report.wall / 1000),
    interval: report.interval,
    interfaces: [...report.running.map(runningJson), ...report.ended.map(endedJson)]
      .toSorted((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  };
  // Whoever prints it unread to a terminal, or reads it in another encoding, comes to no harm.
  return JSON.stringify(value, null, 2).replace(/[^ -~\n]/g, escapeCharacter) + "\n";
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function runningJson({ status, rates }: RunningInterface) {
  return {
    name: status.name,
    state: "running",
    backend: status.backend,
    publicKey: status.publicKey === null ? null : formatKey(status.publicKey),
    listenPort: status.listenPort === 0 ? null : status.listenPort,
    fwmark: status.fwmark === 0 ? null : status.fwmark,
    engine: status.engine === null ? null : engineJson(status.engine),
    end: null,
    peers: peersJson(status, rates),
  };
}

function endedJson({ name, pid, startedAt, endedAt, reason }: EndedInterface) {
  return {
    name,
    state: "ended",
    backend: "wgts",
    publicKey: null,
    listenPort: null,
    fwmark: null,
    engine: null,
    end: { process: pid, startedAt, time: endedAt, reason },
    peers: [],
  };
}

function engineJson(engine: EngineStatus) {
  return {
    version: engine.version,
    process: engine.pid,
    startedAt: engine.startedAt,
    up: engine.up,
    mtu: engine.mtu,
    interfaceNamespace: engine.interfaceNamespace || null,
    socketNamespace: engine.socketNamespace || null,
    threads: engine.threads,
    receiveBuffer: engine.receiveBuffer || null,
    sendBuffer: engine.sendBuffer || null,
    cryptos: engine.cryptos.map(choiceJson),
    offloads: engine.offloads.map(choiceJson),
    dropped: engine.drops.map(({ name, count }) => ({ by: name, count })),
  };
}

function choiceJson({ name, on, reason }: Choice) {
  return { name, on, reason: reason === "" ? null : reason };
}

function peersJson({ peers }: InterfaceStatus, rates: RunningInterface["rates"]) {
  return peers.map((peer) => peerJson(peer, rates?.get(formatKey(peer.publicKey)) ?? null));
}

function peerJson(peer: PeerStatus, rate: Rate | null) {
  const { endpoint, endpointName, lastHandshake, persistentKeepalive } = peer;
  return {
    publicKey: formatKey(peer.publicKey),
    name: peer.name,
    endpoint: endpoint === null ? null : formatUapiEndpoint(endpoint),
    endpointName: endpointName?.name ?? null,
    endpointLookedUp: endpointName?.resolvedAt || null,
    allowedIps: peer.allowedIps.map(String),
    latestHandshake: lastHandshake.seconds === 0 ? null : lastHandshake.seconds,
    receivedBytes: peer.receivedBytes,
    sentBytes: peer.sentBytes,
    receivedBytesPerSecond: rate === null ? null : rate.received,
    sentBytesPerSecond: rate === null ? null : rate.sent,
    persistentKeepalive: persistentKeepalive === 0 ? null : persistentKeepalive,
    refusesSegmentation: peer.refusesSegmentation,
  };
}

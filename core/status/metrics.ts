/** Prometheus' text exposition format 0.0.4 of what is known of interfaces. */

import { formatKey } from "../keys.ts";
import { printable, UNICODE } from "../terminal_text.ts";
import type { InterfaceStatus, PeerStatus } from "../uapi/status.ts";
import { formatUapiEndpoint } from "../uapi/values.ts";
import type { StatusReport } from "./report.ts";

/** The Content-Type of what {@linkcode formatMetrics} gives. */
export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Names and values of labels, in order. */
type Labels = readonly (readonly [name: string, value: string])[];

/** The samples of one metric. */
class Metric {
  readonly #lines: string[] = [];

  constructor(
    readonly name: string,
    readonly type: "counter" | "gauge",
    readonly help: string,
  ) {}

  add(labels: Labels, value: number): void {
    const text = labels.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(",");
    this.#lines.push(`${this.name}${text === "" ? "" : `{${text}}`} ${value}\n`);
  }

  /** Its part of the exposition; "" when it has no sample. */
  toString(): string {
    if (this.#lines.length === 0) return "";
    const { name, help, type } = this;
    return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${this.#lines.join("")}`;
  }
}

function escapeLabel(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => character === "\n" ? "\\n" : `\\${character}`);
}

/**
 * The metrics of all interfaces. Peers are told apart by `interface` and `public_key` alone, so that
 * giving a peer a name, or its moving to another endpoint, doesn't begin a new series: names and endpoints
 * are labels of `wireguard_peer_info`, to be joined. Allowed IPs are only counted, since there may be
 * thousands. `unreadable` counts interfaces that aren't in the report because reading them failed.
 */
export function formatMetrics(report: StatusReport, unreadable: number): string {
  const metrics = new Metrics();
  metrics.unreadable.add([], unreadable);
  for (const { status } of report.running) metrics.addInterface(status);
  for (const { name } of report.ended) metrics.up.add(labelsOf(name), 0);
  return metrics.toString();
}

/** Of the interface `name`: whoever reads metrics may do so on a terminal. */
function labelsOf(name: string): Labels {
  return [["interface", printable(name, UNICODE)]];
}

class Metrics {
  readonly #all: Metric[] = [];

  readonly unreadable = this.#gauge(
    "wireguard_unreadable_interfaces",
    "Interfaces that could not be read.",
  );
  readonly up = this.#gauge(
    "wireguard_interface_up",
    "Whether the interface is served, its link up or not; 0 when its engine has died.",
  );
  readonly #linkUp = this.#gauge(
    "wireguard_interface_link_up",
    "Whether the interface's link is up, where its engine tells.",
  );
  readonly #interfaceInfo = this.#gauge(
    "wireguard_interface_info",
    "How the interface is served; always 1.",
  );
  readonly #started = this.#gauge(
    "wireguard_engine_start_time_seconds",
    "When the interface's engine was started, since 1970 UTC.",
  );
  readonly #mtu = this.#gauge("wireguard_interface_mtu_bytes", "MTU of the interface.");
  readonly #threads = this.#gauge(
    "wireguard_engine_threads",
    "Threads of the interface's engine that work on packets.",
  );
  readonly #offload = this.#gauge(
    "wireguard_engine_offload_enabled",
    "Whether the interface's engine uses an offload.",
  );
  readonly #dropped = this.#counter(
    "wireguard_dropped_packets_total",
    "Packets and datagrams that were lost, by what lost them.",
  );
  readonly #peers = this.#gauge("wireguard_peers", "Peers of the interface.");
  readonly #peerInfo = this.#gauge(
    "wireguard_peer_info",
    "Name (empty for none) and endpoint (empty for none) of a peer; always 1.",
  );
  readonly #received = this.#counter(
    "wireguard_received_bytes_total",
    "Bytes received from the peer.",
  );
  readonly #sent = this.#counter("wireguard_sent_bytes_total", "Bytes sent to the peer.");
  readonly #handshake = this.#gauge(
    "wireguard_latest_handshake_seconds",
    "When the latest handshake with the peer was, since 1970 UTC; 0 for never.",
  );
  readonly #keepalive = this.#gauge(
    "wireguard_persistent_keepalive_seconds",
    "Interval of persistent keepalives to the peer; 0 for off.",
  );
  readonly #allowedIps = this.#gauge("wireguard_allowed_ips", "Allowed IPs of the peer.");

  addInterface(status: InterfaceStatus): void {
    const { name, engine, peers, publicKey } = status;
    const labels = labelsOf(name);
    this.up.add(labels, 1);
    if (engine !== null) this.#linkUp.add(labels, engine.up ? 1 : 0);
    const crypto = engine?.cryptos.find(({ on }) => on)?.name ?? "";
    this.#interfaceInfo.add([
      ...labels,
      ["public_key", publicKey === null ? "" : formatKey(publicKey)],
      ["backend", status.backend],
      ["version", engine?.version ?? ""],
      ["crypto", crypto],
    ], 1);
    if (engine !== null) {
      this.#started.add(labels, engine.startedAt);
      this.#mtu.add(labels, engine.mtu);
      this.#threads.add(labels, engine.threads);
      for (const { name, on } of engine.offloads) {
        this.#offload.add([...labels, ["offload", name]], on ? 1 : 0);
      }
      for (const { name, count } of engine.drops) {
        this.#dropped.add([...labels, ["by", name]], count);
      }
    }
    this.#peers.add(labels, peers.length);
    for (const peer of peers) this.#addPeer(labels, peer);
  }

  #addPeer(ofInterface: Labels, peer: PeerStatus): void {
    const labels: Labels = [...ofInterface, ["public_key", formatKey(peer.publicKey)]];
    const endpoint = peer.endpoint === null ? "" : formatUapiEndpoint(peer.endpoint);
    this.#peerInfo.add([...labels, ["name", peer.name ?? ""], ["endpoint", endpoint]], 1);
    this.#received.add(labels, peer.receivedBytes);
    this.#sent.add(labels, peer.sentBytes);
    this.#handshake.add(labels, peer.lastHandshake.seconds);
    this.#keepalive.add(labels, peer.persistentKeepalive);
    this.#allowedIps.add(labels, peer.allowedIps.length);
  }

  toString(): string {
    return this.#all.join("");
  }

  #gauge(name: string, help: string): Metric {
    return this.#metric(new Metric(name, "gauge", help));
  }

  #counter(name: string, help: string): Metric {
    return this.#metric(new Metric(name, "counter", help));
  }

  #metric(metric: Metric): Metric {
    this.#all.push(metric);
    return metric;
  }
}

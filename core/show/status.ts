/** What `wgts status` prints, in the look of `wg show`. */

import { formatKey } from "../keys.ts";
import type { PeerRates, Rate } from "../status/rates.ts";
import type { EndedInterface } from "../status/report.ts";
import { printable, UNICODE } from "../terminal_text.ts";
import type {
  Backend,
  Choice,
  Count,
  EngineStatus,
  InterfaceStatus,
  PeerStatus,
} from "../uapi/status.ts";
import { formatUapiEndpoint } from "../uapi/values.ts";
import { formatAge, formatBytes, formatDuration, type Style, styleOf } from "./style.ts";

/** How a status is shown. */
export interface StatusOptions {
  /** Milliseconds since 1970-01-01 UTC, from which ages are counted. */
  readonly wall: number;
  /** Terminal colours, even if the output is no terminal. */
  readonly color: boolean;
  /** Inode number of the network namespace of whoever reads this; others are told of. */
  readonly namespace: number;
  /** A network namespace in words, by its inode number. */
  readonly namespaceName: (inode: number) => string;
}

const BACKENDS: Readonly<Record<Backend, string>> = {
  wgts: "wgts",
  userspace: "another userspace implementation; it tells no more than this",
  kernel: "the kernel; it tells no more than this",
};

/**
 * One interface; several are printed with a blank line between them. `rates` are those of its peers, if
 * they were measured.
 */
export function formatStatus(
  status: InterfaceStatus,
  options: StatusOptions,
  rates: PeerRates | null = null,
): string {
  const style = styleOf(options.color);
  const { publicKey, listenPort, fwmark, engine, peers } = status;
  const name = printable(status.name, UNICODE);
  let text = `${style.start}${style.green(style.bold("interface"))}: ${style.green(name)}\n`;
  const write = ([name, value]: Field) => {
    text += `  ${style.bold(name)}: ${value}\n`;
  };
  if (publicKey !== null) write(["public key", formatKey(publicKey)]);
  if (listenPort !== 0) write(["listening port", String(listenPort)]);
  if (fwmark !== 0) write(["fwmark", `0x${fwmark.toString(16)}`]);
  write(["backend", BACKENDS[status.backend]]);
  if (engine !== null) engineFields(engine, options, style).forEach(write);
  for (const peer of peers.toSorted(newestHandshakeFirst)) {
    text += `\n${style.yellow(style.bold("peer"))}: ${style.yellow(formatKey(peer.publicKey))}\n`;
    const rate = rates?.get(formatKey(peer.publicKey)) ?? null;
    peerFields(peer, rate, options, style).forEach(write);
  }
  return text;
}

/** An interface whose engine has died, and why. */
export function formatEnded(ended: EndedInterface, options: StatusOptions): string {
  const style = styleOf(options.color);
  const { pid, startedAt, endedAt, reason } = ended;
  const name = printable(ended.name, UNICODE);
  const fields: Field[] = [];
  if (pid !== null) fields.push(["engine", `ended; it was process ${pid}`]);
  else fields.push(["engine", "ended"]);
  if (startedAt !== null) fields.push(["started", formatAge(startedAt, options.wall, style)]);
  if (endedAt !== null) fields.push(["ended", formatAge(endedAt, options.wall, style)]);
  fields.push(["reason", reason]);
  const lines = fields.map(([field, value]) => `  ${style.bold(field)}: ${value}\n`);
  return `${style.start}${style.red(style.bold("interface"))}: ${style.red(name)}\n` +
    lines.join("");
}

type Field = readonly [name: string, value: string];

function engineFields(engine: EngineStatus, options: StatusOptions, style: Style): Field[] {
  const { interfaceNamespace, socketNamespace, receiveBuffer, sendBuffer } = engine;
  const fields: Field[] = [
    ["engine", `wgts ${engine.version}, process ${engine.pid}`],
    ["started", formatAge(engine.startedAt, options.wall, style)],
    ["state", engine.up ? `up, MTU ${engine.mtu}` : "down"],
  ];
  if (interfaceNamespace !== 0 && interfaceNamespace !== options.namespace) {
    fields.push(["network namespace", options.namespaceName(interfaceNamespace)]);
  }
  if (socketNamespace !== 0 && socketNamespace !== interfaceNamespace) {
    const isThis = socketNamespace === options.namespace;
    const name = isThis ? "this one" : options.namespaceName(socketNamespace);
    fields.push(["network namespace of its sockets", name]);
  }
  fields.push(["threads", String(engine.threads)]);
  for (const crypto of engine.cryptos) fields.push([`crypto ${crypto.name}`, choiceText(crypto)]);
  for (const offload of engine.offloads) {
    fields.push([`offload ${offload.name}`, choiceText(offload)]);
  }
  if (receiveBuffer !== 0) {
    const receive = formatBytes(receiveBuffer, style), send = formatBytes(sendBuffer, style);
    fields.push(["socket buffers", `${receive} to receive, ${send} to send`]);
  }
  const dropped = engine.drops.filter(({ count }) => count > 0).map(dropText);
  return [...fields, ["dropped", dropped.join("; ") || "none"]];
}

function choiceText({ on, reason }: Choice): string {
  return `${on ? "on" : "off"}${reason === "" ? "" : ` (${reason})`}`;
}

/** What the counts of an engine mean; one that isn't here is told by its name. */
const DROPS: ReadonlyMap<string, string> = new Map([
  ["socket-receive", "received datagrams, by the sockets: full buffers"],
  ["socket-send", "datagrams to send, which the system refused"],
  ["interface", "packets, which the interface refused"],
  ["crypto-threads", "packets, when a crypto thread failed"],
]);

function dropText({ name, count }: Count): string {
  return `${count} ${DROPS.get(name) ?? name}`;
}

function peerFields(
  peer: PeerStatus,
  rate: Rate | null,
  options: StatusOptions,
  style: Style,
): Field[] {
  const { endpoint, lastHandshake, receivedBytes, sentBytes, persistentKeepalive } = peer;
  const fields: Field[] = [];
  if (peer.name !== null) fields.push(["name", peer.name]);
  if (endpoint !== null) fields.push(["endpoint", formatUapiEndpoint(endpoint)]);
  if (peer.endpointName !== null) {
    const { name, resolvedAt } = peer.endpointName;
    const age = resolvedAt === 0
      ? ""
      : ` (looked up ${formatAge(resolvedAt, options.wall, style)})`;
    fields.push(["endpoint name", `${name}${age}`]);
  }
  if (peer.refusesSegmentation) {
    fields.push(["offload udp-gso", "off (a joined datagram to this endpoint was refused)"]);
  }
  if (lastHandshake.seconds !== 0) {
    fields.push(["latest handshake", formatAge(lastHandshake.seconds, options.wall, style)]);
  }
  if (receivedBytes !== 0 || sentBytes !== 0) {
    const received = formatBytes(receivedBytes, style), sent = formatBytes(sentBytes, style);
    fields.push(["transfer", `${received} received, ${sent} sent`]);
  }
  if (rate !== null && lastHandshake.seconds !== 0) {
    const received = formatBytes(Math.round(rate.received), style);
    const sent = formatBytes(Math.round(rate.sent), style);
    fields.push(["rate", `${received}/s received, ${sent}/s sent`]);
  }
  if (persistentKeepalive !== 0) {
    fields.push(["persistent keepalive", `every ${formatDuration(persistentKeepalive, style)}`]);
  }
  return fields;
}

function newestHandshakeFirst(a: PeerStatus, b: PeerStatus): number {
  return b.lastHandshake.seconds - a.lastHandshake.seconds ||
    b.lastHandshake.nanoseconds - a.lastHandshake.nanoseconds;
}

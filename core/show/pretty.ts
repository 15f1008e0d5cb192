/** What `wg show` prints for people, byte for byte. */

import { formatKey } from "../keys.ts";
import type { InterfaceState, PeerState } from "../uapi/state.ts";
import { formatUapiEndpoint } from "../uapi/values.ts";

/** How an interface is shown. */
export interface ShowOptions {
  /** Milliseconds since 1970-01-01 UTC, from which ages are counted. */
  readonly wall: number;
  /** Terminal colours, even if the output is no terminal (`WG_COLOR_MODE=always`). */
  readonly color: boolean;
  /** Private and preshared keys instead of `(hidden)` (`WG_HIDE_KEYS=never`). */
  readonly showKeys: boolean;
}

/**
 * One interface as `wg show` prints it, peers with the newest handshake first. Several interfaces are
 * printed with a blank line between them.
 */
export function formatShow(state: InterfaceState, options: ShowOptions): string {
  const style = options.color ? COLORED : PLAIN;
  const secret = (key: Uint8Array) => options.showKeys ? formatKey(key) : "(hidden)";
  const field = (name: string, value: string) => `  ${style.bold(name)}: ${value}\n`;
  let text = `${style.start}${style.green(style.bold("interface"))}: ${style.green(state.name)}\n`;
  if (state.publicKey !== null) text += field("public key", formatKey(state.publicKey));
  if (state.privateKey !== null) text += field("private key", secret(state.privateKey));
  if (state.listenPort !== 0) text += field("listening port", String(state.listenPort));
  if (state.fwmark !== 0) text += field("fwmark", `0x${state.fwmark.toString(16)}`);
  for (const peer of state.peers.toSorted(newestHandshakeFirst)) {
    const publicKey = formatKey(peer.publicKey);
    text += `\n${style.yellow(style.bold("peer"))}: ${style.yellow(publicKey)}\n`;
    if (peer.presharedKey !== null) text += field("preshared key", secret(peer.presharedKey));
    if (peer.endpoint !== null) text += field("endpoint", formatUapiEndpoint(peer.endpoint));
    text += field("allowed ips", formatAllowedIps(peer, style));
    if (peer.lastHandshake.seconds !== 0) {
      text += field("latest handshake", formatAge(peer, options.wall, style));
    }
    if (peer.receivedBytes !== 0 || peer.sentBytes !== 0) {
      const received = formatBytes(peer.receivedBytes, style);
      text += field("transfer", `${received} received, ${formatBytes(peer.sentBytes, style)} sent`);
    }
    if (peer.persistentKeepalive !== 0) {
      const interval = formatDuration(peer.persistentKeepalive, style);
      text += field("persistent keepalive", `every ${interval}`);
    }
  }
  return text;
}

/** Terminal styles, as functions from text to text. */
interface Style {
  /** In front of an interface. */
  readonly start: string;
  bold(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
  red(text: string): string;
}

const same = (text: string) => text;
const PLAIN: Style = { start: "", bold: same, green: same, yellow: same, cyan: same, red: same };

const RESET = "\x1b[0m";
/** `bold` inside a colour shares its reset, as in `wg`. */
function sgr(code: number): (text: string) => string {
  return (text) => `\x1b[${code}m${text}${text.endsWith(RESET) ? "" : RESET}`;
}

const COLORED: Style = {
  start: RESET,
  bold: sgr(1),
  green: sgr(32),
  yellow: sgr(33),
  cyan: sgr(36),
  red: sgr(31),
};

function newestHandshakeFirst(a: PeerState, b: PeerState): number {
  return b.lastHandshake.seconds - a.lastHandshake.seconds ||
    b.lastHandshake.nanoseconds - a.lastHandshake.nanoseconds;
}

function formatAllowedIps(peer: PeerState, style: Style): string {
  if (peer.allowedIps.length === 0) return "(none)";
  const slash = style.cyan("/");
  return peer.allowedIps.map(({ address, length }) => `${address}${slash}${length}`).join(", ");
}

function formatAge(peer: PeerState, wall: number, style: Style): string {
  const age = Math.floor(wall / 1000) - peer.lastHandshake.seconds;
  if (age < 0) {
    return `(${style.red("System clock wound backward; connection problems may ensue.")})`;
  }
  return age === 0 ? "Now" : `${formatDuration(age, style)} ago`;
}

const MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR, YEAR = 365 * DAY;
const DURATION_UNITS: readonly [number, string][] = [
  [YEAR, "year"],
  [DAY, "day"],
  [HOUR, "hour"],
  [MINUTE, "minute"],
  [1, "second"],
];

/** `seconds` as `1 minute, 5 seconds`: the units that aren't zero. */
function formatDuration(seconds: number, style: Style): string {
  const parts: string[] = [];
  let left = seconds;
  for (const [size, name] of DURATION_UNITS) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) parts.push(`${count} ${style.cyan(count === 1 ? name : name + "s")}`);
  }
  return parts.join(", ");
}

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** `count` bytes as `1.46 KiB`. */
function formatBytes(count: number, style: Style): string {
  if (count < 1024) return `${count} ${style.cyan("B")}`;
  let power = 1;
  while (power < BYTE_UNITS.length - 1 && count >= 1024 ** (power + 1)) power++;
  return `${twoDecimals(count, 1024 ** power)} ${style.cyan(BYTE_UNITS[power] ?? "")}`;
}

/** `count / unit` as printf(3)'s `%.2f`, which rounds a tie to even; `toFixed` would round it up. */
function twoDecimals(count: number, unit: number): string {
  const scaled = BigInt(count) * 100n, divisor = BigInt(unit);
  let hundredths = scaled / divisor;
  const twice = (scaled % divisor) * 2n;
  if (twice > divisor || (twice === divisor && hundredths % 2n === 1n)) hundredths++;
  return `${hundredths / 100n}.${String(hundredths % 100n).padStart(2, "0")}`;
}

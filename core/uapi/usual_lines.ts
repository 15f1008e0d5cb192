/**
 * Lines of long answers to a `get`, read by regular expressions. These take a millisecond to compile, and to
 * load: answers of few peers are read before.
 *
 * @module
 */
import { CANONICAL_PREFIX } from "../canonical_prefix.ts";
import type { PeerState } from "../interface_state.ts";
import { parsePublicHexKey } from "../keys.ts";
import { required } from "./answer_lines.ts";
import { nonZeroKey } from "./get_reader.ts";
import { parseUapiEndpoint } from "./values.ts";

/**
 * Reads peers whose lines are as wireguard-go writes them, and allowed IPs as they are printed. For
 * `UapiGetReader.usualLines`.
 */
export function readUsualLines(text: string, at: number, peers: PeerState[]): number {
  return readLines(text, at, peers, false);
}

/**
 * As {@linkcode readUsualLines}, but of allowed IPs some lines at a time are kept as they are: to part
 * very many takes longer than to read them.
 */
export function readWholeLines(text: string, at: number, peers: PeerState[]): number {
  return readLines(text, at, peers, true);
}

function readLines(text: string, at: number, peers: PeerState[], whole: boolean): number {
  for (;;) {
    const peer = readUsualPeer(text, at);
    if (peer !== null) {
      at = USUAL_PEER.lastIndex;
      peers.push(peer);
    }
    const last = peers.at(-1);
    const next = last === undefined ? at : readCanonicalAllowedIps(last, text, at, whole);
    if (peer === null && next === at) return at;
    at = next;
  }
}

/**
 * All lines of a peer but its allowed IPs, in wireguard-go's order, which wgts keeps to. One regular
 * expression reads them in a quarter of the time that it takes to read them one by one.
 */
const USUAL_PEER = new RegExp(
  "public_key=([0-9a-f]{64})\n" +
    "preshared_key=([0-9a-f]{64})\n" +
    "protocol_version=1\n" +
    "(?:endpoint=(.+)\n)?" +
    "last_handshake_time_sec=([0-9]+)\n" +
    "last_handshake_time_nsec=([0-9]+)\n" +
    "tx_bytes=([0-9]+)\n" +
    "rx_bytes=([0-9]+)\n" +
    "persistent_keepalive_interval=([0-9]{1,4})\n",
  "y",
);

/**
 * The peer whose lines begin at `at` and end at the expression's `lastIndex`; null when they are
 * unusual.
 */
function readUsualPeer(text: string, at: number): PeerState | null {
  USUAL_PEER.lastIndex = at;
  const match = USUAL_PEER.exec(text);
  if (match === null) return null;
  const [
    ,
    publicKey = "",
    presharedKey = "",
    endpoint,
    seconds,
    nanoseconds,
    sent,
    received,
    keepalive,
  ] = match;
  return {
    publicKey: required("public_key", parsePublicHexKey(publicKey)),
    presharedKey: nonZeroKey("preshared_key", presharedKey),
    allowedIps: [],
    endpoint: endpoint === undefined ? null : required("endpoint", parseUapiEndpoint(endpoint)),
    lastHandshake: { seconds: Number(seconds), nanoseconds: Number(nanoseconds) },
    receivedBytes: Number(received),
    sentBytes: Number(sent),
    persistentKeepalive: Number(keepalive),
  };
}

const ALLOWED_IP = "allowed_ip=";
/**
 * As many as are looked at at once, or none: an expression that repeats without end needs memory for
 * each time, and one that repeats at least once is compiled twice.
 */
const CANONICAL_LINES = new RegExp(`(?:${ALLOWED_IP}${CANONICAL_PREFIX}\n){0,64}`, "y");

/**
 * Reads the lines from `at` on that tell allowed IPs as they are printed: there may be very many. Gives
 * where the first other line begins.
 */
function readCanonicalAllowedIps(
  { allowedIps }: PeerState,
  text: string,
  at: number,
  whole: boolean,
): number {
  for (;;) {
    CANONICAL_LINES.lastIndex = at;
    CANONICAL_LINES.test(text);
    const next = CANONICAL_LINES.lastIndex;
    if (next === at) return at;
    if (whole) allowedIps.push(text.slice(at, next));
    else {
      allowedIps.push(...text.slice(at + ALLOWED_IP.length, next - 1).split(`\n${ALLOWED_IP}`));
    }
    at = next;
  }
}

import { CANONICAL_PREFIX } from "../canonical_prefix.ts";
import { IpPrefix } from "../ip.ts";
import { HEX_KEY_LENGTH, isZeroKey, parseHexKey, parsePublicHexKey } from "../keys.ts";
import type { InterfaceState, PeerActivity, PeerState } from "../interface_state.ts";
import { parseUapiEndpoint, parseUapiNumber } from "./values.ts";

/** The request for an interface's state. */
export const GET_REQUEST = "get=1\n\n";

/** The other side refused a request, or answered something else than this protocol. */
export class UapiError extends Error {
  /** Tells it from other errors. */
  override readonly name = "UapiError";
  /** The answer's errno, positive; 0 when the answer itself is malformed. */
  readonly errno: number;

  /** An error with the answer's errno, or 0. */
  constructor(errno: number, message: string) {
    super(message);
    this.errno = errno;
  }
}

/** Whether `text` ends with the blank line that ends every answer. */
export function isCompleteAnswer(text: string): boolean {
  return text.endsWith("\n\n");
}

/** An `int` holds no more. */
const MAX_ERRNO = 0x7fff_ffff;

/** Reads the answer to a `set`. Throws {@linkcode UapiError} unless it is `errno=0`. */
export function checkUapiResult(text: string): void {
  // The last one counts for `wg`.
  const match = /^errno=(-?[0-9]+)$/m.exec(text.slice(text.lastIndexOf("\nerrno=") + 1));
  const errno = Math.abs(Number(match?.[1] ?? NaN));
  if (!(errno <= MAX_ERRNO)) {
    throw new UapiError(0, "The control socket's answer has no errno");
  }
  if (errno !== 0) throw new UapiError(errno, `The control socket answered errno ${errno}`);
}

/** How {@linkcode parseUapiGet} learns what isn't in an answer. */
export interface UapiGetContext {
  /** The interface's name. */
  readonly name: string;
  /** X25519 of a private key with the base point. */
  readonly publicKeyOf: (privateKey: Uint8Array) => Uint8Array;
  /**
   * Milliseconds since 1970-01-01 UTC. boringtun tells the age of a handshake instead of its time;
   * this turns it into a time.
   */
  readonly wall: number;
}

/**
 * Reads the answer to {@linkcode GET_REQUEST}, of wireguard-go, boringtun or wgts. Keys it doesn't
 * know are skipped. Throws {@linkcode UapiError} for an error or a malformed answer.
 */
export function parseUapiGet(text: string, context: UapiGetContext): InterfaceState {
  checkUapiResult(text);
  const state: InterfaceState = {
    name: context.name,
    privateKey: null,
    publicKey: null,
    listenPort: 0,
    fwmark: 0,
    peers: [],
  };
  let peer: PeerState | null = null;
  let handshakesAreAges = false;
  for (let at = 0; at < text.length;) {
    if (peer !== null) at = readCanonicalAllowedIps(peer, text, at);
    const { key, value, next }: AnswerLine = answerLine(text, at);
    if (next === at) break;
    at = next;
    if (key === "public_key") {
      peer = newPeer(required(key, parsePublicHexKey(value)));
      state.peers.push(peer);
    } else if (peer !== null) {
      readPeerLine(peer, key, value);
    } else {
      readDeviceLine(state, key, value);
      handshakesAreAges ||= key === "own_public_key";
    }
  }
  if (state.privateKey !== null) state.publicKey = context.publicKeyOf(state.privateKey);
  if (handshakesAreAges) { for (const peer of state.peers) ageToTime(peer, context.wall); }
  return state;
}

/** The keys and values of an answer, in order. Throws {@linkcode UapiError} for a line that has none. */
export function* answerLines(text: string): Generator<[key: string, value: string]> {
  for (let at = 0; at < text.length;) {
    const { key, value, next } = answerLine(text, at);
    if (next === at) return;
    yield [key, value];
    at = next;
  }
}

interface AnswerLine {
  readonly key: string;
  readonly value: string;
  /** Where the next line begins; where this one does when it is blank, and the last. */
  readonly next: number;
}

/** The line of `text` that begins at `at`. */
function answerLine(text: string, at: number): AnswerLine {
  const newline = text.indexOf("\n", at);
  const end = newline < 0 ? text.length : newline;
  if (end === at) return { key: "", value: "", next: at };
  const equals = text.indexOf("=", at);
  if (equals < 0 || equals > end) throw malformed("a line without =");
  return { key: text.slice(at, equals), value: text.slice(equals + 1, end), next: end + 1 };
}

const ALLOWED_IP = "allowed_ip=";
const CANONICAL_LINE = new RegExp(`${ALLOWED_IP}${CANONICAL_PREFIX}\n`, "y");

/**
 * Reads the lines from `at` on that tell allowed IPs as they are printed: there may be very many. Gives where
 * the first other line begins.
 */
function readCanonicalAllowedIps(peer: PeerState, text: string, at: number): number {
  for (;;) {
    CANONICAL_LINE.lastIndex = at;
    if (!CANONICAL_LINE.test(text)) return at;
    const next = CANONICAL_LINE.lastIndex;
    peer.allowedIps.push(text.slice(at + ALLOWED_IP.length, next - 1));
    at = next;
  }
}

function newPeer(publicKey: Uint8Array): PeerState {
  return { publicKey, presharedKey: null, allowedIps: [], ...noActivity() };
}

/** A peer that nothing is known of yet. */
export function noActivity(): PeerActivity {
  return {
    endpoint: null,
    lastHandshake: { seconds: 0, nanoseconds: 0 },
    receivedBytes: 0,
    sentBytes: 0,
    persistentKeepalive: 0,
  };
}

function readDeviceLine(state: InterfaceState, key: string, value: string): void {
  switch (key) {
    case "private_key":
      // Even when it is zero, as `wg` does.
      state.privateKey = required(key, parseHexKey(value));
      break;
    case "own_public_key":
      state.publicKey = required(key, parseHexKey(value));
      break;
    case "listen_port":
      state.listenPort = requiredNumber(key, value, 0xffff);
      break;
    case "fwmark":
      state.fwmark = requiredNumber(key, value, 0xffff_ffff);
      break;
  }
}

function readPeerLine(peer: PeerState, key: string, value: string): void {
  switch (key) {
    case "preshared_key":
      peer.presharedKey = nonZeroKey(key, value);
      break;
    case "allowed_ip":
      peer.allowedIps.push(readAllowedIp(key, value));
      break;
    default:
      readPeerActivity(peer, key, value);
  }
}

/** An allowed IP as `IpPrefix` prints it; other implementations may have printed it in another way. */
function readAllowedIp(key: string, value: string): string {
  return String(required(key, value.includes("/") ? IpPrefix.parse(value) : null));
}

/** Reads a line about a peer that holds neither a key nor an allowed IP; others are skipped. */
export function readPeerActivity(peer: PeerActivity, key: string, value: string): void {
  switch (key) {
    case "endpoint":
      peer.endpoint = required(key, parseUapiEndpoint(value));
      break;
    case "last_handshake_time_sec":
      peer.lastHandshake.seconds = requiredNumber(key, value);
      break;
    case "last_handshake_time_nsec":
      peer.lastHandshake.nanoseconds = requiredNumber(key, value);
      break;
    case "rx_bytes":
      peer.receivedBytes = requiredNumber(key, value);
      break;
    case "tx_bytes":
      peer.sentBytes = requiredNumber(key, value);
      break;
    case "persistent_keepalive_interval":
      peer.persistentKeepalive = requiredNumber(key, value, 0xffff);
      break;
  }
}

const ZERO_KEY = "0".repeat(HEX_KEY_LENGTH);

function nonZeroKey(key: string, value: string): Uint8Array | null {
  if (value === ZERO_KEY) return null;
  const bytes = required(key, parseHexKey(value));
  return isZeroKey(bytes) ? null : bytes;
}

/** The number that `value` is, at most `limit`; throws {@linkcode UapiError} otherwise. */
export function requiredNumber(key: string, value: string, limit = Number.MAX_VALUE): number {
  return required(key, parseUapiNumber(value, limit));
}

/** What was read of `value`; throws {@linkcode UapiError} when that is null. */
export function required<T>(key: string, value: T | null): T {
  if (value === null) throw malformed(`a bad value of ${key}`);
  return value;
}

function malformed(what: string): UapiError {
  return new UapiError(0, `The control socket's answer is malformed: ${what}`);
}

function ageToTime(peer: PeerState, wall: number): void {
  const { seconds, nanoseconds } = peer.lastHandshake;
  if (seconds === 0 && nanoseconds === 0) return;
  peer.lastHandshake = { seconds: Math.floor(wall / 1000) - seconds, nanoseconds: 0 };
}

/** Reads the answer to `get=1`, as it comes, of wireguard-go, boringtun or wgts. */

import type { InterfaceState, PeerActivity, PeerState } from "../interface_state.ts";
import { IpPrefix } from "../ip.ts";
import { HEX_KEY_LENGTH, parseHexKey, parsePublicHexKey } from "../keys.ts";
import { checkUapiResult } from "./client.ts";
import { type AnswerLine, answerLine, required, requiredNumber } from "./answer_lines.ts";
import { parseUapiEndpoint } from "./values.ts";

/** How {@linkcode UapiGetReader} learns what isn't in an answer. */
export interface UapiGetContext {
  /** The interface's name. */
  readonly name: string;
  /** X25519 of a private key with the base point; null where it isn't wanted. */
  readonly publicKeyOf: (privateKey: Uint8Array) => Uint8Array | null;
  /**
   * Milliseconds since 1970-01-01 UTC. boringtun tells the age of a handshake instead of its time;
   * this turns it into a time.
   */
  readonly wall: number;
}

/** Characters of an answer that is worth {@linkcode UapiGetReader.usualLines}. */
export const WORTH_USUAL_LINES = 16_384;

/**
 * Reads those of an answer's lines from `at` on that it knows, up to any other, and gives where that
 * is. They are about the last of `peers`, or about more, which it appends.
 */
export type UsualLines = (text: string, at: number, peers: PeerState[]) => number;

/**
 * Reads the answer to `GET_REQUEST`, which may come in parts: who reads them while the other side makes the
 * next ones has a long answer in half the time. Keys it doesn't know are skipped.
 */
export class UapiGetReader {
  /**
   * What reads lines of many peers faster than one by one; may be set when more is to come than was
   * thought.
   */
  usualLines: UsualLines | null = null;
  readonly #context: UapiGetContext;
  readonly #state: InterfaceState;
  #peer: PeerState | null = null;
  /** The beginning of a line that hasn't come completely. */
  #rest = "";
  /** The last line that tells how it went. */
  #result = "";
  /** After the blank line nothing counts. */
  #ended = false;
  #handshakesAreAges = false;

  /** A reader of one answer. */
  constructor(context: UapiGetContext) {
    this.#context = context;
    this.#state = {
      name: context.name,
      privateKey: null,
      publicKey: null,
      listenPort: 0,
      fwmark: 0,
      peers: [],
    };
  }

  /**
   * The next part of the answer, which may be cut anywhere. Throws {@linkcode UapiError} at the first line that
   * is malformed, as `wg` gives up: nobody knows whether more comes.
   */
  push(part: string): void {
    const text = this.#rest + part;
    const end = text.lastIndexOf("\n") + 1;
    for (let at = 0; at < end && !this.#ended;) {
      if (this.usualLines !== null) at = this.#readUsualLines(this.usualLines, text, at);
      if (at < end) at = this.#readLine(text, at);
    }
    this.#rest = text.slice(end);
  }

  /** Whether the blank line has come that ends the answer, whatever is behind it. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  /**
   * Whether the peers that come next mean what their lines say, whoever reads them. Not so behind the
   * end, and where handshakes are told by their age.
   */
  get readsPlainPeers(): boolean {
    return !this.#ended && !this.#handshakesAreAges;
  }

  /** Takes the peers that were read since the last time. The last of them may not be complete. */
  takePeers(): PeerState[] {
    return this.#state.peers.splice(0);
  }

  /**
   * What the complete answer tells, but for peers that were taken. Throws {@linkcode UapiError} for an
   * error or a malformed answer.
   */
  finish(): InterfaceState {
    if (this.#rest !== "") this.push("\n");
    checkUapiResult(this.#result + this.#rest);
    const state = this.#state;
    if (state.privateKey !== null) state.publicKey = this.#context.publicKeyOf(state.privateKey);
    if (this.#handshakesAreAges) {
      for (const peer of state.peers) ageToTime(peer, this.#context.wall);
    }
    return state;
  }

  #readUsualLines(read: UsualLines, text: string, at: number): number {
    const { peers } = this.#state;
    const next = read(text, at, peers);
    this.#peer = peers.at(-1) ?? this.#peer;
    return next;
  }

  /** Reads any line; gives where the next one begins. */
  #readLine(text: string, at: number): number {
    const { key, value, next }: AnswerLine = answerLine(text, at);
    if (next === at) this.#ended = true;
    else if (key === "public_key") this.#addPeer(newPeer(required(key, parsePublicHexKey(value))));
    else if (key === "errno") this.#result = `errno=${value}\n`;
    else if (this.#peer !== null) readPeerLine(this.#peer, key, value);
    else this.#readDeviceLine(key, value);
    return next;
  }

  #addPeer(peer: PeerState): void {
    this.#peer = peer;
    this.#state.peers.push(peer);
  }

  #readDeviceLine(key: string, value: string): void {
    readDeviceLine(this.#state, key, value);
    this.#handshakesAreAges ||= key === "own_public_key";
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

/** What boringtun tells of an interface without a private key (RFC 7748, section 5): that is none. */
const PUBLIC_KEY_OF_ZERO = "2fe57da347cd62431528daac5fbb290730fff684afc4cfc2ed90995f58cb3b74";

function readDeviceLine(state: InterfaceState, key: string, value: string): void {
  switch (key) {
    case "private_key":
      // Even when it is zero, as `wg` does.
      state.privateKey = required(key, parseHexKey(value));
      break;
    case "own_public_key":
      state.publicKey = value === PUBLIC_KEY_OF_ZERO ? null : required(key, parseHexKey(value));
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

/** Reads a key that zeros stand for when there is none. */
export function nonZeroKey(key: string, value: string): Uint8Array | null {
  return value === ZERO_KEY ? null : required(key, parseHexKey(value));
}

function ageToTime(peer: PeerState, wall: number): void {
  const { seconds, nanoseconds } = peer.lastHandshake;
  if (seconds === 0 && nanoseconds === 0) return;
  peer.lastHandshake = { seconds: Math.floor(wall / 1000) - seconds, nanoseconds: 0 };
}

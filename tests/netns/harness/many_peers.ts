/**
 * Very many peers of one interface, none of which exists: their keys, the config that knows them, and
 * a program that makes a handshake as each of them. It runs in the network namespace of the peers;
 * its task comes as JSON by stdin, and it prints how many handshakes were answered.
 */
import { CookieGenerator } from "../../../core/noise/cookie.ts";
import { HandshakeContext, LocalIdentity } from "../../../core/noise/context.ts";
import { Handshake } from "../../../core/noise/handshake.ts";
import { createWasmCrypto } from "../../../core/crypto/wasm.ts";
import { formatKey, parseKey } from "../../../core/keys.ts";
import { ConnectedSocket } from "./socket.ts";

/** Handshakes as many peers. */
export interface HandshakesTask {
  /** The first peer's number, and how many follow. */
  first: number;
  count: number;
  /** IPv4 address and port of the interface, and its public key in base64. */
  address: string;
  port: number;
  publicKey: string;
}

/** What a config says of a peer besides its key and its allowed IP. */
export interface PeerSettings {
  endpoint?: string;
  persistentKeepalive?: number;
}

const { handshake: crypto } = createWasmCrypto(new WebAssembly.Memory({ initial: 1 }), 0);
const INITIATION_SIZE = 148;
const RESPONSE_TYPE = 2;
/** So many handshakes at a time are no load that makes the interface ask for cookies. */
const AT_ONCE = 64;
const TIMEOUT_SECONDS = 60;

/** The sections [Peer] of the peers from number `first` on. */
export function peerSections(first: number, count: number, settings: PeerSettings = {}): string {
  const more = (settings.endpoint ? `Endpoint = ${settings.endpoint}\n` : "") +
    (settings.persistentKeepalive ? `PersistentKeepalive = ${settings.persistentKeepalive}\n` : "");
  let text = "";
  for (let number = first; number < first + count; number++) {
    text += `[Peer]\nPublicKey = ${formatKey(identityOf(number).publicKey)}\n` +
      `AllowedIPs = 10.${100 + (number >> 16)}.${number >> 8 & 255}.${number & 255}/32\n${more}`;
  }
  return text;
}

/** The identity of peer `number`: no secret. */
function identityOf(number: number): LocalIdentity {
  const key = new Uint8Array(32).fill(0x55);
  new DataView(key.buffer).setUint32(4, number);
  return new LocalIdentity(crypto, key);
}

/** The initiation of peer `number`. */
function initiationOf(number: number, to: Uint8Array): Uint8Array<ArrayBuffer> {
  const context = new HandshakeContext(
    crypto,
    (bytes) => globalThis.crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>),
  );
  context.identity = identityOf(number);
  const message = new Uint8Array(INITIATION_SIZE);
  const now = { boot: 0, wall: Date.now() };
  if (!new Handshake(context, to).createInitiation(message, number, now)) {
    throw new Error("No initiation");
  }
  new CookieGenerator(crypto, to).addMacs(message, 0);
  return message;
}

if (import.meta.main) {
  const task: HandshakesTask = JSON.parse(await new Response(Deno.stdin.readable).text());
  const to = parseKey(task.publicKey);
  if (to === null) throw new Error("That is no public key");
  const socket = new ConnectedSocket(task.address, task.port, TIMEOUT_SECONDS);
  const answer = new Uint8Array(2048);
  let answered = 0;
  for (let begin = 0; begin < task.count; begin += AT_ONCE) {
    const end = Math.min(begin + AT_ONCE, task.count);
    for (let at = begin; at < end; at++) socket.send(initiationOf(task.first + at, to));
    for (let at = begin; at < end; at++) {
      if (socket.receive(answer) < 0) break;
      if (answer[0] === RESPONSE_TYPE) answered++;
    }
  }
  console.log(answered);
}

/**
 * The four messages of WireGuard on the wire (whitepaper section 5.4). Integers are little-endian.
 *
 * ```
 * initiation  0 type=1 | 4 sender   | 8 ephemeral (32) | 40 static (32+16)   | 88 timestamp (12+16) | 116 mac1 | 132 mac2 | 148
 * response    0 type=2 | 4 sender   | 8 receiver | 12 ephemeral (32) | 44 nothing (0+16)            |  60 mac1 |  76 mac2 |  92
 * cookie      0 type=3 | 4 receiver | 8 nonce (24)     | 32 cookie (16+16)   | 64
 * data        0 type=4 | 4 receiver | 8 counter (8)    | 16 packet (n+16)
 * ```
 *
 * The type is one byte followed by three reserved zero bytes, which are treated as one u32. The
 * fields from the ephemeral key up to mac1 are one message of the Noise protocol framework.
 */

import { MAC_SIZE, TAG_SIZE, TRANSPORT_HEADER_SIZE } from "../constants.ts";

/** Not a WireGuard message: an unknown type, or a length that the type can't have. */
export const MESSAGE_INVALID = 0;
/** First message of a handshake, from initiator to responder (section 5.4.2). */
export const MESSAGE_INITIATION = 1;
/** Second message of a handshake, from responder to initiator (section 5.4.3). */
export const MESSAGE_RESPONSE = 2;
/** The answer of a responder under load to a handshake message (section 5.4.7). */
export const MESSAGE_COOKIE_REPLY = 3;
/** An encrypted packet (section 5.4.6). */
export const MESSAGE_TRANSPORT_DATA = 4;

/** One of the `MESSAGE_*` types. */
export type MessageType = 0 | 1 | 2 | 3 | 4;

/** Bytes of an initiation. */
export const INITIATION_SIZE = 148;
/** Bytes of a response. */
export const RESPONSE_SIZE = 92;
/** Bytes of a cookie reply. */
export const COOKIE_REPLY_SIZE = 64;
/** Bytes of transport data that carries no packet: a keepalive, the shortest there is. */
export const KEEPALIVE_SIZE: number = TRANSPORT_HEADER_SIZE + TAG_SIZE;
/** Bytes of the longest handshake message. */
export const MAX_HANDSHAKE_SIZE: number = INITIATION_SIZE;
/** Bytes that transport data adds to the packet it carries, the padding not counted. */
export const TRANSPORT_OVERHEAD: number = TRANSPORT_HEADER_SIZE + TAG_SIZE;

/** Offset of the sender's index in an initiation and in a response. */
export const SENDER_OFFSET = 4;
/** Offset of the receiver's index in a response. */
export const RESPONSE_RECEIVER_OFFSET = 8;
/** Offset of the receiver's index in a cookie reply and in transport data. */
export const RECEIVER_OFFSET = 4;
/** Offset of the counter in transport data. */
export const COUNTER_OFFSET = 8;

/** Where the Noise message in an initiation begins. */
export const INITIATION_NOISE_OFFSET = 8;
/** Where the Noise message in a response begins. */
export const RESPONSE_NOISE_OFFSET = 12;
/** Offset of a cookie reply's nonce. */
export const COOKIE_REPLY_NONCE_OFFSET = 8;
/** Offset of a cookie reply's encrypted cookie. */
export const COOKIE_REPLY_COOKIE_OFFSET = 32;

/** Bytes of both MACs, which end every initiation and response. */
export const MACS_SIZE: number = 2 * MAC_SIZE;

/**
 * The type of the `length` bytes at `offset`, or {@linkcode MESSAGE_INVALID}. Handshake messages
 * have exactly one length each, transport data has at least {@linkcode KEEPALIVE_SIZE} bytes.
 */
export function messageType(view: DataView, offset: number, length: number): MessageType {
  if (length < KEEPALIVE_SIZE) return MESSAGE_INVALID;
  switch (view.getUint32(offset, true)) {
    case MESSAGE_TRANSPORT_DATA:
      return MESSAGE_TRANSPORT_DATA;
    case MESSAGE_INITIATION:
      return length === INITIATION_SIZE ? MESSAGE_INITIATION : MESSAGE_INVALID;
    case MESSAGE_RESPONSE:
      return length === RESPONSE_SIZE ? MESSAGE_RESPONSE : MESSAGE_INVALID;
    case MESSAGE_COOKIE_REPLY:
      return length === COOKIE_REPLY_SIZE ? MESSAGE_COOKIE_REPLY : MESSAGE_INVALID;
    default:
      return MESSAGE_INVALID;
  }
}

/** The sender's index of an initiation or a response. */
export function senderIndex(message: Uint8Array): number {
  return readU32(message, SENDER_OFFSET);
}

/** The receiver's index of a response. */
export function responseReceiverIndex(message: Uint8Array): number {
  return readU32(message, RESPONSE_RECEIVER_OFFSET);
}

/** The receiver's index of a cookie reply. */
export function cookieReplyReceiverIndex(message: Uint8Array): number {
  return readU32(message, RECEIVER_OFFSET);
}

/** The Noise message within an initiation: ephemeral key, static key and timestamp (108 bytes). */
export function initiationNoise(message: Uint8Array): Uint8Array {
  return message.subarray(INITIATION_NOISE_OFFSET, INITIATION_SIZE - MACS_SIZE);
}

/** The Noise message within a response: ephemeral key and an empty payload (48 bytes). */
export function responseNoise(message: Uint8Array): Uint8Array {
  return message.subarray(RESPONSE_NOISE_OFFSET, RESPONSE_SIZE - MACS_SIZE);
}

/** What mac1 of an initiation or response covers: all before it. */
export function coveredByMac1(message: Uint8Array): Uint8Array {
  return message.subarray(0, message.length - MACS_SIZE);
}

/** The mac1 of an initiation or response. */
export function mac1(message: Uint8Array): Uint8Array {
  return message.subarray(message.length - MACS_SIZE, message.length - MAC_SIZE);
}

/** What mac2 of an initiation or response covers: all before it, mac1 included. */
export function coveredByMac2(message: Uint8Array): Uint8Array {
  return message.subarray(0, message.length - MAC_SIZE);
}

/** The mac2 of an initiation or response. */
export function mac2(message: Uint8Array): Uint8Array {
  return message.subarray(message.length - MAC_SIZE);
}

/** The nonce of a cookie reply. */
export function cookieReplyNonce(message: Uint8Array): Uint8Array {
  return message.subarray(COOKIE_REPLY_NONCE_OFFSET, COOKIE_REPLY_COOKIE_OFFSET);
}

/** The encrypted cookie of a cookie reply and its tag. */
export function cookieReplyCookie(message: Uint8Array): Uint8Array {
  return message.subarray(COOKIE_REPLY_COOKIE_OFFSET, COOKIE_REPLY_SIZE);
}

/** Writes type and sender of an initiation. */
export function writeInitiationHeader(message: Uint8Array, sender: number): void {
  writeU32(message, 0, MESSAGE_INITIATION);
  writeU32(message, SENDER_OFFSET, sender);
}

/** Writes type, sender and receiver of a response. */
export function writeResponseHeader(message: Uint8Array, sender: number, receiver: number): void {
  writeU32(message, 0, MESSAGE_RESPONSE);
  writeU32(message, SENDER_OFFSET, sender);
  writeU32(message, RESPONSE_RECEIVER_OFFSET, receiver);
}

/** Writes type and receiver of a cookie reply. */
export function writeCookieReplyHeader(message: Uint8Array, receiver: number): void {
  writeU32(message, 0, MESSAGE_COOKIE_REPLY);
  writeU32(message, RECEIVER_OFFSET, receiver);
}

/** Writes the 16-byte header of transport data at `offset`; the counter is a pair of u32. */
export function writeTransportHeader(
  view: DataView,
  offset: number,
  receiver: number,
  counterHigh: number,
  counterLow: number,
): void {
  view.setUint32(offset, MESSAGE_TRANSPORT_DATA, true);
  view.setUint32(offset + RECEIVER_OFFSET, receiver, true);
  view.setUint32(offset + COUNTER_OFFSET, counterLow, true);
  view.setUint32(offset + COUNTER_OFFSET + 4, counterHigh, true);
}

/** The receiver's index of the transport data at `offset`. */
export function transportReceiverIndex(view: DataView, offset: number): number {
  return view.getUint32(offset + RECEIVER_OFFSET, true);
}

/** The upper half of the counter of the transport data at `offset`. */
export function transportCounterHigh(view: DataView, offset: number): number {
  return view.getUint32(offset + COUNTER_OFFSET + 4, true);
}

/** The lower half of the counter of the transport data at `offset`. */
export function transportCounterLow(view: DataView, offset: number): number {
  return view.getUint32(offset + COUNTER_OFFSET, true);
}

function viewOf(message: Uint8Array): DataView {
  return new DataView(message.buffer, message.byteOffset, message.byteLength);
}

function readU32(message: Uint8Array, offset: number): number {
  return viewOf(message).getUint32(offset, true);
}

function writeU32(message: Uint8Array, offset: number, value: number): void {
  viewOf(message).setUint32(offset, value, true);
}

/**
 * Peers of an answer to a `get`, read from its bytes: to make objects of 10,000 peers only to print them
 * keeps the garbage collector busy for longer than all else takes.
 *
 * @module
 */
import { differenceFromZeroKey, hexKeyToBase64, publicHexKeyToBase64 } from "../key_digits.ts";
import { BASE64_KEY_LENGTH, HEX_KEY_LENGTH } from "../keys.ts";
import { secretBytes } from "../memory.ts";
import type { TextBuffer } from "../text_buffer.ts";
import { decimal, digitsEnd, isAt, readIpv4 } from "../ascii_text.ts";

const NEWLINE = 0x0a;
const SPACE = 0x20;
const COMMA = 0x2c;
const SLASH = 0x2f;
const COLON = 0x3a;
const encoder = new TextEncoder();
const PUBLIC_KEY = encoder.encode("public_key=");
const PRESHARED_KEY = encoder.encode("\npreshared_key=");
const PROTOCOL_VERSION = encoder.encode("\nprotocol_version=1");
const ENDPOINT = encoder.encode("\nendpoint=");
const SECONDS = encoder.encode("\nlast_handshake_time_sec=");
const NANOSECONDS = encoder.encode("\nlast_handshake_time_nsec=");
const SENT = encoder.encode("\ntx_bytes=");
const RECEIVED = encoder.encode("\nrx_bytes=");
const ALLOWED_IP = encoder.encode("allowed_ip=");
const KEEPALIVE = encoder.encode("\npersistent_keepalive_interval=");

/** Such numbers are exact as JavaScript's. */
const MAX_DIGITS = 15;
const PORT_DIGITS = 5;
/** Numbers of five digits may be too large. */
const KEEPALIVE_DIGITS = 4;

/** Bytes of all lines that {@linkcode UsualPeer.read} reads, at most. */
export const USUAL_PEER_SIZE = 512;

/** Where something is in an answer. */
export class Span {
  /** Its first byte. */
  start = 0;
  /** The first byte behind it. */
  end = 0;
}

/**
 * A peer whose lines are as wireguard-go writes them, which wgts keeps to, with an IPv4 endpoint or none.
 * What it has are texts as they are printed. One object serves for all peers of an answer.
 */
export class UsualPeer {
  /** In base64. */
  readonly publicKey: Uint8Array = new Uint8Array(BASE64_KEY_LENGTH);
  /** The same in hex. */
  readonly publicKeyHex: Span = new Span();
  /** In base64, if there is one. Secret. */
  readonly presharedKey: Uint8Array = secretBytes(BASE64_KEY_LENGTH);
  /** Whether there is one. */
  hasPresharedKey = false;
  /** Its address and port; empty without an endpoint. */
  readonly endpoint: Span = new Span();
  /** Seconds since 1970-01-01 UTC of the last handshake; "0" is never. */
  readonly handshake: Span = new Span();
  /** Nanoseconds of the last handshake, beside its seconds. */
  readonly nanoseconds: Span = new Span();
  /** Bytes to the peer. */
  readonly sent: Span = new Span();
  /** Bytes from the peer. */
  readonly received: Span = new Span();
  /** Seconds; "0" is off. */
  readonly keepalive: Span = new Span();
  /** The lines of its allowed IPs, as far as {@linkcode readAllowedIp} has read them. */
  readonly allowedIps: Span = new Span();

  /**
   * Reads all lines of the peer but its allowed IPs, which begin at `at` of `answer`. Gives where the next
   * line begins; -1 when they aren't usual, or not complete.
   */
  read(answer: Uint8Array, at: number): number {
    if (!isAt(answer, at, PUBLIC_KEY)) return -1;
    at += PUBLIC_KEY.length;
    if (publicHexKeyToBase64(answer, at, this.publicKey) < 0) return -1;
    this.publicKeyHex.start = at;
    at = this.publicKeyHex.end = at + HEX_KEY_LENGTH;
    if (!isAt(answer, at, PRESHARED_KEY)) return -1;
    at += PRESHARED_KEY.length;
    this.hasPresharedKey = differenceFromZeroKey(answer, at) !== 0;
    if (this.hasPresharedKey && hexKeyToBase64(answer, at, this.presharedKey) < 0) return -1;
    at += HEX_KEY_LENGTH;
    if (!isAt(answer, at, PROTOCOL_VERSION)) return -1;
    at += PROTOCOL_VERSION.length;
    const { endpoint } = this;
    endpoint.start = endpoint.end = at;
    if (isAt(answer, at, ENDPOINT)) {
      endpoint.start = at + ENDPOINT.length;
      at = endpoint.end = endpointEnd(answer, endpoint.start);
    }
    at = readNumber(answer, at, SECONDS, MAX_DIGITS, this.handshake);
    at = readNumber(answer, at, NANOSECONDS, MAX_DIGITS, this.nanoseconds);
    at = readNumber(answer, at, SENT, MAX_DIGITS, this.sent);
    at = readNumber(answer, at, RECEIVED, MAX_DIGITS, this.received);
    at = readNumber(answer, at, KEEPALIVE, KEEPALIVE_DIGITS, this.keepalive);
    if (answer[at] !== NEWLINE) return -1;
    this.allowedIps.start = this.allowedIps.end = at + 1;
    return at + 1;
  }

  /**
   * Reads the line that comes next if it is an allowed IP as it is printed, an IPv6 one with `::` behind its
   * first group. False when it isn't such, or not complete.
   */
  readAllowedIp(answer: Uint8Array): boolean {
    const at = this.allowedIps.end;
    if (!isAt(answer, at, ALLOWED_IP)) return false;
    let slash = readIpv4(answer, at + ALLOWED_IP.length, address), bits = 32;
    if (slash < 0) {
      slash = usualIpv6End(answer, at + ALLOWED_IP.length);
      bits = 128;
    }
    if (slash < 0 || answer[slash] !== SLASH) return false;
    const end = digitsEnd(answer, slash + 1, 3);
    if (end < 0 || answer[end] !== NEWLINE || decimal(answer, slash + 1, end) > bits) return false;
    this.allowedIps.end = end + 1;
    return true;
  }

  /** Appends its allowed IPs to `text`, with `separator` between two. */
  appendAllowedIps(text: TextBuffer, answer: Uint8Array, separator: Uint8Array): void {
    const { start, end } = this.allowedIps;
    for (let at = start; at < end;) {
      const newline = answer.indexOf(NEWLINE, at);
      if (at > start) text.append(separator);
      text.append(answer, at + ALLOWED_IP.length, newline);
      at = newline + 1;
    }
  }

  /** Whether `list`, from `at` to `end`, names exactly its allowed IPs, in their order, between commas. */
  hasAllowedIps(answer: Uint8Array, list: Uint8Array, at: number, end: number): boolean {
    let line = this.allowedIps.start;
    for (; line < this.allowedIps.end; line++) {
      if (line > this.allowedIps.start) {
        if (list[at++] !== COMMA) return false;
        while (list[at] === SPACE) at++;
      }
      for (line += ALLOWED_IP.length; answer[line] !== NEWLINE; line++) {
        if (list[at++] !== answer[line]) return false;
      }
    }
    return at === end;
  }
}

/** Reads the number behind `label` at `at`. Gives where it ends; -1 when there is none, or `at` is -1. */
function readNumber(
  answer: Uint8Array,
  at: number,
  label: Uint8Array,
  digits: number,
  number: Span,
): number {
  number.start = at + label.length;
  number.end = isAt(answer, at, label) ? digitsEnd(answer, number.start, digits) : -1;
  return number.end;
}

const address = new Uint8Array(4);

/** Where the IPv4 address and the port at `at` end; -1 when they aren't such, or written in another way. */
function endpointEnd(answer: Uint8Array, at: number): number {
  const colon = readIpv4(answer, at, address);
  if (colon < 0 || answer[colon] !== COLON) return -1;
  const end = digitsEnd(answer, colon + 1, PORT_DIGITS);
  return end >= 0 && decimal(answer, colon + 1, end) <= 0xffff ? end : -1;
}

const ZERO = 0x30;
const IPV6_GROUPS = 8;
const GROUP_DIGITS = 4;

/**
 * Where the IPv6 address at `at` ends: RFC 5952's text of one that has `::`, but neither begins with it
 * nor has other zeros in a row. -1 for any other.
 */
function usualIpv6End(answer: Uint8Array, at: number): number {
  let groups = 0;
  let hasGap = false, afterZero = false;
  for (;;) {
    const start = at;
    while (at < start + GROUP_DIGITS && isLowerHexDigit(answer[at] ?? 0)) at++;
    const isZero = answer[start] === ZERO;
    // A zero has one digit, and none beside it that `::` should have stood for.
    if (at === start || (isZero && (at > start + 1 || afterZero))) return -1;
    groups++;
    afterZero = isZero;
    if (answer[at] !== COLON) break;
    if (answer[++at] !== COLON) continue;
    if (hasGap || isZero) return -1;
    hasGap = afterZero = true;
    if (!isLowerHexDigit(answer[++at] ?? 0)) break;
  }
  // `::` stands for two groups at least.
  return hasGap && groups <= IPV6_GROUPS - 2 ? at : -1;
}

function isLowerHexDigit(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66);
}

/** Allowed IPs of the control protocol, read from bytes: nearly all lines of a large request are such. */

import { hexDigit } from "../ip.ts";
import { decimal, digitsEnd, isAt, readIpv4 } from "../ascii_text.ts";

const NEWLINE = 0x0a;
const DASH = 0x2d;
const SLASH = 0x2f;
const COLON = 0x3a;
const ALLOWED_IP = new TextEncoder().encode("allowed_ip=");

/** What {@linkcode UapiAllowedIpLine.read} read last. */
export class UapiAllowedIpLine {
  /** 4 or 16 bytes, network byte order; host bits may be set. One of two arrays, used again and again. */
  address: Uint8Array;
  /** 0 to 32 or 128. */
  prefixLength = 0;
  /** Written with a leading `-`. */
  remove = false;
  readonly #ipv4 = new Uint8Array(4);
  readonly #ipv6 = new Uint8Array(16);

  /** A line that says nothing yet. */
  constructor() {
    this.address = this.#ipv4;
  }

  /**
   * Reads the line that begins at `at` of `buffer`, if it is an `allowed_ip` with a valid prefix, in which
   * no IPv4 address is embedded. Gives where the next line begins; -1 when it isn't such a line, or not
   * complete. What lies behind the bytes received must be zero.
   */
  read(buffer: Uint8Array, at: number): number {
    if (!isAt(buffer, at, ALLOWED_IP)) return -1;
    at += ALLOWED_IP.length;
    const remove = buffer[at] === DASH;
    if (remove) at++;
    let behind = readIpv4(buffer, at, this.#ipv4);
    this.address = this.#ipv4;
    if (behind < 0) {
      behind = readIpv6(buffer, at, this.#ipv6);
      this.address = this.#ipv6;
    }
    if (behind < 0 || buffer[behind++] !== SLASH) return -1;
    const end = digitsEnd(buffer, behind, 3);
    if (end < 0 || buffer[end] !== NEWLINE) return -1;
    const length = decimal(buffer, behind, end);
    if (length > 8 * this.address.length) return -1;
    this.prefixLength = length;
    this.remove = remove;
    return end + 1;
  }
}

/** Reads groups in hex (RFC 4291 section 2.2) into `address`; gives where they end, or -1. */
function readIpv6(buffer: Uint8Array, at: number, address: Uint8Array): number {
  /** Bytes so far, and how many of them are before "::". */
  let size = 0, gap = -1;
  for (;;) {
    if (buffer[at] === COLON && buffer[at + 1] === COLON) {
      if (gap >= 0) return -1;
      gap = size;
      at += 2;
      if (hexDigit(buffer[at] ?? 0) < 0) break;
    } else if (size > 0 && buffer[at++] !== COLON) {
      return -1;
    }
    const start = at;
    let value = 0;
    for (let digit; at < start + 4 && (digit = hexDigit(buffer[at] ?? 0)) >= 0; at++) {
      value = value << 4 | digit;
    }
    if (at === start || size > 14) return -1;
    address[size++] = value >> 8;
    address[size++] = value;
    if (buffer[at] !== COLON) break;
  }
  if (gap < 0) return size === 16 ? at : -1;
  // "::" stands for at least one group of zeros.
  if (size === 16) return -1;
  const tail = 16 - (size - gap);
  address.copyWithin(tail, gap, size);
  address.fill(0, gap, tail);
  return at;
}

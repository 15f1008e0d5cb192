/** Echo requests as ping(8) sends them (RFC 792, RFC 4443), through a raw socket. */
import { Endpoint } from "../../core/endpoint.ts";
import type { IpAddress } from "../../core/ip.ts";
import { memoryOf } from "../../core/memory.ts";
import { check, Errno, errno, SysError } from "../../ffi/errno.ts";
import {
  AF_INET,
  AF_INET6,
  POLLFD,
  POLLIN,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
} from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { SOCKADDR_MAX_SIZE, writeSockaddr } from "../../ffi/sockaddr.ts";

const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;

const ECHO = {
  4: { domain: AF_INET, protocol: IPPROTO_ICMP, request: 8, reply: 0 },
  6: { domain: AF_INET6, protocol: IPPROTO_ICMPV6, request: 128, reply: 129 },
} as const;

const HEADER_SIZE = 8;
/** As ping(8): 84 bytes with the headers of ICMP and IPv4. */
const DATA_SIZE = 56;

/** Sends echo requests to one address. For one thread, blocking. */
export class Pinger implements Disposable {
  readonly #echo;
  readonly #socket: number;
  readonly #identifier = Math.floor(Math.random() * 0x10000);
  #sequence = 0;

  /** @throws SysError with EPERM without CAP_NET_RAW */
  constructor(readonly address: IpAddress) {
    this.#echo = ECHO[address.family];
    const { domain, protocol } = this.#echo;
    const type = SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK;
    this.#socket = check("open a raw socket", libc.socket(domain, type, protocol));
    const sockaddr = new Uint8Array(SOCKADDR_MAX_SIZE);
    const size = writeSockaddr(memoryOf(sockaddr.buffer), 0, new Endpoint(address.bytes, 0));
    check(`reach ${address}`, libc.connect(this.#socket, sockaddr, size));
  }

  /** Sends one request. Returns the milliseconds until the answer, or null when there is none in time. */
  ping(timeoutMs: number): number | null {
    const sequence = this.#sequence++;
    const request = this.#request(sequence);
    const start = performance.now();
    if (libc.send(this.#socket, request, request.length, 0) < 0) {
      const number = errno();
      // Errors of earlier requests are told too late to be ours.
      if (number !== Errno.EHOSTUNREACH && number !== Errno.ECONNREFUSED) {
        throw new SysError(`ping ${this.address}`, number);
      }
    }
    const packet = new Uint8Array(2048);
    for (;;) {
      const left = timeoutMs - (performance.now() - start);
      if (left <= 0 || !this.#waitUntilReadable(left)) return null;
      const length = libc.recv(this.#socket, packet, packet.length, 0);
      if (length > 0 && this.#isReply(packet.subarray(0, length), sequence)) {
        return performance.now() - start;
      }
    }
  }

  [Symbol.dispose](): void {
    libc.close(this.#socket);
  }

  #request(sequence: number): Uint8Array<ArrayBuffer> {
    const message = new Uint8Array(HEADER_SIZE + DATA_SIZE);
    const view = new DataView(message.buffer);
    view.setUint8(0, this.#echo.request);
    view.setUint16(4, this.#identifier);
    view.setUint16(6, sequence);
    for (let i = HEADER_SIZE; i < message.length; i++) message[i] = i;
    // The kernel does it for IPv6, whose checksum covers the addresses.
    if (this.address.family === 4) view.setUint16(2, internetChecksum(view));
    return message;
  }

  #isReply(packet: Uint8Array, sequence: number): boolean {
    // An IPv4 socket shows the IP header too.
    const start = this.address.family === 4 ? ((packet[0] ?? 0) & 0xf) * 4 : 0;
    if (packet.length < start + HEADER_SIZE) return false;
    const view = new DataView(packet.buffer, packet.byteOffset + start);
    return view.getUint8(0) === this.#echo.reply && view.getUint16(4) === this.#identifier &&
      view.getUint16(6) === sequence;
  }

  #waitUntilReadable(ms: number): boolean {
    const entry = new Uint8Array(POLLFD.SIZE);
    const view = new DataView(entry.buffer);
    view.setInt32(POLLFD.FD, this.#socket, true);
    view.setInt16(POLLFD.EVENTS, POLLIN, true);
    return libc.poll(entry, 1, Math.ceil(ms)) > 0;
  }
}

/** RFC 1071, over an even number of bytes. */
function internetChecksum(view: DataView): number {
  let sum = 0;
  for (let at = 0; at < view.byteLength; at += 2) sum += view.getUint16(at);
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

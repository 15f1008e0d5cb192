import { Errno, errno, SysError } from "./errno.ts";
import {
  AF_NETLINK,
  MSG_PEEK,
  MSG_TRUNC,
  SO_RCVTIMEO,
  SO_SNDBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOL_SOCKET,
} from "./layout.ts";
import { libc } from "./libc.ts";

/** The netlink protocol of links, addresses, routes and rules. */
export const NETLINK_ROUTE = 0;
/** The netlink protocol of packet filters. */
export const NETLINK_NETFILTER = 12;
/** The netlink protocol of families that kernel modules register. */
export const NETLINK_GENERIC = 16;

const SOL_NETLINK = 270;
const NETLINK_LISTEN_ALL_NSID = 8;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;

/** struct sockaddr_nl: family u16, padding, port u32, groups u32, in host byte order. */
const SOCKADDR_NL = { SIZE: 12, FAMILY: 0, PORT: 4, GROUPS: 8 } as const;
/** The kernel fills a dump's datagrams up to the size of the buffer offered, 32 KiB at most. */
const BUFFER_SIZE = 64 * 1024;
/** Bytes that any socket can send at once: net.core.wmem_default is 208 KiB. */
const SMALL_DATAGRAM = 128 * 1024;
/**
 * The kernel works while a request is sent or an answer read, so answers never come late. Only a lost
 * one has us wait.
 */
const TIMEOUT_SECONDS = 5;

/** How a {@linkcode KernelTransport} is opened. */
export interface TransportOptions {
  /** NETLINK_ROUTE by default. */
  readonly protocol?: number;
  /** Bit set of multicast groups to listen to. */
  readonly groups?: number;
  /** Whether {@linkcode NetlinkTransport.receive} returns null at once when there is nothing. */
  readonly nonblocking?: boolean;
}

/** What carries netlink datagrams: the kernel's socket, or a test's. */
export interface NetlinkTransport {
  /** Our address on the netlink bus, which answers name. */
  readonly portId: number;
  /** Sends `datagram`. */
  send(datagram: Uint8Array<ArrayBuffer>): void;
  /**
   * Returns the next datagram from the kernel, in memory of its own; null when none came in time.
   * @throws {SysError} ENOBUFS when datagrams were lost because we didn't read in time.
   */
  receive(): Uint8Array<ArrayBuffer> | null;
  /** Closes the socket. */
  close(): void;
}

/** A netlink socket. Blocking ones give up after 5 seconds without an answer. */
export class KernelTransport implements NetlinkTransport {
  readonly #buffer = new Uint8Array(BUFFER_SIZE);
  readonly #sender = new DataView(new ArrayBuffer(SOCKADDR_NL.SIZE));
  readonly #senderBytes = new Uint8Array(this.#sender.buffer);
  readonly #senderLength = new Uint32Array(1);
  readonly portId: number;

  private constructor(
    /** The socket: readable when there is something to receive. */
    readonly fd: number,
    groups: number,
    nonblocking: boolean,
  ) {
    for (const option of [NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK]) {
      // Best effort: older kernels lack some of them, and then explain less or send more.
      libc.setsockopt(fd, SOL_NETLINK, option, Int32Array.of(1), 4);
    }
    if (!nonblocking) {
      const timeout = BigInt64Array.of(BigInt(TIMEOUT_SECONDS), 0n);
      check(libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeout, timeout.byteLength));
    }
    const address = new DataView(new ArrayBuffer(SOCKADDR_NL.SIZE));
    const addressBytes = new Uint8Array(address.buffer);
    address.setUint16(SOCKADDR_NL.FAMILY, AF_NETLINK, true);
    address.setUint32(SOCKADDR_NL.GROUPS, groups, true);
    check(libc.bind(fd, addressBytes, SOCKADDR_NL.SIZE));
    check(libc.getsockname(fd, addressBytes, Uint32Array.of(SOCKADDR_NL.SIZE)));
    this.portId = address.getUint32(SOCKADDR_NL.PORT, true);
  }

  /** Opens a socket. Needs no privilege; what is asked through it may. */
  static open(options: TransportOptions = {}): KernelTransport {
    const { protocol = NETLINK_ROUTE, groups = 0, nonblocking = false } = options;
    const type = SOCK_RAW | SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0);
    const fd = check(libc.socket(AF_NETLINK, type, protocol));
    try {
      return new KernelTransport(fd, groups, nonblocking);
    } catch (error) {
      libc.close(fd);
      throw error;
    }
  }

  /**
   * Has the multicast groups also tell of other network namespaces, those that have an id in this one. The
   * messages don't say of which.
   *
   * @returns false without CAP_NET_BROADCAST
   */
  listenToAllNamespaces(all: boolean): boolean {
    const value = Int32Array.of(all ? 1 : 0);
    return libc.setsockopt(this.fd, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, value, 4) === 0;
  }

  send(datagram: Uint8Array<ArrayBuffer>): void {
    if (datagram.length > SMALL_DATAGRAM) {
      // Without CAP_NET_ADMIN this fails, and sending may then as well.
      libc.setsockopt(this.fd, SOL_SOCKET, SO_SNDBUFFORCE, Int32Array.of(datagram.length), 4);
    }
    for (;;) {
      if (libc.send(this.fd, datagram, datagram.length, 0) === datagram.length) return;
      const number = errno();
      if (number !== Errno.EINTR) throw new SysError("send a request by netlink", number);
    }
  }

  receive(): Uint8Array<ArrayBuffer> | null {
    for (;;) {
      let buffer = this.#buffer;
      const size = this.#receive(buffer, 0, MSG_PEEK | MSG_TRUNC);
      if (size < 0) return null;
      if (size > buffer.length) buffer = new Uint8Array(size);
      const length = this.#receive(buffer, buffer.length, 0);
      if (length < 0) return null;
      const datagram = buffer.slice(0, length);
      buffer.fill(0, 0, length); // it may hold secrets
      // Another process may send to us as well: the kernel's port is 0.
      if (this.#sender.getUint32(SOCKADDR_NL.PORT, true) === 0) return datagram;
    }
  }

  close(): void {
    libc.close(this.fd);
  }

  /** Returns the length of the datagram, -1 when none came in time. */
  #receive(buffer: Uint8Array<ArrayBuffer>, size: number, flags: number): number {
    for (;;) {
      this.#senderLength[0] = SOCKADDR_NL.SIZE;
      const length = libc.recvfrom(
        this.fd,
        buffer,
        size,
        flags,
        this.#senderBytes,
        this.#senderLength,
      );
      if (length >= 0) return length;
      const number = errno();
      if (number === Errno.EAGAIN) return -1;
      if (number !== Errno.EINTR) throw new SysError("receive an answer by netlink", number);
    }
  }
}

function check(result: number): number {
  if (result < 0) throw new SysError("open a netlink socket", errno());
  return result;
}

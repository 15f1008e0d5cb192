import type { IpAddress, IpFamily } from "../core/ip.ts";
import { type SocketBinding, UNBOUND } from "../core/socket_binding.ts";
import { bindToInterface, hasFamily } from "./bind_socket.ts";
import { check, Errno, errno, SysError } from "./errno.ts";
import {
  AF_INET,
  AF_INET6,
  IP_MTU_DISCOVER,
  IP_PKTINFO,
  IP_PMTUDISC_DONT,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_MTU_DISCOVER,
  IPV6_PMTUDISC_DONT,
  IPV6_RECVPKTINFO,
  IPV6_V6ONLY,
  SO_MARK,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCKADDR_IN,
  SOCKADDR_IN6,
  SOL_SOCKET,
  SOL_UDP,
  UDP_GRO,
  UDP_SEGMENT,
} from "./layout.ts";
import { libc } from "./libc.ts";

/** Bytes asked for as the sockets' buffers. */
const BUFFER_SIZE = 7 << 20;

/** How often a random port that is free for IPv4 but not for IPv6 is given up for another. */
const PORT_ATTEMPTS = 100;

/**
 * The two UDP sockets of an interface, for IPv4 and for IPv6, on one port of all addresses.
 *
 * Both are nonblocking and closed on exec, tell the local address of what they receive, leave DF clear,
 * and keep to their own family. Where the system has no IPv6 (or no IPv4), there is no such socket.
 */
export class UdpSockets {
  #ipv4: number;
  #ipv6: number;
  #port: number;
  #fwmark: number;
  readonly #binding: SocketBinding;

  private constructor(pair: SocketPair, fwmark: number, binding: SocketBinding) {
    this.#ipv4 = pair.ipv4;
    this.#ipv6 = pair.ipv6;
    this.#port = pair.port;
    this.#fwmark = fwmark;
    this.#binding = binding;
  }

  /**
   * @param port UDP port; 0 for a random one
   * @param fwmark mark of outgoing packets (SO_MARK); 0 for none
   * @param binding address and interface to be bound to; by default, none
   * @throws SysError with what to do about it, EADDRINUSE when the port is taken
   */
  static open(port: number, fwmark: number, binding: SocketBinding = UNBOUND): UdpSockets {
    return new UdpSockets(openPair(port, fwmark, binding), fwmark, binding);
  }

  /** File descriptor of the IPv4 socket; -1 without one. */
  get ipv4(): number {
    return this.#ipv4;
  }

  /** File descriptor of the IPv6 socket; -1 without one. */
  get ipv6(): number {
    return this.#ipv6;
  }

  /** The port that both are bound to. */
  get port(): number {
    return this.#port;
  }

  /**
   * Moves to another port. The file descriptors change; on failure nothing does.
   *
   * @throws SysError as {@linkcode open} does
   */
  rebind(port: number): void {
    if (port !== this.#port) this.#replace(port);
  }

  /**
   * Opens both anew, bound to the interface that has the name by now. The file descriptors change; on
   * failure nothing does.
   *
   * @throws SysError as {@linkcode open} does
   */
  reopen(): void {
    this.#replace(this.#port);
  }

  #replace(port: number): void {
    const pair = openPair(port, this.#fwmark, this.#binding);
    this.close();
    this.#ipv4 = pair.ipv4;
    this.#ipv6 = pair.ipv6;
    this.#port = pair.port;
  }

  /**
   * Marks all further packets; 0 for none.
   *
   * @throws SysError with EPERM without CAP_NET_ADMIN
   */
  setFwmark(fwmark: number): void {
    if (this.#ipv4 >= 0) setMark(this.#ipv4, fwmark);
    if (this.#ipv6 >= 0) setMark(this.#ipv6, fwmark);
    this.#fwmark = fwmark;
  }

  /**
   * Lets the kernel join received datagrams of one flow into one of up to 64 KB (since Linux 5.0).
   *
   * @returns false when a socket refuses
   */
  setReceiveOffload(enabled: boolean): boolean {
    const value = Int32Array.of(enabled ? 1 : 0);
    return [this.#ipv4, this.#ipv6].every((fd) =>
      fd < 0 || libc.setsockopt(fd, SOL_UDP, UDP_GRO, value, value.byteLength) === 0
    );
  }

  /** Whether the socket of an IP version can cut messages into datagrams (UDP_SEGMENT, since Linux 4.18). */
  canSegment(version: IpFamily): boolean {
    const fd = version === 4 ? this.#ipv4 : this.#ipv6;
    const value = new Int32Array(1);
    return fd >= 0 &&
      libc.getsockopt(fd, SOL_UDP, UDP_SEGMENT, value, Int32Array.of(value.byteLength)) === 0;
  }

  /** Closes both. */
  close(): void {
    closePair(this.#ipv4, this.#ipv6);
    this.#ipv4 = -1;
    this.#ipv6 = -1;
  }
}

interface SocketPair {
  ipv4: number;
  ipv6: number;
  port: number;
}

function openPair(port: number, fwmark: number, binding: SocketBinding): SocketPair {
  const { addresses } = binding;
  const local = (family: IpFamily) => addresses.find((address) => address.family === family);
  for (let attempt = 1;; attempt++) {
    let ipv4 = -1, ipv6 = -1;
    try {
      if (hasFamily(binding, 4)) ipv4 = openSocket(AF_INET, fwmark, binding);
      const bound = ipv4 < 0 ? port : bindIpv4(ipv4, port, local(4));
      if (hasFamily(binding, 6)) ipv6 = openSocket(AF_INET6, fwmark, binding);
      return { ipv4, ipv6, port: ipv6 < 0 ? bound : bindIpv6(ipv6, bound, local(6)) };
    } catch (error) {
      closePair(ipv4, ipv6);
      const taken = error instanceof SysError && error.errno === Errno.EADDRINUSE;
      if (port !== 0 || !taken || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

/** An unbound socket with its options set; -1 when the system lacks the family. */
function openSocket(family: number, fwmark: number, { interfaceName }: SocketBinding): number {
  const fd = libc.socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    const number = errno();
    if (number === Errno.EAFNOSUPPORT) return -1;
    throw new SysError("open a UDP socket", number);
  }
  try {
    if (family === AF_INET6) {
      setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY");
      setOption(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO");
      setOption(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT, "IPV6_MTU_DISCOVER");
    } else {
      setOption(fd, IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO");
      setOption(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT, "IP_MTU_DISCOVER");
    }
    setBufferSize(fd, SO_RCVBUFFORCE, SO_RCVBUF);
    setBufferSize(fd, SO_SNDBUFFORCE, SO_SNDBUF);
    if (fwmark !== 0) setMark(fd, fwmark);
    if (interfaceName !== null) bindToInterface(fd, interfaceName);
    return fd;
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

function bindIpv4(fd: number, port: number, local?: IpAddress): number {
  const address = new DataView(new ArrayBuffer(SOCKADDR_IN.SIZE));
  address.setUint16(SOCKADDR_IN.FAMILY, AF_INET, true);
  address.setUint16(SOCKADDR_IN.PORT, port);
  if (local !== undefined) new Uint8Array(address.buffer).set(local.bytes, SOCKADDR_IN.ADDRESS);
  return bindPort(fd, address, SOCKADDR_IN.PORT, local);
}

function bindIpv6(fd: number, port: number, local?: IpAddress): number {
  const address = new DataView(new ArrayBuffer(SOCKADDR_IN6.SIZE));
  address.setUint16(SOCKADDR_IN6.FAMILY, AF_INET6, true);
  address.setUint16(SOCKADDR_IN6.PORT, port);
  if (local !== undefined) new Uint8Array(address.buffer).set(local.bytes, SOCKADDR_IN6.ADDRESS);
  return bindPort(fd, address, SOCKADDR_IN6.PORT, local);
}

/** Binds to the port in `address`, and returns the port that it became. */
function bindPort(
  fd: number,
  address: DataView<ArrayBuffer>,
  portOffset: number,
  local: IpAddress | undefined,
): number {
  const port = address.getUint16(portOffset);
  if (libc.bind(fd, address, address.byteLength) < 0) {
    const number = errno();
    const where = local === undefined ? "" : ` of ${local}`;
    const which = port === 0 ? "a UDP port" : `UDP port ${port}`;
    throw new SysError(`listen on ${which}${where}`, number, BIND_ADVICE[number]);
  }
  const length = Int32Array.of(address.byteLength);
  check("read the port of a UDP socket", libc.getsockname(fd, address, length));
  return address.getUint16(portOffset);
}

const BIND_ADVICE: { readonly [number: number]: string } = {
  [Errno.EADDRINUSE]: "another program or interface listens there: choose another ListenPort",
  [Errno.EADDRNOTAVAIL]: "no interface has this address",
  [Errno.EACCES]: "ports below 1024 need CAP_NET_BIND_SERVICE: run it as root",
};

function setMark(fd: number, fwmark: number): void {
  // setsockopt reads 32 bits, whatever their sign.
  setOption(fd, SOL_SOCKET, SO_MARK, fwmark | 0, `the firewall mark ${fwmark}`);
}

function setBufferSize(fd: number, forced: number, limited: number): void {
  const value = Int32Array.of(BUFFER_SIZE);
  // Without CAP_NET_ADMIN the system's limit holds (net.core.rmem_max), which is no failure.
  if (libc.setsockopt(fd, SOL_SOCKET, forced, value, value.byteLength) === 0) return;
  libc.setsockopt(fd, SOL_SOCKET, limited, value, value.byteLength);
}

function setOption(fd: number, level: number, option: number, value: number, what: string): void {
  const bytes = Int32Array.of(value);
  check(`set ${what} of a UDP socket`, libc.setsockopt(fd, level, option, bytes, bytes.byteLength));
}

function closePair(ipv4: number, ipv6: number): void {
  if (ipv4 >= 0) libc.close(ipv4);
  if (ipv6 >= 0) libc.close(ipv6);
}

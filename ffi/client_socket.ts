import { Endpoint } from "../core/endpoint.ts";
import { IpAddress, IpPrefix } from "../core/ip.ts";
import { memoryOf } from "../core/memory.ts";
import { type SocketBinding, UNBOUND } from "../core/socket_binding.ts";
import { bindToInterface, hasFamily } from "./bind_socket.ts";
import { check, Errno, errno, SysError } from "./errno.ts";
import {
  AF_INET,
  AF_INET6,
  MSG_NOSIGNAL,
  SO_MARK,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./layout.ts";
import { libc } from "./libc.ts";
import { SOCKADDR_MAX_SIZE, writeSockaddr } from "./sockaddr.ts";

/** Where a {@linkcode ClientSocket} leads. */
export interface ClientSocketOptions {
  readonly protocol: "udp" | "tcp";
  readonly remote: Endpoint;
  /** Mark of its packets (SO_MARK); 0 for none. */
  readonly mark: number;
  /**
   * The local address and the interface of its packets; by default, any. A remote address of this host
   * itself (loopback) is reached all the same: what goes there leaves by no interface.
   */
  readonly binding?: SocketBinding;
}

/**
 * A socket that is connected to one remote address, so that it receives from nowhere else, by UDP or TCP.
 * It never blocks, is closed on exec, and its local port is the system's choice: a random one.
 */
export class ClientSocket {
  private constructor(readonly fd: number) {}

  /**
   * Connects. A TCP connection stands when the socket becomes writable, or its {@linkcode send} tells
   * why not.
   *
   * @throws SysError, such as with ENETUNREACH when there is no route
   */
  static open({ protocol, remote, mark, binding = UNBOUND }: ClientSocketOptions): ClientSocket {
    const address = IpAddress.fromBytes(remote.address);
    const family = address.family === 4 ? AF_INET : AF_INET6;
    const bound = isLoopback(address) ? UNBOUND : binding;
    if (!hasFamily(bound, address.family)) {
      const advice = "it is bound to an address of the other family";
      throw new SysError(`reach ${address}`, Errno.EADDRNOTAVAIL, advice);
    }
    const type = protocol === "udp" ? SOCK_DGRAM : SOCK_STREAM;
    const flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
    const fd = check("open a socket", libc.socket(family, type | flags, 0));
    try {
      if (mark !== 0) {
        const value = Uint32Array.of(mark);
        // Before it is connected: the mark decides on the route, and that on the local address.
        check("mark a socket", libc.setsockopt(fd, SOL_SOCKET, SO_MARK, value, value.byteLength));
      }
      if (bound.interfaceName !== null) bindToInterface(fd, bound.interfaceName);
      const local = bound.addresses.find((local) => local.family === address.family);
      if (local !== undefined) bindToAddress(fd, local);
      const { bytes, size } = sockaddrOf(remote);
      if (libc.connect(fd, bytes, size) < 0) {
        const error = errno();
        if (protocol === "udp" || error !== Errno.EINPROGRESS) {
          throw new SysError("connect a socket", error);
        }
      }
      return new ClientSocket(fd);
    } catch (error) {
      libc.close(fd);
      throw error;
    }
  }

  /** Sends `bytes`. Returns how many of them, or the negative error number. */
  send(bytes: Uint8Array<ArrayBuffer>): number {
    const count = libc.send(this.fd, bytes, bytes.length, MSG_NOSIGNAL);
    return count < 0 ? -errno() : count;
  }

  /** Receives into `target`. Returns the bytes, 0 at the end of a stream, or the negative error number. */
  receive(target: Uint8Array<ArrayBuffer>): number {
    const count = libc.recv(this.fd, target, target.length, 0);
    return count < 0 ? -errno() : count;
  }

  /** Closes it. */
  close(): void {
    libc.close(this.fd);
  }
}

function bindToAddress(fd: number, local: IpAddress): void {
  const { bytes, size } = sockaddrOf(new Endpoint(local.bytes, 0));
  check(`bind to ${local}`, libc.bind(fd, bytes, size));
}

function sockaddrOf(endpoint: Endpoint): { bytes: Uint8Array<ArrayBuffer>; size: number } {
  const bytes = new Uint8Array(SOCKADDR_MAX_SIZE);
  return { bytes, size: writeSockaddr(memoryOf(bytes.buffer), 0, endpoint) };
}

function isLoopback(address: IpAddress): boolean {
  return LOOPBACK.some((prefix) => prefix?.contains(address));
}

const LOOPBACK = ["127.0.0.0/8", "::1/128"].map((text) => IpPrefix.parse(text));

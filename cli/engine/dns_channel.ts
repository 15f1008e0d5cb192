import type { DnsExchange, DnsQuery } from "../../core/dns_client/exchange.ts";
import { frameMessage, MessageReader } from "../../core/dns_client/stream.ts";
import { Endpoint } from "../../core/endpoint.ts";
import type { SocketBinding } from "../../core/socket_binding.ts";
import { ClientSocket } from "../../ffi/client_socket.ts";
import { Errno, SysError } from "../../ffi/errno.ts";
import { interfaceIndexOf } from "../../ffi/interface_name.ts";

/** Bytes read at a time: more than a datagram without EDNS has. */
const READ_SIZE = 4096;
/** After these, more may come. */
const NOT_NOW: readonly number[] = [Errno.EAGAIN, Errno.EINTR];

/** What a channel waits for: the engine's poll set. */
export interface ChannelPoll {
  /** Waits for `fd` to be readable or writable; "nothing" ends it. */
  watch(fd: number, interest: "read" | "write" | "nothing"): void;
  isReady(): boolean;
}

/** How queries leave: as the interface's own packets, outside of the tunnel. */
export interface ChannelRoute {
  /** The mark of the interface's own packets; 0 is none. */
  readonly mark: () => number;
  /** What the interface's own sockets are bound to. */
  readonly binding: SocketBinding;
}

/** Carries the queries of one exchange at a time: a new socket, and so a new random port, for each. */
export class DnsChannel {
  readonly #poll: ChannelPoll;
  readonly #route: ChannelRoute;
  readonly #input = new Uint8Array(READ_SIZE);
  #query: DnsQuery | null = null;
  #socket: ClientSocket | null = null;
  /** Of a TCP connection, once the query is sent. */
  #stream: MessageReader | null = null;

  constructor(poll: ChannelPoll, route: ChannelRoute) {
    this.#poll = poll;
    this.#route = route;
  }

  /** Sends what `exchange` has to send and hands it what came. `now` is boot milliseconds. */
  step(exchange: DnsExchange, now: number): void {
    if (this.#socket !== null && this.#poll.isReady()) this.#transfer(exchange, this.#socket, now);
    while (exchange.query !== this.#query) {
      this.close();
      const { query } = exchange;
      if (query === null) return;
      this.#query = query;
      if (!this.#begin(query)) exchange.fail(now);
    }
  }

  /** Ends what is under way. */
  close(): void {
    this.#query = null;
    this.#stream = null;
    if (this.#socket === null) return;
    this.#poll.watch(-1, "nothing");
    this.#socket.close();
    this.#socket = null;
  }

  /** False when the server can't be reached. */
  #begin({ server, protocol, message }: DnsQuery): boolean {
    const { address, port, zone } = server;
    const remote = new Endpoint(address.bytes, port, zone === "" ? 0 : interfaceIndexOf(zone));
    try {
      const { mark, binding } = this.#route;
      this.#socket = ClientSocket.open({ protocol, remote, mark: mark(), binding });
    } catch (error) {
      if (error instanceof SysError) return false;
      throw error;
    }
    this.#poll.watch(this.#socket.fd, protocol === "udp" ? "read" : "write");
    return protocol === "tcp" || this.#socket.send(message.slice()) === message.length;
  }

  #transfer(exchange: DnsExchange, socket: ClientSocket, now: number): void {
    const query = this.#query;
    if (query === null) return;
    if (query.protocol === "tcp" && this.#stream === null) {
      const framed = frameMessage(query.message);
      // It fits into the buffer of a new connection, or that doesn't stand.
      if (socket.send(framed) !== framed.length) return exchange.fail(now);
      this.#stream = new MessageReader();
      return this.#poll.watch(socket.fd, "read");
    }
    const count = socket.receive(this.#input);
    if (NOT_NOW.includes(-count)) return;
    if (count < 0 || (count === 0 && this.#stream !== null)) return exchange.fail(now);
    const bytes = this.#input.subarray(0, count);
    if (this.#stream === null) return exchange.receive(bytes, now);
    this.#stream.push(bytes);
    const message = this.#stream.next();
    if (message !== null) exchange.receive(message, now);
  }
}

/** Many initiators that keep one responder busy. */
import type { Endpoint } from "../../../core/endpoint.ts";
import { createWasmCrypto, WASM_SCRATCH_SIZE } from "../../../core/crypto/wasm.ts";
import { memoryOf } from "../../../core/memory.ts";
import { check } from "../../../ffi/errno.ts";
import {
  AF_INET,
  POLLFD,
  POLLIN,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
} from "../../../ffi/layout.ts";
import { libc } from "../../../ffi/libc.ts";
import { SOCKADDR_MAX_SIZE, writeSockaddr } from "../../../ffi/sockaddr.ts";
import { Initiator } from "./initiator.ts";

/** A peer may initiate every 20 ms; a little more, since the responder's clock is another. */
const INTERVAL_MS = 25;
/** Handshakes under way: too few for a responder to think itself under load, and enough to keep it busy. */
const WINDOW = 8;
const LOST_AFTER_MS = 500;
/** Longest time that signals wait. */
const SLICE_MS = 50;

/** One initiator and the socket that makes it a host of its own to the responder. */
interface Caller {
  readonly initiator: Initiator;
  readonly socket: number;
  /** When it last initiated, in milliseconds. */
  sentAt: number;
}

/** What came of it. */
export interface LoadResult {
  completed: number;
  /** Initiations that were answered by a cookie. */
  cookies: number;
  lost: number;
}

/** Keeps {@linkcode WINDOW} handshakes with one responder under way. */
export class HandshakeLoad implements Disposable {
  readonly #callers: Caller[];
  readonly #pending = new Set<Caller>();
  readonly #message = new Uint8Array(2048);
  readonly #result: LoadResult = { completed: 0, cookies: 0, lost: 0 };
  #next = 0;

  /** To be created in the network namespace that the sockets are to be in. */
  constructor(privateKeys: readonly Uint8Array[], responder: Uint8Array, endpoint: Endpoint) {
    const memory = new WebAssembly.Memory({ initial: Math.ceil(WASM_SCRATCH_SIZE / 65536) });
    const { handshake } = createWasmCrypto(memory, 0);
    this.#callers = privateKeys.map((privateKey) => ({
      initiator: new Initiator(handshake, privateKey, responder),
      socket: connectedSocket(endpoint),
      sentAt: -Infinity,
    }));
  }

  /** What came of it so far. */
  get result(): Readonly<LoadResult> {
    return { ...this.#result };
  }

  /** Goes on until `done`, which is asked every {@linkcode SLICE_MS}. */
  async run(done: () => boolean): Promise<void> {
    while (!done()) {
      const end = performance.now() + SLICE_MS;
      while (performance.now() < end) this.#turn();
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }

  [Symbol.dispose](): void {
    for (const { socket } of this.#callers) libc.close(socket);
  }

  #turn(): void {
    const now = { boot: performance.now(), wall: Date.now() };
    for (const caller of this.#pending) {
      if (now.boot - caller.sentAt < LOST_AFTER_MS) continue;
      this.#pending.delete(caller);
      this.#result.lost++;
    }
    while (this.#pending.size < WINDOW) {
      const caller = this.#callers[this.#next];
      if (caller === undefined || now.boot - caller.sentAt < INTERVAL_MS) break;
      this.#next = (this.#next + 1) % this.#callers.length;
      if (this.#pending.has(caller)) continue;
      caller.sentAt = now.boot;
      send(caller.socket, caller.initiator.initiate(now));
      this.#pending.add(caller);
    }
    this.#receive();
  }

  #receive(): void {
    const callers = [...this.#pending];
    const readable = pollReadable(callers.map(({ socket }) => socket), 1);
    const now = { boot: performance.now(), wall: Date.now() };
    for (const at of readable) {
      const caller = callers[at];
      if (caller === undefined) continue;
      const length = libc.recv(caller.socket, this.#message, this.#message.length, 0);
      if (length <= 0) continue;
      const verdict = caller.initiator.receive(this.#message.subarray(0, length), now);
      if (verdict === "nothing") continue;
      this.#pending.delete(caller);
      if (verdict === "cookie") {
        this.#result.cookies++;
      } else {
        this.#result.completed++;
        send(caller.socket, caller.initiator.confirmation);
      }
    }
  }
}

function connectedSocket(endpoint: Endpoint): number {
  const type = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const socket = check("open a UDP socket", libc.socket(AF_INET, type, 0));
  const sockaddr = new Uint8Array(SOCKADDR_MAX_SIZE);
  const size = writeSockaddr(memoryOf(sockaddr.buffer), 0, endpoint);
  check("connect a UDP socket", libc.connect(socket, sockaddr, size));
  return socket;
}

/** What isn't sent counts as lost. */
function send(socket: number, message: Uint8Array): void {
  libc.send(socket, message as Uint8Array<ArrayBuffer>, message.length, 0);
}

/** Which of the sockets, by their place, have something to read within `ms`. */
function pollReadable(sockets: readonly number[], ms: number): number[] {
  const entries = new Uint8Array(sockets.length * POLLFD.SIZE);
  const view = new DataView(entries.buffer);
  sockets.forEach((socket, at) => {
    view.setInt32(at * POLLFD.SIZE + POLLFD.FD, socket, true);
    view.setInt16(at * POLLFD.SIZE + POLLFD.EVENTS, POLLIN, true);
  });
  if (libc.poll(entries, sockets.length, ms) <= 0) return [];
  return sockets.flatMap((_, at) =>
    (view.getInt16(at * POLLFD.SIZE + POLLFD.REVENTS, true) & POLLIN) !== 0 ? [at] : []
  );
}

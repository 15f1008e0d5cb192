/** Two hosts that send each other UDP datagrams. */
import assert from "node:assert/strict";
import type { Endpoint } from "../../core/endpoint.ts";
import { Arena } from "../../ffi/arena.ts";
import { POLLIN } from "../../ffi/layout.ts";
import { inNewNetworkNamespace } from "../../ffi/namespace.ts";
import { PollSet } from "../../ffi/poll.ts";
import { UdpSockets } from "../../ffi/udp.ts";
import { UdpReceiver } from "../../ffi/udp_receiver.ts";
import { type Datagrams, UdpSender } from "../../ffi/udp_sender.ts";
import { setUp } from "./interfaces.ts";

export const NOW = { boot: 0, wall: 0 };
export const LOCALHOST_V4 = Uint8Array.of(127, 0, 0, 1);
export const LOCALHOST_V6 = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

/** Datagrams of given lengths, whose first four bytes count them. */
export class TestDatagrams implements Datagrams {
  readonly #entries: { offset: number; length: number; endpoint: Endpoint | null }[] = [];
  readonly #arena: Arena;

  constructor(arena: Arena) {
    this.#arena = arena;
  }
  get count(): number {
    return this.#entries.length;
  }
  add(length: number, endpoint: Endpoint | null): void {
    const offset = this.#arena.reserve(length);
    this.#arena.memory.bytes.fill(this.count, offset, offset + length);
    this.#arena.memory.view.setUint32(offset, this.count);
    this.#entries.push({ offset, length, endpoint });
  }
  offset(at: number): number {
    return this.#entry(at).offset;
  }
  length(at: number): number {
    return this.#entry(at).length;
  }
  endpoint(at: number): Endpoint | null {
    return this.#entry(at).endpoint;
  }
  #entry(at: number) {
    const entry = this.#entries[at];
    assert(entry !== undefined);
    return entry;
  }
}

export interface Host {
  arena: Arena;
  sockets: UdpSockets;
  sender: UdpSender;
  receiver: UdpReceiver;
}

/** Two hosts on the loopback interface of a namespace of their own. */
export function withHosts(body: (a: Host, b: Host) => void): void {
  inNewNetworkNamespace(() => {
    setUp("lo");
    const hosts: Host[] = [];
    try {
      for (let i = 0; i < 2; i++) {
        const arena = new Arena(8 << 20);
        const sockets = UdpSockets.open(0, 0);
        const sender = new UdpSender(arena, sockets, { capacity: 64 });
        hosts.push({ arena, sockets, sender, receiver: new UdpReceiver(arena, 32) });
      }
      const [a, b] = hosts;
      assert(a !== undefined && b !== undefined);
      body(a, b);
    } finally {
      for (const host of hosts) host.sockets.close();
    }
  });
}

export interface Received {
  number: number;
  length: number;
  endpoint: Endpoint | null;
  /** Whether the kernel had joined it with others. */
  joined: boolean;
}

/** Receives `count` datagrams of one family, and checks that each is whole. */
export function receive(host: Host, fd: number, count: number): Received[] {
  const poll = new PollSet(host.arena, 1);
  poll.set(0, fd, POLLIN);
  const { bytes, view } = host.arena.memory;
  const received: Received[] = [];
  while (received.length < count) {
    assert.equal(poll.wait(120_000), 1, `${received.length} of ${count} arrived`);
    const slots = host.receiver.receive(fd);
    assert(slots > 0);
    for (let slot = 0; slot < slots; slot++) {
      const start = host.receiver.offset(slot), end = start + host.receiver.length(slot);
      const segmentSize = host.receiver.segmentSize(slot);
      for (let at = start; at < end; at += segmentSize) {
        const number = view.getUint32(at), length = Math.min(segmentSize, end - at);
        for (let i = at + 4; i < at + length; i++) {
          if (bytes[i] !== (number & 0xff)) assert.fail(`datagram ${number} differs`);
        }
        const endpoint = host.receiver.endpoint(slot);
        received.push({ number, length, endpoint, joined: segmentSize < end - start });
      }
    }
  }
  return received;
}

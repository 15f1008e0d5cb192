/** UDP through a tunnel, by sockets that let the kernel cut and join datagrams as well. */
import "../../ffi/bind_libc.ts";
import assert from "node:assert/strict";
import { Endpoint } from "../../../core/endpoint.ts";
import { IpAddress } from "../../../core/ip.ts";
import { Arena } from "../../../ffi/arena.ts";
import { POLLIN } from "../../../ffi/layout.ts";
import { inNetworkNamespace } from "../../../ffi/namespace.ts";
import { PollSet } from "../../../ffi/poll.ts";
import { UdpSockets } from "../../../ffi/udp.ts";
import { UdpReceiver } from "../../../ffi/udp_receiver.ts";
import { UdpSender } from "../../../ffi/udp_sender.ts";
import { drops } from "./drops.ts";
import type { Host } from "./host.ts";

/** Datagrams that are sent before all of them must have arrived. */
const BURST = 60;
const MAX_SIZE = 65_000;
/** Bytes of a marker, which is sent alone after a burst: nothing else is as short. */
export const MARKER_SIZE = 4;
/** A marker follows each time when nothing came for so many milliseconds, and so often. */
const QUIET_MS = 200, MAX_MARKERS = 600;
/** So often a burst is sent again of which something was dropped on the way. */
const MAX_BURSTS = 5;

/** Whom the datagrams go to. */
export interface Destination {
  readonly host: Host;
  readonly address: string;
}

export interface ExchangeOptions {
  /**
   * The sender's kernel gets super-packets (UDP_SEGMENT), and the receiver's may join what arrives
   * (UDP_GRO).
   */
  readonly segmented: boolean;
  /** The hosts between the two. */
  readonly via?: readonly Host[];
}

/**
 * Sends bursts of datagrams of each of the given sizes from one host to another, and wants all of them,
 * whole and in order. UDP may lose some: then as many must have been counted as dropped, and the burst is
 * sent again, a few times.
 *
 * @returns the sizes of those that arrived, in order
 */
export async function exchangeUdp(
  from: Host,
  to: Destination,
  sizes: readonly number[],
  { segmented, via = [] }: ExchangeOptions,
): Promise<number[]> {
  using link = new UdpLink(from, to, segmented);
  link.waitForMarker();
  const hosts = [from, ...via, to.host];
  const before = await drops(hosts);
  const arrived: number[] = [];
  let lost = 0;
  for (const size of sizes) {
    for (let bursts = 0, count = 0; count < BURST && bursts < MAX_BURSTS; bursts++) {
      count = link.burst(size);
      for (let i = 0; i < count; i++) arrived.push(size);
      if (count === BURST) continue;
      lost += BURST - count;
      const dropped = await drops(hosts) - before;
      assert(lost <= dropped, `${lost} datagrams of up to ${size} bytes lost, ${dropped} dropped`);
    }
  }
  // Nothing is under way any more.
  link.waitForMarker();
  return arrived;
}

/** A socket in each of two hosts. */
class UdpLink implements Disposable {
  readonly #arena = new Arena(16 << 20);
  readonly #source: UdpSockets;
  readonly #sink: UdpSockets;
  readonly #sender: UdpSender;
  readonly #receiver: UdpReceiver;
  readonly #endpoint: Endpoint;
  /** The socket of the sink that receives. */
  readonly #fd: number;
  readonly #poll: PollSet;
  readonly #offset: number;
  /** Markers, and other datagrams, sent so far. */
  #markers = 0;
  #sent = 0;

  constructor(from: Host, to: Destination, segmented: boolean) {
    const open = (host: Host) =>
      inNetworkNamespace(`/proc/${host.pid}/ns/net`, () => UdpSockets.open(0, 0));
    this.#source = open(from);
    this.#sink = open(to.host);
    assert(this.#sink.setReceiveOffload(segmented));
    this.#sender = new UdpSender(this.#arena, this.#source, { gso: segmented });
    this.#receiver = new UdpReceiver(this.#arena, 16);
    const address = IpAddress.parse(to.address)?.bytes;
    assert(address);
    this.#endpoint = new Endpoint(address, this.#sink.port);
    this.#fd = address.length === 4 ? this.#sink.ipv4 : this.#sink.ipv6;
    this.#poll = new PollSet(this.#arena, 1);
    this.#poll.set(0, this.#fd, POLLIN);
    this.#offset = this.#arena.reserve(BURST * MAX_SIZE);
  }

  /** Sends markers until one of them arrives: a tunnel may have to be set up. */
  waitForMarker(): void {
    this.#receive(0, 0, this.#sendMarker());
  }

  /**
   * Sends a burst, and wants each datagram of it whole, in order, and once, and nothing else; returns how
   * many arrived, all unless some are lost.
   */
  burst(size: number): number {
    const { bytes, view } = this.#arena.memory;
    const first = this.#sent;
    for (let at = 0; at < BURST; at++, this.#sent++) {
      const start = this.#offset + at * size;
      bytes.fill(this.#sent, start, start + size);
      view.setUint32(start, this.#sent);
    }
    assert.equal(this.#send(size, BURST), BURST);
    return this.#receive(size, first, this.#markers);
  }

  [Symbol.dispose](): void {
    this.#source.close();
    this.#sink.close();
  }

  #send(size: number, count: number): number {
    return this.#sender.send({
      count,
      offset: (at) => this.#offset + at * size,
      length: () => size,
      endpoint: () => this.#endpoint,
    }, { boot: 0, wall: 0 });
  }

  #sendMarker(): number {
    this.#arena.memory.view.setUint32(this.#offset, this.#markers);
    this.#send(MARKER_SIZE, 1);
    return this.#markers++;
  }

  /**
   * Receives datagrams of `size` bytes with the numbers from `first` on, until all sent so far have arrived,
   * or what is sent behind them: a marker of number `marker` or higher. Returns how many.
   */
  #receive(size: number, first: number, marker: number): number {
    const { bytes, view } = this.#arena.memory;
    let count = 0, next = first, isMarked = false;
    for (let attempts = 0; !isMarked && (size === 0 || next < this.#sent);) {
      if (this.#poll.wait(QUIET_MS) === 0) {
        assert(attempts++ < MAX_MARKERS, `nothing arrives after ${count} datagrams`);
        this.#sendMarker();
        continue;
      }
      const slots = this.#receiver.receive(this.#fd);
      for (let slot = 0; slot < slots; slot++) {
        const start = this.#receiver.offset(slot), end = start + this.#receiver.length(slot);
        const segment = this.#receiver.segmentSize(slot);
        for (let at = start; at < end; at += segment) {
          const length = Math.min(segment, end - at), number = view.getUint32(at);
          if (length === MARKER_SIZE) {
            isMarked ||= number >= marker;
            continue;
          }
          assert.equal(length, size, `bytes of a datagram where ${next} is next`);
          assert(number >= next && number < this.#sent, `${number} comes where ${next} is next`);
          const body = bytes.subarray(at + 4, at + length);
          assert(body.every((byte) => byte === (number & 0xff)), `datagram ${number} is whole`);
          assert(!isMarked, `datagram ${number} was overtaken by what was sent after it`);
          next = number + 1;
          count++;
        }
      }
    }
    return count;
  }
}

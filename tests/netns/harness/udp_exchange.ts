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
import type { Host } from "./host.ts";

/** Datagrams that are sent before all of them must have arrived. */
const BURST = 60;
const MAX_SIZE = 65_000;

/** Whom the datagrams go to. */
export interface Destination {
  readonly host: Host;
  readonly address: string;
}

/**
 * Sends bursts of datagrams of each of the given sizes from one host to another, and wants all of them,
 * whole and in order. With `segmented` the sender's kernel gets super-packets (UDP_SEGMENT) and the
 * receiver's may join what arrives (UDP_GRO). The first burst is preceded by single datagrams until one
 * arrives, for a tunnel may have to be set up.
 */
export function exchangeUdp(
  from: Host,
  to: Destination,
  sizes: readonly number[],
  { segmented }: { segmented: boolean },
): void {
  const arena = new Arena(16 << 20);
  const open = (host: Host) =>
    inNetworkNamespace(`/proc/${host.pid}/ns/net`, () => UdpSockets.open(0, 0));
  const source = open(from), sink = open(to.host);
  try {
    assert(sink.setReceiveOffload(segmented));
    const sender = new UdpSender(arena, source, { gso: segmented });
    const receiver = new UdpReceiver(arena, 16);
    const address = IpAddress.parse(to.address)?.bytes;
    assert(address);
    const endpoint = new Endpoint(address, sink.port);
    const fd = address.length === 4 ? sink.ipv4 : sink.ipv6;
    const poll = new PollSet(arena, 1);
    poll.set(0, fd, POLLIN);
    const offset = arena.reserve(BURST * MAX_SIZE);
    const burst = (size: number, count: number) =>
      sender.send({
        count,
        offset: (at) => offset + at * size,
        length: () => size,
        endpoint: () => endpoint,
      }, { boot: 0, wall: 0 });
    const { bytes, view } = arena.memory;

    for (let attempt = 0;; attempt++) {
      burst(4, 1);
      if (poll.wait(200) > 0) break;
      assert(attempt < 100, "nothing arrives");
    }
    while (poll.wait(200) > 0) receiver.receive(fd);

    let number = 0;
    for (const size of sizes) {
      const first = number;
      for (let at = 0; at < BURST; at++, number++) {
        bytes.fill(number, offset + at * size, offset + (at + 1) * size);
        view.setUint32(offset + at * size, number);
      }
      assert.equal(burst(size, BURST), BURST);
      for (let next = first; next < number;) {
        assert.equal(poll.wait(10_000), 1, `datagram ${next} of ${size} bytes arrives`);
        const slots = receiver.receive(fd);
        for (let slot = 0; slot < slots; slot++) {
          const start = receiver.offset(slot), end = start + receiver.length(slot);
          const segment = receiver.segmentSize(slot);
          for (let at = start; at < end; at += segment, next++) {
            const length = Math.min(segment, end - at);
            assert.equal(length, size, `bytes of datagram ${next}`);
            assert.equal(view.getUint32(at), next, "in order");
            const body = bytes.subarray(at + 4, at + length);
            assert(body.every((byte) => byte === (next & 0xff)), `datagram ${next} is whole`);
          }
        }
      }
    }
  } finally {
    source.close();
    sink.close();
  }
}

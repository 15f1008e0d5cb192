/** A route that leads the endpoint of a peer into that peer's own tunnel. */

import assert from "node:assert/strict";
import { connectedPair, ipv4Packet, ipv6Packet } from "./sim.ts";

Deno.test("a message that is routed into its own tunnel is dropped", () => {
  const { sim, a, b } = connectedPair();
  sim.network.recording = true;
  a.send(ipv4Packet(a, b, 1));
  const message = sim.network.log[0]?.bytes;
  assert.ok(message);
  const udpHeader = [0xca, 0x6c, 0xca, 0x6c, 0, 0, 0, 0];
  const inUdp = (packet: Uint8Array, protocolAt: number, extra: number[], payload: Uint8Array) => {
    packet[protocolAt] = extra.length === 8 ? 44 : 17;
    packet.set(
      [...extra, ...udpHeader, ...payload],
      packet.length - payload.length - 8 - extra.length,
    );
    return packet;
  };
  const inIpv4 = (payload: Uint8Array) => {
    return inUdp(ipv4Packet(a, b, 2, 28 + payload.length), 9, [], payload);
  };
  const inIpv6 = (payload: Uint8Array, extra: number[] = []) => {
    const size = 48 + extra.length + payload.length;
    return inUdp(ipv6Packet(a, b, 2, size), 6, extra, payload);
  };
  const fragment = (offset: number) => [17, 0, offset >> 8, offset & 0xff | 1, 0, 0, 0, 9];
  const sends = (packet: Uint8Array) => {
    const before = a.peer(b).sentBytes;
    a.send(packet);
    return a.peer(b).sentBytes > before;
  };

  const withOptions = new Uint8Array(32 + message.length);
  withOptions.set(inIpv4(message).subarray(0, 20));
  withOptions.set([0x46], 0);
  withOptions.set(message, 32);
  const firstFragment = inIpv4(message);
  firstFragment[6] = 0x20;
  for (
    const packet of [inIpv4(message), withOptions, firstFragment, inIpv6(message)]
      .concat(inIpv6(message, fragment(0)))
  ) assert.equal(sends(packet), false);

  const laterFragment = inIpv4(message);
  laterFragment[7] = 8;
  const toAnother = message.slice();
  toAnother[4] = (toAnother[4] ?? 0) ^ 1;
  const ofAnotherType = message.slice();
  ofAnotherType[0] = 1;
  const noUdp = inIpv4(message);
  noUdp[9] = 6;
  for (
    const packet of [laterFragment, inIpv4(toAnother), inIpv6(ofAnotherType), noUdp]
      .concat(inIpv6(message, fragment(8)), inIpv4(message.subarray(0, 15)))
  ) assert.equal(sends(packet), true);
  sim.run(100);
  assert.equal(b.received.length, 7);
});

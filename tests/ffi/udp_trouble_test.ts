/** UDP where the system doesn't play along: full buffers, no IPv6, link-local addresses. */
import "./bind_libc.ts";
import assert from "node:assert/strict";
import { Endpoint } from "../../core/endpoint.ts";
import { IpAddress } from "../../core/ip.ts";
import { Arena } from "../../ffi/arena.ts";
import { POLLIN, SO_SNDBUF, SOL_SOCKET } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { inNewNetworkNamespace } from "../../ffi/namespace.ts";
import { PollSet } from "../../ffi/poll.ts";
import { TunDevice } from "../../ffi/tun.ts";
import { UdpSockets } from "../../ffi/udp.ts";
import { UdpReceiver } from "../../ffi/udp_receiver.ts";
import { UdpSender } from "../../ffi/udp_sender.ts";
import { setUp } from "./interfaces.ts";
import { networkTest } from "./iproute.ts";
import { rootTest } from "./privileged.ts";
import { denoProgram, outputOf } from "./run_program.ts";

const IFA_F_TENTATIVE = 0x40;

const LOCALHOST = Uint8Array.of(127, 0, 0, 1);

/** The link-local address of an interface, once the system has found it to be nobody else's. */
function linkLocalAddress(name: string, poll: PollSet) {
  const deadline = performance.now() + 120_000;
  while (performance.now() < deadline) {
    for (const line of Deno.readTextFileSync("/proc/thread-self/net/if_inet6").split("\n")) {
      const [hex = "", index = "", , , flags = "", owner] = line.trim().split(/ +/);
      if (owner !== name || (parseInt(flags, 16) & IFA_F_TENTATIVE) !== 0) continue;
      const address = Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
      return { address, interfaceIndex: parseInt(index, 16) };
    }
    poll.wait(5);
  }
  throw new Error(`${name} has no link-local address`);
}

/** `count` datagrams of 1400 bytes to `endpoint`. */
function datagramsTo(endpoint: Endpoint, count: number, offset: number) {
  return { count, offset: () => offset, length: () => 1400, endpoint: () => endpoint };
}

networkTest("a socket's buffer that stays full costs the rest of the list, and little time", () => {
  setUp("lo");
  const { success } = new Deno.Command("tc", {
    args: "qdisc add dev lo root tbf rate 8kbit burst 2k limit 10M".split(" "),
  }).outputSync();
  assert(success, "tc");
  const arena = new Arena(1 << 20);
  const offset = arena.reserve(1400);
  const sockets = UdpSockets.open(0, 0);
  try {
    const smallest = Int32Array.of(1);
    libc.setsockopt(sockets.ipv4, SOL_SOCKET, SO_SNDBUF, smallest, smallest.byteLength);
    const sender = new UdpSender(arena, sockets);
    const sent = sender.send(datagramsTo(new Endpoint(LOCALHOST, 7), 200, offset), {
      boot: 0,
      wall: 0,
    });
    assert(sent > 0 && sent < 200, `${sent}`);
    assert.equal(sender.refused, 200 - sent);
    // The other family has a buffer of its own.
    const ipv6 = IpAddress.parse("::1")?.bytes ?? LOCALHOST;
    assert.equal(
      sender.send(datagramsTo(new Endpoint(ipv6, 7), 10, offset), { boot: 0, wall: 0 }),
      10,
    );
  } finally {
    sockets.close();
  }
});

rootTest("a link-local peer is answered on the link it wrote from", () => {
  inNewNetworkNamespace(() => {
    const tun = TunDevice.open("wgf0", { vnetHeader: false });
    setUp("lo");
    setUp("wgf0");
    const sockets = UdpSockets.open(0, 0);
    try {
      const arena = new Arena(1 << 20);
      const offset = arena.reserve(1400);
      const sender = new UdpSender(arena, sockets), receiver = new UdpReceiver(arena, 4);
      const poll = new PollSet(arena, 1);
      poll.set(0, sockets.ipv6, POLLIN);
      const { address, interfaceIndex } = linkLocalAddress("wgf0", poll);
      let peer = new Endpoint(address, sockets.port, interfaceIndex);
      // To ourselves, and then to whoever seems to have written.
      for (let i = 0; i < 2; i++) {
        assert.equal(sender.send(datagramsTo(peer, 1, offset), { boot: 0, wall: 0 }), 1);
        assert.equal(poll.wait(120_000), 1);
        assert.equal(receiver.receive(sockets.ipv6), 1);
        const from = receiver.endpoint(0);
        assert(from !== null);
        assert(from.sameRemote(new Endpoint(address, sockets.port, interfaceIndex)));
        assert.deepEqual(from.source?.address, address);
        peer = from;
      }
    } finally {
      sockets.close();
      tun.close();
    }
  });
});

Deno.test("without IPv6 there is one socket, and IPv6 peers are unreachable", async () => {
  assert.deepEqual(JSON.parse(await outputOf(denoProgram("udp_without_ipv6.ts"))), {
    ipv6: -1,
    bound: true,
    rebound: true,
    sent: 1,
    refused: 1,
  });
});

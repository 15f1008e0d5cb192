import "./bind_libc.ts";
import assert from "node:assert/strict";
import { Endpoint } from "../../core/endpoint.ts";
import { Arena } from "../../ffi/arena.ts";
import { SO_RCVBUF, SO_SNDBUF, SOL_SOCKET } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { socketMemory } from "../../ffi/socket_memory.ts";
import { UdpSockets } from "../../ffi/udp.ts";
import { type Datagrams, UdpSender } from "../../ffi/udp_sender.ts";

const LOCALHOST = Uint8Array.of(127, 0, 0, 1);

function option(fd: number, name: number): number {
  const value = new Int32Array(1), length = Int32Array.of(4);
  assert.equal(libc.getsockopt(fd, SOL_SOCKET, name, value, length), 0);
  return value[0] ?? 0;
}

Deno.test("socketMemory tells the buffers' sizes and how many datagrams they had no room for", () => {
  const arena = new Arena(1 << 20);
  const from = UdpSockets.open(0, 0), to = UdpSockets.open(0, 0);
  try {
    const small = Int32Array.of(4096);
    assert.equal(libc.setsockopt(to.ipv4, SOL_SOCKET, SO_RCVBUF, small, 4), 0);
    const before = socketMemory(to.ipv4);
    assert.deepEqual(before, {
      receiveBuffer: option(to.ipv4, SO_RCVBUF),
      sendBuffer: option(to.ipv4, SO_SNDBUF),
      drops: 0,
    });
    const endpoint = new Endpoint(LOCALHOST, to.port);
    const offset = arena.reserve(2048);
    const count = 50;
    const datagrams: Datagrams = {
      count,
      offset: () => offset,
      length: () => 1400,
      endpoint: () => endpoint,
    };
    new UdpSender(arena, from).send(datagrams, { boot: 0, wall: 0 });
    let drops = 0;
    // A busy kernel delivers later.
    for (const end = performance.now() + 120_000; drops === 0 && performance.now() < end;) {
      drops = socketMemory(to.ipv4)?.drops ?? 0;
    }
    assert(drops > 0 && drops < count, `${drops} of ${count} were dropped`);
  } finally {
    from.close();
    to.close();
  }
});

Deno.test("socketMemory tells nothing of what is no socket", () => {
  assert.equal(socketMemory(-1), null);
});

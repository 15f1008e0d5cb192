import "./bind_libc.ts";
import assert from "node:assert/strict";
import { Endpoint } from "../../core/endpoint.ts";
import { Errno, SysError } from "../../ffi/errno.ts";
import {
  IP_MTU_DISCOVER,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_MTU_DISCOVER,
  SO_MARK,
  SO_RCVBUF,
  SO_SNDBUF,
  SOL_SOCKET,
} from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { UdpSockets } from "../../ffi/udp.ts";
import { rootTest } from "./privileged.ts";
import { LOCALHOST_V4, LOCALHOST_V6, NOW, receive, TestDatagrams, withHosts } from "./udp_hosts.ts";

function refuses(code: string, pattern: RegExp): (error: unknown) => true {
  return (error) => {
    assert(error instanceof SysError);
    assert.equal(error.code, code);
    assert.match(error.message, pattern);
    return true;
  };
}

rootTest("the sockets have the options that WireGuard needs", () => {
  withHosts(({ sockets }) => {
    const option = (fd: number, level: number, name: number) => {
      const value = new Int32Array(1);
      assert.equal(libc.getsockopt(fd, level, name, value, Int32Array.of(4)), 0);
      return value[0];
    };
    assert.equal(option(sockets.ipv4, IPPROTO_IP, IP_MTU_DISCOVER), 0);
    assert.equal(option(sockets.ipv6, IPPROTO_IPV6, IPV6_MTU_DISCOVER), 0);
    for (const fd of [sockets.ipv4, sockets.ipv6]) {
      // The kernel doubles what it was asked for.
      assert.equal(option(fd, SOL_SOCKET, SO_RCVBUF), 14 << 20);
      assert.equal(option(fd, SOL_SOCKET, SO_SNDBUF), 14 << 20);
      assert.equal(option(fd, SOL_SOCKET, SO_MARK), 0);
    }
    sockets.setFwmark(0xfedcba98);
    assert.equal(option(sockets.ipv4, SOL_SOCKET, SO_MARK), 0xfedcba98 | 0);
    sockets.rebind(4242);
    assert.equal(sockets.port, 4242);
    assert.equal(option(sockets.ipv6, SOL_SOCKET, SO_MARK), 0xfedcba98 | 0, "kept by rebind");
  });
});

rootTest("a port that is taken is refused, and nothing changes", () => {
  withHosts((a, b) => {
    const before = [a.sockets.ipv4, a.sockets.ipv6, a.sockets.port];
    const taken = b.sockets.port;
    assert.throws(() => a.sockets.rebind(taken), refuses("EADDRINUSE", /another ListenPort/));
    assert.deepEqual([a.sockets.ipv4, a.sockets.ipv6, a.sockets.port], before);
    const spare = UdpSockets.open(0, 0);
    const free = spare.port;
    spare.close();
    UdpSockets.open(free, 0).close();
    UdpSockets.open(free, 0).close();
  });
});

for (const gso of [false, true]) {
  for (const gro of [false, true]) {
    rootTest(`datagrams arrive whole and in order, gso ${gso}, gro ${gro}`, () => {
      withHosts((a, b) => {
        a.sender.gso[4] = a.sender.gso[6] = gso;
        assert.equal(b.sockets.setReceiveOffload(gro), true);
        const v4 = new Endpoint(LOCALHOST_V4, b.sockets.port);
        const v6 = new Endpoint(LOCALHOST_V6, b.sockets.port);
        const list = new TestDatagrams(a.arena);
        const expected = new Map<Endpoint, { number: number; length: number }[]>([[v4, []], [
          v6,
          [],
        ]]);
        for (let number = 0; number < 300; number++) {
          const endpoint = number % 40 < 30 ? v4 : v6;
          const length =
            [1452, 1452, 1452, 148, 32, 9000][number % 71 === 0 ? 5 : number >> 4 & 3] ?? 0;
          list.add(length, endpoint);
          expected.get(endpoint)?.push({ number, length });
        }
        list.add(100, null);

        assert.equal(a.sender.send(list, NOW), 300);
        assert.equal(a.sender.refused, 1);
        assert.deepEqual(a.sender.gso, { 4: gso, 6: gso });
        for (const endpoint of [v4, v6]) {
          const fd = endpoint === v4 ? b.sockets.ipv4 : b.sockets.ipv6;
          const wanted = expected.get(endpoint) ?? [];
          const received = receive(b, fd, wanted.length);
          assert.deepEqual(received.map(({ number, length }) => ({ number, length })), wanted);
          assert.equal(received.some((d) => d.joined), gso && gro);
          const from = received[0]?.endpoint;
          assert(from !== null && from !== undefined);
          assert(from.sameRemote(new Endpoint(endpoint.address, a.sockets.port)));
          assert.deepEqual(from.source?.address, endpoint.address);
          assert.equal(from.source?.interfaceIndex, 1);
          assert(received.every((d) => d.endpoint === from), "one object for one flow");
        }
        assert.equal(b.receiver.receive(b.sockets.ipv4), 0);
      });
    });
  }
}

rootTest("a reply leaves from the address that was asked", () => {
  withHosts((a, b) => {
    const asked = Uint8Array.of(127, 9, 8, 7);
    const question = new TestDatagrams(a.arena);
    question.add(100, new Endpoint(asked, b.sockets.port));
    assert.equal(a.sender.send(question, NOW), 1);
    const [request] = receive(b, b.sockets.ipv4, 1);
    assert(request?.endpoint);

    const answer = new TestDatagrams(b.arena);
    answer.add(50, request.endpoint);
    answer.add(60, request.endpoint.withoutSource());
    assert.equal(b.sender.send(answer, NOW), 2);
    const replies = receive(a, a.sockets.ipv4, 2);
    assert.deepEqual(replies.map((d) => d.endpoint?.address), [asked, LOCALHOST_V4]);
    assert.deepEqual(replies.map((d) => d.endpoint?.port), [b.sockets.port, b.sockets.port]);
  });
});

for (const gso of [false, true]) {
  rootTest(`a source that is gone is left out and reported, gso ${gso}`, () => {
    withHosts((a, b) => {
      a.sender.gso[4] = a.sender.gso[6] = gso;
      const gone4 = { address: Uint8Array.of(10, 11, 12, 13), interfaceIndex: 1 };
      const gone6 = { address: LOCALHOST_V6.with(0, 0x20), interfaceIndex: 1 };
      const list = new TestDatagrams(a.arena);
      const good = new Endpoint(LOCALHOST_V4, b.sockets.port);
      const stale4 = new Endpoint(LOCALHOST_V4, b.sockets.port, 0, gone4);
      const stale6 = new Endpoint(LOCALHOST_V6, b.sockets.port, 0, gone6);
      for (const endpoint of [good, stale4, stale4, good, stale6, stale6, good]) {
        list.add(200, endpoint);
      }
      const reported: number[] = [];
      a.sender.onSourceUnusable = (at) => reported.push(at);
      assert.equal(a.sender.send(list, NOW), 7);
      assert.deepEqual(reported, [1, 2, 4, 5]);
      assert.equal(a.sender.refused, 0);
      const numbers = (fd: number, count: number) => receive(b, fd, count).map((d) => d.number);
      assert.deepEqual(numbers(b.sockets.ipv4, 5), [0, 1, 2, 3, 6]);
      assert.deepEqual(numbers(b.sockets.ipv6, 2), [4, 5]);
    });
  });

  rootTest(`a datagram that can't be sent doesn't stop the others, gso ${gso}`, () => {
    withHosts((a, b) => {
      a.sender.gso[4] = a.sender.gso[6] = gso;
      const good = new Endpoint(LOCALHOST_V4, b.sockets.port);
      const unreachable = new Endpoint(Uint8Array.of(192, 0, 2, 1), 7);
      const list = new TestDatagrams(a.arena);
      list.add(100, good);
      list.add(100, unreachable);
      list.add(70_000, good);
      list.add(100, good);
      assert.equal(a.sender.send(list, NOW), 2);
      assert.equal(a.sender.refused, 2);
      assert.deepEqual(receive(b, b.sockets.ipv4, 2).map((d) => d.number), [0, 3]);
    });
  });
}

rootTest(
  "a batch gets more slots while small datagrams fill it, and fewer when it is large",
  () => {
    withHosts((a, b) => {
      const endpoint = new Endpoint(LOCALHOST_V4, b.sockets.port);
      const offset = a.arena.reserve(60_000);
      const send = (count: number, size: number) => {
        const list = { count, offset: () => offset, length: () => size, endpoint: () => endpoint };
        assert.equal(a.sender.send(list, NOW), count);
      };
      const batches = () => {
        const counts: number[] = [];
        for (;;) {
          const count = b.receiver.receive(b.sockets.ipv4);
          if (count === 0) return counts;
          counts.push(count);
          if (!b.receiver.full) return counts;
        }
      };
      send(100, 100);
      assert.deepEqual(batches(), [8, 16, 32, 32, 12]);
      send(100, 60_000);
      assert.deepEqual(batches(), [32, 16, 8, 8, 8, 8, 8, 8, 4]);
      send(9, 100);
      assert.deepEqual(batches(), [8, 1]);
    });
  },
);

rootTest("errors of a receive are told apart from silence", () => {
  withHosts((a) => {
    assert.equal(a.receiver.receive(a.sockets.ipv4), 0);
    assert.equal(a.receiver.receive(-1), -Errno.EBADF);
  });
});

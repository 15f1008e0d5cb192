/** Kernels and routes that refuse joined datagrams: nothing is lost, and the sender learns from it. */
import "./bind_libc.ts";
import assert from "node:assert/strict";
import type { Now } from "../../core/clock.ts";
import { Endpoint } from "../../core/endpoint.ts";
import { Errno } from "../../ffi/errno.ts";
import { MMSGHDR, MSGHDR } from "../../ffi/layout.ts";
import { withReplaced } from "./failing_call.ts";
import { rootTest } from "./privileged.ts";
import {
  type Host,
  LOCALHOST_V4,
  LOCALHOST_V6,
  receive,
  TestDatagrams,
  withHosts,
} from "./udp_hosts.ts";

const COUNT = 200;

/**
 * Runs `body` where sendmmsg fails with `error` whenever the next message has several datagrams and
 * `refuses` it. Gives the number of such failures.
 */
function countRefusals(error: number, body: () => void, refuses = () => true): number {
  let refusals = 0;
  withReplaced("sendmmsg", (real, fd, headers, count, flags) => {
    assert(headers !== null);
    const view = new Deno.UnsafePointerView(headers);
    const isJoined = (message: number) =>
      view.getUint32(message * MMSGHDR.SIZE + MSGHDR.IOV_LENGTH) > 1 && refuses();
    if (isJoined(0)) {
      refusals++;
      return -error;
    }
    let taken = 1;
    while (taken < count && !isJoined(taken)) taken++;
    return real(fd, headers, taken, flags);
  }, body);
  return refusals;
}

function at(boot: number): Now {
  return { boot, wall: 0 };
}

function datagramsTo(host: Host, endpoint: Endpoint): TestDatagrams {
  const list = new TestDatagrams(host.arena);
  for (let i = 0; i < COUNT; i++) list.add(1000, endpoint);
  return list;
}

/** Sends a list, and checks that all of it arrives in order. Tells whether any were joined. */
function exchange(a: Host, b: Host, list: TestDatagrams, fd: number, now: number): boolean {
  assert.equal(a.sender.send(list, at(now)), COUNT);
  const received = receive(b, fd, COUNT);
  assert.deepEqual(
    received.map(({ number }) => number),
    Array.from({ length: COUNT }, (_, i) => i),
  );
  return received.some(({ joined }) => joined);
}

for (const code of ["EIO", "EOPNOTSUPP"] as const) {
  for (const version of [4, 6] as const) {
    rootTest(
      `${code} to two endpoints turns joining off for IPv${version}, and loses nothing`,
      () => {
        withHosts((a, b) => {
          assert(a.sockets.canSegment(version));
          assert(b.sockets.setReceiveOffload(true));
          a.sender.gso[4] = a.sender.gso[6] = true;
          const reported: unknown[] = [];
          a.sender.onGsoUnsupported = (...report) => reported.push(report);
          a.sender.onGsoRetried = (...report) => reported.push(report);
          const v4 = version === 4;
          const address = v4 ? LOCALHOST_V4 : LOCALHOST_V6;
          const [first, second, third] = [0, 1, 2].map(() => new Endpoint(address, b.sockets.port));
          assert(first && second && third);
          const fd = v4 ? b.sockets.ipv4 : b.sockets.ipv6;
          const refusals = (endpoint: Endpoint, now: number) =>
            countRefusals(Errno[code], () => {
              assert.equal(exchange(a, b, datagramsTo(a, endpoint), fd, now), false);
            });
          // Those that were built already: 64 datagrams each.
          const built = refusals(first, 0);
          assert(built > 0 && built <= Math.ceil(COUNT / 64), `${built}`);
          assert.deepEqual(a.sender.gso, { 4: true, 6: true }, "one route is no proof");
          assert.equal(refusals(first, 0), 0, "remembered");

          assert(refusals(second, 0) > 0);
          assert.deepEqual(a.sender.gso, { 4: !v4, 6: v4 });
          assert.deepEqual(reported, [[version, Errno[code]]]);
          assert.equal(refusals(third, 0), 0);

          const other = new Endpoint(v4 ? LOCALHOST_V6 : LOCALHOST_V4, b.sockets.port);
          const otherFd = v4 ? b.sockets.ipv6 : b.sockets.ipv4;
          assert(exchange(a, b, datagramsTo(a, other), otherFd, 0), "the other version joins");

          assert.equal(refusals(third, 599_999), 0);
          assert(refusals(third, 600_000) > 0, "tried again");
          assert.deepEqual(reported.slice(1), [[version], [version, Errno[code]]]);
          assert(
            exchange(a, b, datagramsTo(a, first), fd, 1_200_000),
            "joined when it works again",
          );
          assert(a.sender.gso[version]);
        });
      },
    );
  }
}

rootTest("EIO to one endpoint leaves those to others joined", () => {
  withHosts((a, b) => {
    assert(b.sockets.setReceiveOffload(true));
    a.sender.gso[4] = true;
    a.sender.onGsoUnsupported = () => assert.fail("the kernel can");
    const fd = b.sockets.ipv4;
    const bad = new Endpoint(LOCALHOST_V4, b.sockets.port);
    const good = new Endpoint(LOCALHOST_V4, b.sockets.port);
    for (const now of [0, 60_000, 120_000]) {
      const refusals = countRefusals(Errno.EIO, () => {
        assert.equal(exchange(a, b, datagramsTo(a, bad), fd, now), false);
      });
      assert(refusals > 0);
      assert(exchange(a, b, datagramsTo(a, good), fd, now));
    }
  });
});

for (const code of ["EPERM", "ENETUNREACH"] as const) {
  rootTest(`${code} concerns the destination: joined datagrams aren't tried one by one`, () => {
    withHosts((a, b) => {
      a.sender.gso[4] = true;
      const endpoint = new Endpoint(LOCALHOST_V4, b.sockets.port);
      let calls = 0;
      withReplaced("sendmmsg", () => {
        calls++;
        return -Errno[code];
      }, () => assert.equal(a.sender.send(datagramsTo(a, endpoint), at(0)), 0));
      assert.equal(a.sender.refused, COUNT);
      // Each message of 64 datagrams, and one by itself.
      assert(calls <= 2 * Math.ceil(COUNT / 64) + 2, `${calls}`);
      assert.equal(a.sender.refusesJoined(endpoint, at(0)), false);
    });
  });
}

for (const code of ["EMSGSIZE", "EINVAL"] as const) {
  rootTest(`${code} is remembered for the endpoint, and loses nothing`, () => {
    withHosts((a, b) => {
      assert(b.sockets.setReceiveOffload(true));
      a.sender.gso[4] = true;
      a.sender.onGsoUnsupported = () => assert.fail("the kernel can");
      const { sender } = a;
      const endpoint = new Endpoint(LOCALHOST_V4, b.sockets.port);
      const fd = b.sockets.ipv4;
      const list = datagramsTo(a, endpoint);
      const sendAt = (now: number) =>
        countRefusals(Errno[code], () => assert.equal(exchange(a, b, list, fd, now), false));

      assert.equal(sender.refusesJoined(endpoint, at(1000)), false);
      assert(sendAt(1000) > 0);
      assert(sender.refusesJoined(endpoint, at(1000)));
      assert.equal(sendAt(1000), 0, "remembered");
      assert.equal(sendAt(60_999), 0);
      assert(sender.refusesJoined(endpoint, at(60_999)));
      assert.equal(sender.refusesJoined(endpoint, at(61_000)), false);
      assert(sendAt(61_000) > 0, "tried again");
      assert(sender.refusesJoined(endpoint, at(61_000)));
      assert.deepEqual(sender.gso, { 4: true, 6: false });

      const other = new Endpoint(Uint8Array.of(127, 0, 0, 2), b.sockets.port);
      assert(exchange(a, b, datagramsTo(a, other), fd, 61_000), "other endpoints' are joined");
      assert(exchange(a, b, list, fd, 200_000), "and those to this one, when it works again");
    });
  });
}

rootTest("only some joined datagrams refused: all arrive, in order", () => {
  withHosts((a, b) => {
    a.sender.gso[4] = true;
    const list = datagramsTo(a, new Endpoint(LOCALHOST_V4, b.sockets.port));
    let calls = 0;
    const refusals = countRefusals(
      Errno.EMSGSIZE,
      () => exchange(a, b, list, b.sockets.ipv4, 0),
      () => ++calls % 3 === 0,
    );
    assert(refusals > 0);
  });
});

rootTest("the memory of endpoints is bounded", () => {
  withHosts((a, b) => {
    a.sender.gso[4] = true;
    const endpoints = Array.from(
      { length: 3000 },
      (_, i) => new Endpoint(Uint8Array.of(127, 1, i >> 8, i & 0xff), b.sockets.port),
    );
    const offset = a.arena.reserve(100);
    countRefusals(Errno.EMSGSIZE, () => {
      for (const endpoint of endpoints) {
        const pair = {
          count: 2,
          offset: () => offset,
          length: () => 100,
          endpoint: () => endpoint,
        };
        assert.equal(a.sender.send(pair, at(0)), 2);
        assert(a.sender.refusesJoined(endpoint, at(0)));
      }
    });
    const remembered = endpoints.filter((endpoint) => a.sender.refusesJoined(endpoint, at(0)));
    assert(remembered.length <= 1024, `${remembered.length}`);
  });
});

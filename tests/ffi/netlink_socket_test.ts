import "./bind_libc.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { type NetlinkRequest, NLM_F_ACK, NLM_F_DUMP_INTR } from "../../core/netlink/message.ts";
import { Errno, SysError } from "../../ffi/errno.ts";
import { AF_NETLINK, MSG_PEEK } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { NetlinkError, NetlinkSocket } from "../../ffi/netlink_socket.ts";
import { KernelTransport } from "../../ffi/netlink_transport.ts";
import { acknowledgement, done, type FakeAnswer, FakeNetlink } from "./fake_netlink.ts";

const REQUEST: NetlinkRequest = { type: 24, flags: 0, payload: new Uint8Array(4) };
const DUMP: NetlinkRequest = { type: 26, flags: 0x300, payload: new Uint8Array(4) };
const describe = () => "do it";
const object = (value: number, flags = 2) => ({ type: 24, flags, payload: Uint8Array.of(value) });
const firstByte = (payload: Uint8Array) => payload[0] ?? null;

const failsWith = (code: string, pattern = /^Cannot do it: /) => (error: unknown): true => {
  assert(error instanceof SysError);
  assert.equal(error.code, code);
  assert.equal(error.operation, "do it");
  assert.match(error.message, pattern);
  return true;
};

Deno.test("a request is acknowledged, refused, or refused with tolerance", () => {
  const kernel = new FakeNetlink(() => [[acknowledgement()]]);
  using socket = new NetlinkSocket(kernel);
  assert.equal(socket.request(REQUEST, describe), true);
  assert.equal((kernel.sent[0]?.[0]?.flags ?? 0) & NLM_F_ACK, NLM_F_ACK);

  using refused = new NetlinkSocket(new FakeNetlink(() => [[acknowledgement(Errno.EEXIST)]]));
  assert.throws(() => refused.request(REQUEST, describe), failsWith("EEXIST"));
  assert.throws(() => refused.request(REQUEST, describe, [Errno.ESRCH]), failsWith("EEXIST"));
  assert.equal(refused.request(REQUEST, describe, [Errno.ESRCH, Errno.EEXIST]), false);

  using forbidden = new NetlinkSocket(new FakeNetlink(() => [[acknowledgement(Errno.EPERM)]]));
  const needs = /Cannot do it: Operation not permitted \(EPERM\): .*CAP_NET_ADMIN/;
  assert.throws(() => forbidden.request(REQUEST, describe), failsWith("EPERM", needs));
});

Deno.test("the socket is closed in the end", () => {
  const kernel = new FakeNetlink(() => []);
  new NetlinkSocket(kernel)[Symbol.dispose]();
  assert.equal(kernel.isClosed, true);
});

Deno.test("answers to others and to requests that were given up are passed over", () => {
  const kernel = new FakeNetlink(() => [
    [{ ...acknowledgement(Errno.EINVAL), sequence: 0 }],
    [{ ...acknowledgement(Errno.EINVAL), portId: 1 }, { ...object(1), portId: 0, sequence: 0 }],
    [acknowledgement()],
  ]);
  assert.equal(new NetlinkSocket(kernel).request(REQUEST, describe), true);
});

Deno.test("the late answer to an earlier request is not taken for the next one's", () => {
  const answers: FakeAnswer[][] = [[], [
    [{ ...acknowledgement(Errno.EEXIST, 1) }, { ...object(1), sequence: 1 }],
    [object(2)],
  ]];
  const socket = new NetlinkSocket(new FakeNetlink(() => answers.shift() ?? []));
  assert.throws(() => socket.get(REQUEST, describe), failsWith("ETIMEDOUT"));
  assert.deepEqual([...socket.get(REQUEST, describe)], [2]);
});

Deno.test("silence, lost answers and nonsense are errors, not a hang", () => {
  const answers: [string, FakeAnswer[]][] = [
    ["ETIMEDOUT", []],
    ["EBADMSG", [new Uint8Array(15)]],
    ["EBADMSG", [Uint8Array.of(0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0)]],
    ["EBADMSG", [[{ type: 2, payload: new Uint8Array(2) }]]],
  ];
  for (const [code, answer] of answers) {
    const socket = new NetlinkSocket(new FakeNetlink(() => answer));
    assert.throws(() => socket.request(REQUEST, describe), failsWith(code));
    assert.throws(() => socket.get(REQUEST, describe), failsWith(code));
    assert.throws(() => socket.dump(DUMP, describe, firstByte), failsWith(code));
  }
  const socket = new NetlinkSocket(new FakeNetlink(() => ["overrun", [acknowledgement()]]));
  assert.throws(() => socket.request(REQUEST, describe), { code: "ENOBUFS" });
});

Deno.test("one object is got, in memory of its own", () => {
  const socket = new NetlinkSocket(new FakeNetlink(() => [[object(42), acknowledgement(22)]]));
  const payload = socket.get(REQUEST, describe);
  assert.deepEqual([...payload], [42]);
  assert.equal(payload.buffer.byteLength, 1);
  const refused = new NetlinkSocket(new FakeNetlink(() => [[acknowledgement(Errno.ENODEV)]]));
  assert.throws(() => refused.get(REQUEST, describe), failsWith("ENODEV"));
});

Deno.test("a dump spans datagrams and ends with NLMSG_DONE", () => {
  const socket = new NetlinkSocket(
    new FakeNetlink(() => [[object(1), object(2)], [object(3)], [done()], [object(4)]]),
  );
  assert.deepEqual(socket.dump(DUMP, describe, firstByte), [1, 2, 3]);
  const odd = (payload: Uint8Array) => (payload[0] ?? 0) % 2 === 1 ? payload[0] ?? 0 : null;
  assert.deepEqual(socket.dump(DUMP, describe, odd), [1, 3], "the late 4 is passed over");
});

Deno.test("a dump may fail at its start and at its end", () => {
  const start = new NetlinkSocket(new FakeNetlink(() => [[acknowledgement(Errno.EPERM)]]));
  assert.throws(() => start.dump(DUMP, describe, firstByte), failsWith("EPERM"));
  const end = new NetlinkSocket(new FakeNetlink(() => [[object(1)], [done(Errno.ENOMEM)]]));
  assert.throws(() => end.dump(DUMP, describe, firstByte), failsWith("ENOMEM"));
});

Deno.test("an interrupted dump is made anew, but not for ever", () => {
  let interruptions = 3;
  const kernel = new FakeNetlink(() => {
    const isLast = interruptions-- === 0;
    return [[object(1), object(isLast ? 2 : 9)], [object(3, isLast ? 2 : 2 | NLM_F_DUMP_INTR)], [
      done(),
    ]];
  });
  assert.deepEqual(new NetlinkSocket(kernel).dump(DUMP, describe, firstByte), [1, 2, 3]);
  assert.equal(kernel.sent.length, 4);

  const restless = new FakeNetlink(() => [[{ ...done(), flags: 2 | NLM_F_DUMP_INTR }]]);
  const socket = new NetlinkSocket(restless);
  assert.throws(() => socket.dump(DUMP, describe, firstByte), failsWith("EAGAIN"));
  assert.equal(restless.sent.length, 16);
});

Deno.test("an interrupted dump is made as often as wanted, and may be taken as it is", () => {
  let interruptions = 40;
  const busy = new FakeNetlink(() => [
    [object(1), { ...done(), flags: interruptions-- === 0 ? 2 : 2 | NLM_F_DUMP_INTR }],
  ]);
  const endless = { attempts: Infinity };
  assert.deepEqual(new NetlinkSocket(busy).dump(DUMP, describe, firstByte, endless), [1]);
  assert.equal(busy.sent.length, 41);

  const restless = new FakeNetlink(() => [[object(1, 2 | NLM_F_DUMP_INTR), object(2)], [done()]]);
  const once = { attempts: 1, partial: true };
  assert.deepEqual(new NetlinkSocket(restless).dump(DUMP, describe, firstByte, once), [1, 2]);
  assert.equal(restless.sent.length, 1);
});

Deno.test("what was sent is wiped, and an answer that holds secrets too", () => {
  const sent: Uint8Array[] = [], views: Uint8Array[] = [];
  const kernel = new FakeNetlink(() => [[object(7), object(8)], [done()]]);
  const send = kernel.send.bind(kernel);
  kernel.send = (datagram) => {
    sent.push(datagram);
    send(datagram);
  };
  const keep = (payload: Uint8Array) => {
    views.push(payload);
    return payload[0] ?? null;
  };
  const secret = { ...DUMP, payload: Uint8Array.of(9, 9, 9, 9) };
  const socket = new NetlinkSocket(kernel);
  assert.deepEqual(socket.dump(secret, describe, keep, { secret: true }), [7, 8]);
  assert.equal(sent.length, 1);
  for (const bytes of [...sent, ...views]) assert.ok(bytes.every((byte) => byte === 0));

  views.length = 0;
  socket.dump(DUMP, describe, keep);
  assert.deepEqual(views.map(([first]) => first), [7, 8], "not without being asked to");
  kernel.answer = () => [[acknowledgement()]];
  socket.request(secret, describe);
  assert.ok(sent.at(-1)?.every((byte) => byte === 0));
});

Deno.test("a batch reports each failure, by its request", () => {
  const kernel = new FakeNetlink((messages) =>
    messages.flatMap(({ sequence, flags }) => {
      if (sequence % 10 === 0) return [[acknowledgement(Errno.EEXIST, sequence)]];
      return (flags & NLM_F_ACK) !== 0 ? [[acknowledgement(0, sequence)]] : [];
    })
  );
  const socket = new NetlinkSocket(kernel);
  for (let size = 1; size < 200; size += 7) {
    const requests = Array.from({ length: size }, () => REQUEST);
    const sequences = kernel.sent.flat().length + 1;
    const expected = requests.map((_, i) =>
      (sequences + i) % 10 === 0 ? `Cannot add ${i}: File exists (EEXIST)` : null
    );
    const errors = socket.batch(requests, (i) => `add ${i}`);
    assert.deepEqual(errors.map((error) => error === null ? null : error.message), expected);
    assert(errors.every((error) => error === null || error instanceof NetlinkError));
  }
  assert.deepEqual(socket.batch([], () => ""), []);
  assert(Math.max(...kernel.sent.map((messages) => messages.length)) > 10);
});

Deno.test("what a socket sends at once fits its buffers", () => {
  const kernel = new FakeNetlink((messages) => [[acknowledgement(0, messages.at(-1)?.sequence)]]);
  const sizes = [30_000, 30_000, 4, 4, 40_000, 4, ...new Array<number>(200).fill(8)];
  const requests = sizes.map((size) => ({ ...REQUEST, payload: new Uint8Array(size) }));
  const errors = new NetlinkSocket(kernel).batch(requests, String);
  assert.deepEqual(errors, sizes.map(() => null));
  assert.deepEqual(kernel.sent.flat().map(({ payload }) => payload.length), sizes);
  for (const messages of kernel.sent) {
    const size = messages.reduce((sum, { payload }) => sum + 16 + payload.length, 0);
    assert(messages.length === 1 || (messages.length <= 64 && size <= 32 * 1024));
  }
});

Deno.test("whatever comes as an answer, a method returns or throws a SysError", () => {
  const bytes = fc.uint8Array({ minLength: 0, maxLength: 60 });
  const message = fc.record({
    type: fc.constantFrom(1, 2, 3, 4, 24),
    flags: fc.nat(0xffff),
    payload: bytes,
  });
  const datagram = fc.oneof(
    fc.array(message, { maxLength: 4 }),
    bytes.map((each) => new Uint8Array(each)),
  );
  fc.assert(fc.property(fc.array(datagram, { maxLength: 6 }), (answer) => {
    const socket = new NetlinkSocket(new FakeNetlink(() => answer));
    const methods = [
      () => socket.request(REQUEST, describe),
      () => socket.get(REQUEST, describe),
      () => socket.dump(DUMP, describe, firstByte),
    ];
    for (const method of methods) {
      try {
        method();
      } catch (error) {
        assert(error instanceof SysError, String(error));
      }
    }
  }));
});

Deno.test("an operation's words may be asked for by the same socket", () => {
  const kernel = new FakeNetlink((messages) =>
    messages[0]?.type === DUMP.type
      ? [[object(7), done()]]
      : messages.map(({ sequence }) => [acknowledgement(Errno.EEXIST, sequence)])
  );
  const socket = new NetlinkSocket(kernel);
  const errors = socket.batch(
    Array.from({ length: 100 }, () => REQUEST),
    (i) => `add ${i} dev ${socket.dump(DUMP, describe, firstByte)}`,
  );
  assert.deepEqual(errors.map((error) => error?.operation), errors.map((_, i) => `add ${i} dev 7`));
});

Deno.test("the kernel's socket gives its port, and says at once when there is nothing", () => {
  const transport = KernelTransport.open({ nonblocking: true });
  try {
    assert(transport.portId !== 0);
    assert.equal(transport.receive(), null);
  } finally {
    transport.close();
  }
  assert.throws(() => KernelTransport.open({ protocol: 999 }), {
    name: "SysError",
    operation: "open a netlink socket",
  });
});

Deno.test("datagrams of another process are not taken for the kernel's", () => {
  const NETLINK_USERSOCK = 2;
  const victim = KernelTransport.open({ protocol: NETLINK_USERSOCK, nonblocking: true });
  const stranger = KernelTransport.open({ protocol: NETLINK_USERSOCK });
  try {
    const address = new DataView(new ArrayBuffer(12));
    address.setUint16(0, AF_NETLINK, true);
    address.setUint32(4, victim.portId, true);
    const datagram = new Uint8Array(20);
    const to = new Uint8Array(address.buffer);
    assert.equal(libc.sendto(stranger.fd, datagram, 20, 0, to, to.length), 20);
    assert.equal(libc.recv(victim.fd, datagram, 20, MSG_PEEK), 20, "it has arrived");
    assert.equal(victim.receive(), null);
  } finally {
    victim.close();
    stranger.close();
  }
});

import "./bind_libc.ts";
import assert from "node:assert/strict";
import { Arena } from "../../ffi/arena.ts";
import { SysError } from "../../ffi/errno.ts";
import { O_CLOEXEC, POLLHUP, POLLIN, POLLNVAL, POLLOUT } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { MAX_WAIT_MICROSECONDS, PollSet, toMicroseconds } from "../../ffi/poll.ts";

function withPipe(body: (reading: number, writing: number) => void): void {
  const fds = new Int32Array(2);
  assert.equal(libc.pipe2(fds, O_CLOEXEC), 0);
  const [reading, writing] = fds;
  assert(reading !== undefined && writing !== undefined);
  try {
    body(reading, writing);
  } finally {
    libc.close(reading);
    libc.close(writing);
  }
}

Deno.test("tells which descriptors are ready, and for what", () => {
  const poll = new PollSet(new Arena(65536), 4);
  withPipe((reading, writing) => {
    poll.set(1, reading, POLLIN);
    assert.equal(poll.wait(0), 0);
    assert.equal(poll.ready(1), 0);

    poll.set(3, writing, POLLOUT);
    assert.equal(poll.wait(Infinity), 1);
    assert.equal(poll.ready(3), POLLOUT);

    libc.write(writing, new Uint8Array(1), 1);
    assert.equal(poll.wait(1000), 2);
    assert.equal(poll.ready(1), POLLIN);

    poll.clear(1);
    assert.equal(poll.wait(0), 1);
    assert.equal(poll.ready(1), 0);
  });
});

Deno.test("reports hang-ups and closed descriptors", () => {
  const poll = new PollSet(new Arena(65536), 2);
  withPipe((reading, writing) => {
    poll.set(0, reading, POLLIN);
    libc.close(writing);
    assert.equal(poll.wait(Infinity), 1);
    assert.equal(poll.ready(0), POLLHUP);
    poll.set(0, 1 << 20, POLLIN);
    assert.equal(poll.wait(0), 1);
    assert.equal(poll.ready(0), POLLNVAL);
  });
});

Deno.test("waits no less than the time asked for, fractions included", () => {
  const poll = new PollSet(new Arena(65536), 1);
  for (const timeoutMs of [0.3, 1, 12.75, 1001.5]) {
    const start = performance.now();
    assert.equal(poll.wait(timeoutMs), 0);
    assert(performance.now() - start >= timeoutMs - 0.01, `${performance.now() - start}`);
  }
  assert.equal(poll.wait(-5), 0);
});

Deno.test("times become whole microseconds, no shorter than they were", () => {
  assert.equal(toMicroseconds(0), 0);
  assert.equal(toMicroseconds(-3), 0);
  assert.equal(toMicroseconds(0.0001), 1);
  assert.equal(toMicroseconds(1.5), 1500);
  assert.equal(toMicroseconds(1e9), MAX_WAIT_MICROSECONDS);
  assert.equal(toMicroseconds(Infinity), -1);
});

/** More than a process may have open, so that the kernel refuses to look at all of them. */
const TOO_MANY = 1 << 20;

Deno.test("a failing ppoll and a wrong index are told apart from readiness", () => {
  const poll = new PollSet(new Arena(1 << 24), TOO_MANY);
  withPipe((reading) => {
    poll.set(TOO_MANY - 1, reading, POLLIN);
    assert.throws(
      () => poll.wait(0),
      (error) => error instanceof SysError && error.code === "EINVAL",
    );
  });
  assert.throws(() => new PollSet(new Arena(65536), 1).ready(1), RangeError);
});

Deno.test("the kernel isn't shown the unused entries at the end", () => {
  const poll = new PollSet(new Arena(1 << 24), TOO_MANY);
  assert.equal(poll.wait(0), 0);
  withPipe((reading, writing) => {
    poll.set(0, writing, POLLOUT);
    poll.set(5, writing, POLLOUT);
    poll.set(TOO_MANY - 1, reading, POLLIN);
    poll.clear(TOO_MANY - 1);
    assert.equal(poll.wait(0), 2);
    poll.clear(0);
    assert.equal(poll.wait(0), 1);
    assert.equal(poll.ready(5), POLLOUT);
    poll.clear(5);
    assert.equal(poll.wait(0), 0);
    poll.set(2, writing, POLLOUT);
    assert.equal(poll.wait(0), 1);
    assert.equal(poll.ready(2), POLLOUT);
  });
});

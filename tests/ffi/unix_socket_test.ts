import "./bind_libc.ts";
import assert from "node:assert/strict";
import { Arena } from "../../ffi/arena.ts";
import { withEffectiveCapabilities } from "../../ffi/capabilities.ts";
import { Errno, SysError } from "../../ffi/errno.ts";
import { F_GETFD, F_GETFL, FD_CLOEXEC, O_NONBLOCK, POLLIN } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { groupNumber } from "../../ffi/group.ts";
import { FileWatch } from "../../ffi/inotify.ts";
import { PollSet } from "../../ffi/poll.ts";
import { UnixListener, UnixStream } from "../../ffi/unix_socket.ts";

function withDirectory(body: (directory: string) => void): void {
  const directory = Deno.makeTempDirSync();
  try {
    body(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

const failsWith = (code: string) => (error: unknown) =>
  error instanceof SysError && error.code === code;

Deno.test("client and server exchange data", () => {
  withDirectory((directory) => {
    const path = `${directory}/wgf.sock`;
    const listener = UnixListener.listen(path);
    assert.equal(listener.accept(), null);
    const client = UnixStream.connect(path);
    const server = listener.accept();
    assert(server !== null);
    assert.notEqual(libc.fcntl(server.fd, F_GETFL, 0) & O_NONBLOCK, 0);
    assert.equal(libc.fcntl(server.fd, F_GETFD, 0), FD_CLOEXEC);

    const buffer = new Uint8Array(100);
    assert.equal(server.read(buffer), -Errno.EAGAIN);
    client.writeAll(new TextEncoder().encode("get=1\n\n"));
    client.endWriting();
    assert.equal(server.read(buffer), 7);
    assert.equal(server.read(buffer), 0);

    // More than the socket holds: the server writes as the client reads.
    const answer = crypto.getRandomValues(new Uint8Array(60_000));
    let sent = 0;
    for (;;) {
      const count = server.write(answer.subarray(sent % answer.length));
      if (count === -Errno.EAGAIN) break;
      assert(count > 0);
      sent += count;
    }
    server.close();
    const received = client.readAll();
    assert.equal(received.length, sent);
    assert(received.every((byte, at) => byte === answer[at % answer.length]));
    client.close();
    listener.close();
  });
});

Deno.test("writing to a client that is gone is an error, not a signal", () => {
  withDirectory((directory) => {
    const listener = UnixListener.listen(`${directory}/wgf.sock`);
    const client = UnixStream.connect(listener.path);
    const server = listener.accept();
    client.close();
    assert.equal(server?.write(new Uint8Array(1)), -Errno.EPIPE);
    server?.close();
    listener.close();
  });
});

Deno.test("a server that keeps silent ends the client's patience", () => {
  withDirectory((directory) => {
    const listener = UnixListener.listen(`${directory}/wgf.sock`);
    const client = UnixStream.connect(listener.path, 20);
    assert.throws(() => client.readAll(), /took too long/);
    assert.throws(() => client.writeAll(new Uint8Array(1 << 22)), /took too long/);
    client.close();
    listener.close();
  });
});

Deno.test("the socket is for its owner only, in a directory for all to see", () => {
  withDirectory((directory) => {
    const umask = libc.umask(0o027);
    try {
      const listener = UnixListener.listen(`${directory}/run/wireguard/wgf.sock`);
      const mode = (path: string) => (Deno.statSync(path).mode ?? 0) & 0o777;
      assert.equal(mode(listener.path) & 0o077, 0);
      assert.equal(mode(`${directory}/run/wireguard`), 0o755);
      assert.equal(libc.umask(0o027), 0o027, "the umask is as it was");
      listener.close();
    } finally {
      libc.umask(umask);
    }
  });
});

Deno.test("a socket for a group is for that group, too, and nobody else", () => {
  withDirectory((directory) => {
    const path = `${directory}/wgf.sock`;
    // Who isn't root may only give files to groups of their own.
    const group = Deno.uid() === 0 ? 54321 : Deno.gid() ?? 0;
    const before = Deno.umask(0o777);
    let listener: UnixListener;
    try {
      listener = UnixListener.listen(path, { group });
    } finally {
      Deno.umask(before);
    }
    const { mode, gid, uid } = Deno.statSync(path);
    assert.equal((mode ?? 0) & 0o777, 0o660);
    assert.deepEqual([uid, gid], [Deno.uid(), group]);
    listener.abandon();
    assert.ok(Deno.statSync(path).isSocket);
    assert.throws(() => UnixStream.connect(path), failsWith("ECONNREFUSED"));
  });
});

Deno.test("a group has a number, by its name or by itself", () => {
  assert.equal(groupNumber("root"), 0);
  assert.equal(groupNumber("54321"), 54321);
  for (const name of ["", "no-such-group", "-1", "1.5", "root\0", "99999999999"]) {
    assert.equal(groupNumber(name), null, name);
  }
});

Deno.test("a socket in use is left alone, an abandoned one is replaced", () => {
  withDirectory((directory) => {
    const path = `${directory}/wgf.sock`;
    const first = UnixListener.listen(path);
    assert.throws(() => UnixListener.listen(path), failsWith("EADDRINUSE"));
    UnixStream.connect(path).close();

    libc.close(first.fd);
    assert.throws(() => UnixStream.connect(path), failsWith("ECONNREFUSED"));
    const second = UnixListener.listen(path);
    UnixStream.connect(path).close();
    second.close();
    assert.throws(() => Deno.lstatSync(path), Deno.errors.NotFound);
    assert.throws(() => UnixStream.connect(path), failsWith("ENOENT"));
  });
});

Deno.test("what is no socket is never replaced", () => {
  withDirectory((directory) => {
    const path = `${directory}/wgf.sock`;
    Deno.writeTextFileSync(path, "precious");
    assert.throws(() => UnixListener.listen(path), failsWith("EEXIST"));
    assert.equal(Deno.readTextFileSync(path), "precious");
    assert.throws(() => UnixListener.listen(`${path}/x`), failsWith("ENOTDIR"));
    assert.throws(
      () => UnixListener.listen(`${directory}/${"x".repeat(100)}`),
      failsWith("ENAMETOOLONG"),
    );
  });
});

Deno.test("closing deletes the socket's file only if it is still the socket's", () => {
  withDirectory((directory) => {
    const path = `${directory}/wgf.sock`;
    const old = UnixListener.listen(path);
    assert.equal(old.exists, true);
    Deno.removeSync(path);
    assert.equal(old.exists, false);
    const successor = UnixListener.listen(path);
    old.close();
    assert.equal(successor.exists, true);
    UnixStream.connect(path).close();
    successor.close();
  });
});

Deno.test("an inherited listener works like its own", () => {
  withDirectory((directory) => {
    const { fd, path } = UnixListener.listen(`${directory}/wgf.sock`);
    const listener = UnixListener.fromFd(fd, path);
    const client = UnixStream.connect(path);
    assert.notEqual(listener.accept(), null);
    client.close();
    listener.close();
    assert.throws(() => Deno.lstatSync(path), Deno.errors.NotFound);
  });
});

for (
  const [what, change] of [
    ["deleted", (path: string) => Deno.removeSync(path)],
    ["renamed", (path: string) => Deno.renameSync(path, `${path}.old`)],
    ["replaced", (path: string) => {
      Deno.writeTextFileSync(`${path}.new`, "");
      Deno.renameSync(`${path}.new`, path);
    }],
  ] as const
) {
  Deno.test(`a socket's file being ${what} is noticed`, () => {
    withDirectory((directory) => {
      const listener = UnixListener.listen(`${directory}/wgf.sock`);
      const watch = FileWatch.open(listener.path);
      const poll = new PollSet(new Arena(65536), 1);
      poll.set(0, watch.fd, POLLIN);
      assert.equal(poll.wait(0), 0);
      Deno.chmodSync(listener.path, 0o660);
      assert.equal(poll.wait(120_000), 1);
      assert.equal(watch.isGone(), false);
      assert.equal(poll.wait(0), 0, "the events were taken");
      change(listener.path);
      assert.equal(poll.wait(120_000), 1);
      assert.equal(watch.isGone(), true);
      watch.close();
      listener.close();
    });
  });
}

Deno.test("a socket's file in a directory that was closed to us doesn't count as gone", () => {
  withDirectory((directory) => {
    const listener = UnixListener.listen(`${directory}/wgf.sock`);
    const watch = FileWatch.open(listener.path);
    Deno.chmodSync(directory, 0);
    withEffectiveCapabilities([], () => {
      assert.throws(() => Deno.lstatSync(listener.path), Deno.errors.PermissionDenied);
      assert.equal(watch.isGone(), false);
      watch.close();
      listener.close();
    });
    Deno.chmodSync(directory, 0o700);
  });
});

Deno.test("a socket's file is gone when its directory was replaced by a file", () => {
  withDirectory((directory) => {
    const listener = UnixListener.listen(`${directory}/run/wgf.sock`);
    const watch = FileWatch.open(listener.path);
    Deno.renameSync(`${directory}/run`, `${directory}/old`);
    Deno.writeTextFileSync(`${directory}/run`, "");
    assert.equal(watch.isGone(), true);
    watch.close();
    listener.close();
  });
});

Deno.test("a file that isn't there can't be watched", () => {
  assert.throws(() => FileWatch.open("/nonexistent"), failsWith("ENOENT"));
});

import { check, Errno, errno, SysError } from "./errno.ts";
import { setCloseOnExec, setNonblocking } from "./fd.ts";
import { type FileIdentity, fileIdentity, sameFile } from "./file_identity.ts";
import {
  AF_UNIX,
  MSG_NOSIGNAL,
  SHUT_WR,
  SO_ACCEPTCONN,
  SO_RCVTIMEO,
  SO_SNDTIMEO,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  TIMEVAL,
} from "./layout.ts";
import { libc } from "./libc.ts";
import { cString } from "./text.ts";
import { unixAddress } from "./unix_address.ts";

const BACKLOG = 128;
const DEFAULT_TIMEOUT_MS = 10_000;

/** A connected UNIX stream socket. */
export class UnixStream {
  /** Takes over the file descriptor of a connected socket. */
  constructor(readonly fd: number) {}

  /**
   * Connects to the socket at `path`. Reads and writes of the stream wait, for `timeoutMs` at most.
   *
   * @throws SysError with ENOENT when there is none, ECONNREFUSED when nobody listens any more
   */
  static connect(path: string, timeoutMs: number = DEFAULT_TIMEOUT_MS): UnixStream {
    const address = unixAddress(path);
    const fd = check("open a UNIX socket", libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    try {
      const stream = new UnixStream(fd);
      stream.limitTime(timeoutMs);
      check(`connect to ${path}`, libc.connect(fd, address, address.length));
      return stream;
    } catch (error) {
      libc.close(fd);
      throw error;
    }
  }

  /** Has each further read and write wait for `timeoutMs` at most, which is more than 0. */
  limitTime(timeoutMs: number): void {
    setTimeLimit(this.fd, SO_RCVTIMEO, timeoutMs);
    setTimeLimit(this.fd, SO_SNDTIMEO, timeoutMs);
  }

  /** Reads into `target`. Returns the bytes read, 0 at the end, or the negative error number. */
  read(target: Uint8Array): number {
    for (;;) {
      const count = libc.recv(this.fd, target as Uint8Array<ArrayBuffer>, target.length, 0);
      if (count >= 0) return count;
      const number = errno();
      if (number !== Errno.EINTR) return -number;
    }
  }

  /** Writes from `source`. Returns the bytes written, or the negative error number. */
  write(source: Uint8Array): number {
    for (;;) {
      const bytes = source as Uint8Array<ArrayBuffer>;
      const count = libc.send(this.fd, bytes, bytes.length, MSG_NOSIGNAL);
      if (count >= 0) return count;
      const number = errno();
      if (number !== Errno.EINTR) return -number;
    }
  }

  /**
   * Writes all of `source`, waiting as long as the time limit allows.
   *
   * @throws SysError, with EAGAIN when the time is over
   */
  writeAll(source: Uint8Array): void {
    for (let rest = source; rest.length > 0;) {
      const count = this.write(rest);
      if (count < 0) throw new SysError("write to a UNIX socket", -count, timeoutAdvice(-count));
      rest = rest.subarray(count);
    }
  }

  /**
   * Reads until the other side closes, waiting as long as the time limit allows for each part.
   *
   * @throws SysError, with EAGAIN when the time is over
   */
  readAll(): Uint8Array<ArrayBuffer> {
    const parts: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const part = new Uint8Array(65536);
      const count = this.read(part);
      if (count < 0) throw new SysError("read from a UNIX socket", -count, timeoutAdvice(-count));
      if (count === 0) break;
      parts.push(part.subarray(0, count));
      length += count;
    }
    const all = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      // Answers of the control socket hold private keys.
      part.fill(0);
      at += part.length;
    }
    return all;
  }

  /** Tells the other side that nothing more will be written. */
  endWriting(): void {
    libc.shutdown(this.fd, SHUT_WR);
  }

  close(): void {
    libc.close(this.fd);
  }
}

/** For whom a socket listens. */
export interface ListenOptions {
  /** Number of a group that may connect, too; null for none. */
  readonly group?: number | null;
}

/** A listening UNIX stream socket, bound to a path, for its owner and perhaps a group only. */
export class UnixListener {
  readonly #identity: FileIdentity | null;

  private constructor(
    /** Nonblocking, closed on exec. */
    readonly fd: number,
    readonly path: string,
  ) {
    this.#identity = fileIdentity(path);
  }

  /**
   * Listens at `path`, creates its directory where it is missing (mode 0755), and replaces a socket
   * that nobody listens at.
   *
   * @throws SysError with EADDRINUSE when somebody does
   */
  static listen(path: string, { group = null }: ListenOptions = {}): UnixListener {
    withUmask(0o022, () => makeDirectories(path.slice(0, path.lastIndexOf("/"))));
    const fd = check(
      "open a UNIX socket",
      libc.socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
    );
    // `wg show` deletes a socket that nobody listens at: no time must pass between bind and listen, as it
    // would if the function were looked up in between.
    const { listen } = libc;
    try {
      // The socket's file gets its mode from the umask; a chmod afterwards would come too late.
      withUmask(group === null ? 0o077 : 0o117, () => {
        bindPath(fd, path);
        if (group !== null) Deno.chownSync(path, null, group);
        check(`listen at ${path}`, listen(fd, BACKLOG));
      });
      return new UnixListener(fd, path);
    } catch (error) {
      libc.close(fd);
      throw error;
    }
  }

  /**
   * Takes over a listening socket that was inherited, and makes it nonblocking and closed on exec.
   *
   * @throws SysError with EBADF, ENOTSOCK or EINVAL when it isn't one
   */
  static fromFd(fd: number, path: string): UnixListener {
    const operation = `use file descriptor ${fd} as a listening socket`;
    const listens = new Int32Array(1);
    const length = Int32Array.of(listens.byteLength);
    check(operation, libc.getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, listens, length));
    if (listens[0] === 0) throw new SysError(operation, Errno.EINVAL, "it doesn't listen");
    setNonblocking(fd);
    setCloseOnExec(fd);
    return new UnixListener(fd, path);
  }

  /** The next client, nonblocking; null when none waits. */
  accept(): UnixStream | null {
    const fd = libc.accept4(this.fd, null, null, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return fd < 0 ? null : new UnixStream(fd);
  }

  /** Whether the file at the path is known to be still this socket's. */
  get exists(): boolean {
    try {
      return sameFile(this.#identity, fileIdentity(this.path));
    } catch {
      return false; // Its directory was closed to us.
    }
  }

  /** Stops listening, and leaves the socket's file to tell that somebody did. */
  abandon(): void {
    libc.close(this.fd);
  }

  /** Stops listening, and deletes the socket's file unless another has taken its place. */
  close(): void {
    if (this.exists) libc.unlink(cString(this.path));
    libc.close(this.fd);
  }
}

function bindPath(fd: number, path: string): void {
  const address = unixAddress(path);
  if (libc.bind(fd, address, address.length) === 0) return;
  const number = errno();
  if (number !== Errno.EADDRINUSE) throw new SysError(`listen at ${path}`, number);
  removeAbandoned(path);
  check(`listen at ${path}`, libc.bind(fd, address, address.length));
}

/** Deletes the socket at `path` if nobody listens at it. */
function removeAbandoned(path: string): void {
  const operation = `listen at ${path}`;
  const fd = check(
    "open a UNIX socket",
    libc.socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
  );
  const address = unixAddress(path);
  const number = libc.connect(fd, address, address.length) < 0 ? errno() : 0;
  libc.close(fd);
  // Whatever is no socket refuses connections too.
  if (number === Errno.ECONNREFUSED) {
    if (Deno.lstatSync(path).isSocket !== true) {
      throw new SysError(operation, Errno.EEXIST, "a file that is no socket is there: remove it");
    }
    libc.unlink(cString(path));
  } else if (number !== Errno.ENOENT) {
    throw new SysError(operation, Errno.EADDRINUSE, "another process serves this interface");
  }
}

function withUmask(umask: number, body: () => void): void {
  const before = libc.umask(umask);
  try {
    body();
  } finally {
    libc.umask(before);
  }
}

function makeDirectories(path: string): void {
  if (path === "" || libc.mkdir(cString(path), 0o755) === 0) return;
  const number = errno();
  if (number === Errno.EEXIST) return;
  const parent = path.slice(0, path.lastIndexOf("/"));
  if (number !== Errno.ENOENT || parent === path) {
    throw new SysError(`create the directory ${path}`, number);
  }
  makeDirectories(parent);
  check(`create the directory ${path}`, libc.mkdir(cString(path), 0o755));
}

function setTimeLimit(fd: number, option: number, timeoutMs: number): void {
  const time = new DataView(new ArrayBuffer(TIMEVAL.SIZE));
  time.setUint32(TIMEVAL.SECONDS, Math.floor(timeoutMs / 1000), true);
  time.setUint32(TIMEVAL.MICROSECONDS, Math.floor(timeoutMs % 1000 * 1000), true);
  check(
    "set the time limit of a UNIX socket",
    libc.setsockopt(fd, SOL_SOCKET, option, time, time.byteLength),
  );
}

function timeoutAdvice(number: number): string | undefined {
  return number === Errno.EAGAIN ? "the other side took too long" : undefined;
}

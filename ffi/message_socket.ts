import { check, Errno, errno, SysError } from "./errno.ts";
import {
  AF_UNIX,
  CMSGHDR,
  IOVEC,
  MSG_CMSG_CLOEXEC,
  MSG_CTRUNC,
  MSG_NOSIGNAL,
  MSG_TRUNC,
  MSGHDR,
  SCM_RIGHTS,
  SOCK_CLOEXEC,
  SOCK_SEQPACKET,
  SOL_SOCKET,
} from "./layout.ts";
import { libc } from "./libc.ts";

/** Most descriptors in one message. */
const MAX_FDS = 8;
/** Most bytes in one message. */
const MAX_SIZE = 4096;
const FD_SIZE = Int32Array.BYTES_PER_ELEMENT;

const IOVEC_OFFSET = MSGHDR.SIZE;
const CONTROL_OFFSET = IOVEC_OFFSET + IOVEC.SIZE;
const FDS_OFFSET = CONTROL_OFFSET + CMSGHDR.SIZE;
const DATA_OFFSET = FDS_OFFSET + MAX_FDS * FD_SIZE;

/** What one process passes to another. */
export interface Message {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** File descriptors (SCM_RIGHTS, unix(7)); those received are closed on exec. */
  readonly fds: readonly number[];
}

/** One end of a connection by which two processes pass messages, and file descriptors with them. */
export class MessageSocket {
  /** Takes over the file descriptor of a connected UNIX socket of the type SOCK_SEQPACKET. */
  constructor(readonly fd: number) {}

  /** Two ends of a connection, closed on exec. */
  static pair(): [MessageSocket, MessageSocket] {
    const fds = new Int32Array(2);
    const type = SOCK_SEQPACKET | SOCK_CLOEXEC;
    check("make a pair of sockets", libc.socketpair(AF_UNIX, type, 0, fds));
    return [new MessageSocket(fds[0] ?? -1), new MessageSocket(fds[1] ?? -1)];
  }

  /**
   * Sends 1 to {@linkcode MAX_SIZE} bytes with {@linkcode MAX_FDS} descriptors at most, which stay open
   * here.
   *
   * @throws SysError with EPIPE when the other end is closed, EMSGSIZE when it is too much
   */
  send({ bytes, fds }: Message): void {
    const operation = "send a message";
    if (bytes.length > MAX_SIZE || fds.length > MAX_FDS) {
      throw new SysError(operation, Errno.EMSGSIZE);
    }
    const { block, view } = newBlock(bytes.length, fds.length);
    block.set(bytes, DATA_OFFSET);
    const size = CMSGHDR.SIZE + fds.length * FD_SIZE;
    view.setUint32(CONTROL_OFFSET + CMSGHDR.LENGTH, size, true);
    view.setInt32(CONTROL_OFFSET + CMSGHDR.LEVEL, SOL_SOCKET, true);
    view.setInt32(CONTROL_OFFSET + CMSGHDR.TYPE, SCM_RIGHTS, true);
    fds.forEach((fd, i) => view.setInt32(FDS_OFFSET + i * FD_SIZE, fd, true));
    check(operation, libc.sendmsg(this.fd, block, MSG_NOSIGNAL));
  }

  /**
   * Waits for a message, and blocks this thread meanwhile. Null when the other end is closed.
   *
   * @throws SysError with EMSGSIZE when there is more in it than {@linkcode send} sends
   */
  receive(): Message | null {
    const { block, view } = newBlock(MAX_SIZE, MAX_FDS);
    const length = this.#receiveInto(block);
    if (length === 0) return null;
    const control = view.getUint32(MSGHDR.CONTROL_LENGTH, true);
    const fds: number[] = [];
    for (let at = FDS_OFFSET; at + FD_SIZE <= CONTROL_OFFSET + control; at += FD_SIZE) {
      fds.push(view.getInt32(at, true));
    }
    if ((view.getInt32(MSGHDR.FLAGS, true) & (MSG_TRUNC | MSG_CTRUNC)) !== 0) {
      for (const fd of fds) libc.close(fd);
      throw new SysError("receive a message", Errno.EMSGSIZE);
    }
    return { bytes: block.slice(DATA_OFFSET, DATA_OFFSET + length), fds };
  }

  /** Waits for a message without descriptors, while others go on. Null when the other end is closed. */
  async receiveLater(): Promise<Uint8Array<ArrayBuffer> | null> {
    const bytes = new Uint8Array(MAX_SIZE);
    const length = await libc.recvAsync(this.fd, bytes, bytes.length, 0);
    return length > 0 ? bytes.subarray(0, length) : null;
  }

  /** Closes it. */
  close(): void {
    libc.close(this.fd);
  }

  #receiveInto(block: Uint8Array<ArrayBuffer>): number {
    for (;;) {
      const length = libc.recvmsg(this.fd, block, MSG_CMSG_CLOEXEC);
      if (length >= 0) return length;
      const number = errno();
      if (number !== Errno.EINTR) throw new SysError("receive a message", number);
    }
  }
}

/** A struct msghdr, and all that it points to, for a message of `length` bytes with so many descriptors. */
function newBlock(
  length: number,
  fds: number,
): { block: Uint8Array<ArrayBuffer>; view: DataView<ArrayBuffer> } {
  const block = new Uint8Array(DATA_OFFSET + length);
  const view = new DataView(block.buffer);
  const base = Deno.UnsafePointer.value(Deno.UnsafePointer.of(block));
  const point = (offset: number, to: number) => view.setBigUint64(offset, base + BigInt(to), true);
  point(MSGHDR.IOV, IOVEC_OFFSET);
  view.setUint32(MSGHDR.IOV_LENGTH, 1, true);
  point(IOVEC_OFFSET + IOVEC.BASE, DATA_OFFSET);
  view.setUint32(IOVEC_OFFSET + IOVEC.LENGTH, length, true);
  if (fds > 0) {
    point(MSGHDR.CONTROL, CONTROL_OFFSET);
    view.setUint32(MSGHDR.CONTROL_LENGTH, CMSGHDR.SIZE + fds * FD_SIZE, true);
  }
  return { block, view };
}

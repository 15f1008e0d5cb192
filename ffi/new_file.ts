import { check } from "./errno.ts";
import { O_CLOEXEC, O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } from "./layout.ts";
import { libc } from "./libc.ts";
import { cString } from "./text.ts";

/** Who may do what with a file. */
export interface FilePermissions {
  readonly uid: number;
  readonly gid: number;
  /** The lowest twelve bits of `st_mode`. */
  readonly mode: number;
}

/**
 * A file that is being written. What is done to it is done by its descriptor: whatever others put at its
 * path meanwhile is left alone.
 */
export class NewFile implements Disposable {
  private constructor(readonly path: string, readonly fd: number) {}

  /**
   * Creates a file that nobody but the owner of this process may read.
   *
   * @throws SysError with EEXIST when there is anything at `path`, a symbolic link too
   */
  static create(path: string): NewFile {
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    return new NewFile(path, check(`create ${path}`, libc.open(cString(path), flags, 0o600)));
  }

  /** Writes all of `bytes`. Throws SysError. */
  writeAll(bytes: Uint8Array): void {
    for (let rest = bytes; rest.length > 0;) {
      const part = rest as Uint8Array<ArrayBuffer>;
      rest = rest.subarray(check(`write ${this.path}`, libc.write(this.fd, part, part.length)));
    }
  }

  /** Gives it to its owner. Throws SysError. */
  permit({ uid, gid, mode }: FilePermissions): void {
    check(`change the owner of ${this.path}`, libc.fchown(this.fd, uid, gid));
    // After chown(2), which may take bits away.
    check(`change the mode of ${this.path}`, libc.fchmod(this.fd, mode));
  }

  /** Has its content outlast a loss of power. Throws SysError. */
  sync(): void {
    check(`write ${this.path}`, libc.fsync(this.fd));
  }

  [Symbol.dispose](): void {
    libc.close(this.fd);
  }
}

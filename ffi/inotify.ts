import { check } from "./errno.ts";
import { type FileIdentity, fileIdentity, sameFile } from "./file_identity.ts";
import {
  IN_ATTRIB,
  IN_CLOEXEC,
  IN_DELETE_SELF,
  IN_MOVE_SELF,
  IN_NONBLOCK,
  INOTIFY_EVENT,
} from "./layout.ts";
import { libc } from "./libc.ts";
import { cString } from "./text.ts";

/** Notices when a file is deleted or replaced: poll {@linkcode fd}, and then ask {@linkcode isGone}. */
export class FileWatch {
  readonly #events = new Uint8Array(64 * INOTIFY_EVENT.SIZE);
  readonly #identity: FileIdentity | null;

  private constructor(
    /** Readable when something happened to the file. */
    readonly fd: number,
    readonly path: string,
  ) {
    this.#identity = fileIdentity(path);
  }

  /**
   * @throws SysError with ENOENT when the file doesn't exist, EMFILE when the user has too many watches
   * (fs.inotify.max_user_instances)
   */
  static open(path: string): FileWatch {
    const fd = check(`watch ${path}`, libc.inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    try {
      // A bound socket keeps its file's inode alive, so IN_DELETE_SELF comes too late. IN_ATTRIB tells
      // of the changed link count at once.
      const mask = IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;
      check(`watch ${path}`, libc.inotify_add_watch(fd, cString(path), mask));
      return new FileWatch(fd, path);
    } catch (error) {
      libc.close(fd);
      throw error;
    }
  }

  /** Takes the waiting events, and tells whether the file is known to be no longer at its path. */
  isGone(): boolean {
    while (libc.read(this.fd, this.#events, this.#events.length) > 0);
    try {
      return !sameFile(this.#identity, fileIdentity(this.path));
    } catch {
      return false; // Its directory was closed to us.
    }
  }

  close(): void {
    libc.close(this.fd);
  }
}

/** How often a taken lock is tried again, in milliseconds. */
const RETRY_MS = 50;
/** How long to wait silently, in milliseconds, before `onWait` is called. */
const PATIENCE_MS = 500;

/** What {@linkcode FileLock.acquire} may be told. */
export interface LockOptions {
  /** Ends the waiting with its reason. */
  readonly signal?: AbortSignal;
  /** Called once when somebody else holds the lock for a while. */
  readonly onWait?: () => void;
}

/**
 * An exclusive lock (flock(2)) that another process gets when its holder dies, however it dies.
 *
 * The file exists only while somebody holds or awaits the lock, so that nothing is left behind.
 */
export class FileLock implements Disposable {
  private constructor(readonly path: string, readonly file: Deno.FsFile) {}

  /** Waits for the lock at `path`, whose directory must exist. */
  static async acquire(path: string, options: LockOptions = {}): Promise<FileLock> {
    const { signal, onWait } = options;
    for (let waited = 0;; waited += RETRY_MS) {
      signal?.throwIfAborted();
      const lock = FileLock.tryAcquire(path);
      if (lock !== null) return lock;
      if (waited === PATIENCE_MS) onWait?.();
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  /** The lock, or null when somebody holds it. */
  static tryAcquire(path: string): FileLock | null {
    for (;;) {
      const file = Deno.openSync(path, { read: true, write: true, create: true, mode: 0o600 });
      if (!file.tryLockSync(true)) {
        file.close();
        return null;
      }
      // The previous holder may have removed the file between our open and our lock.
      if (isFileAt(file, path)) return new FileLock(path, file);
      file.close();
    }
  }

  /** Gives the lock to whoever waits for it, also when its file is gone or can't be removed. */
  release(): void {
    try {
      // Not one that others made in its place.
      if (isFileAt(this.file, this.path)) Deno.removeSync(this.path);
    } catch {
      // Then an unlocked file remains, which does no harm: what was done under the lock is done.
    } finally {
      this.file.close();
    }
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

function isFileAt(file: Deno.FsFile, path: string): boolean {
  try {
    const named = Deno.statSync(path), open = file.statSync();
    return named.ino === open.ino && named.dev === open.dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

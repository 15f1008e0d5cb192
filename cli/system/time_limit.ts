/** Kills a process that takes too long: while we wait for it, everybody else waits for our locks. */
export class TimeLimit implements Disposable {
  /** Whether it was killed. */
  expired = false;
  readonly #timer: ReturnType<typeof setTimeout>;

  /** Kills `child` after so many milliseconds, unless this is disposed of by then. */
  constructor(child: Deno.ChildProcess, milliseconds: number) {
    this.#timer = setTimeout(() => {
      this.expired = true;
      try {
        child.kill("SIGKILL");
      } catch {
        // It has just ended.
      }
    }, milliseconds);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

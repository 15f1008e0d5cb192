import { pollExit } from "../../ffi/process.ts";

/**
 * Takes note of the end of processes that became children of this one when their parents ended, as
 * process 1 of a container must, so that they don't stay as zombies.
 *
 * To be disposed before this process starts children that `isOwn` doesn't know, whose exit codes it
 * would take.
 */
export class OrphanReaper implements Disposable {
  readonly #isOwn: (pid: number) => boolean;
  readonly #onChildEnd = () => this.#reap();

  /** @param isOwn whether a child is one that somebody else waits for */
  constructor(isOwn: (pid: number) => boolean) {
    this.#isOwn = isOwn;
    Deno.addSignalListener("SIGCHLD", this.#onChildEnd);
    this.#reap();
  }

  [Symbol.dispose](): void {
    Deno.removeSignalListener("SIGCHLD", this.#onChildEnd);
  }

  #reap(): void {
    for (const pid of childProcesses()) if (!this.#isOwn(pid)) pollExit(pid);
  }
}

/** The children of this process, zombies included. */
function childProcesses(): number[] {
  const children: number[] = [];
  for (const { name: thread } of Deno.readDirSync("/proc/self/task")) {
    try {
      const text = Deno.readTextFileSync(`/proc/self/task/${thread}/children`);
      children.push(...text.split(" ").filter((word) => word !== "").map(Number));
    } catch {
      // The thread ended meanwhile.
    }
  }
  return children;
}

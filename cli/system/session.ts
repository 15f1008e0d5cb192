import { journalPath, type JournalScope } from "../journal.ts";
import type { Backend } from "../../core/plan.ts";
import { FileLock } from "./lock.ts";
import type { System } from "./system.ts";

/** What one run of `up` or `down` works with. */
export interface SessionOptions {
  /** The interface's name. */
  readonly name: string;
  readonly system: System;
  readonly scope: JournalScope;
  /** Where journals and locks are. */
  readonly directory: string;
  /** Who is to serve the interface that is brought up; an engine by default. */
  readonly backend?: Backend;
  /**
   * Inode number of the network namespace of the tunnel's UDP sockets; null, the default, where that is
   * this process's.
   */
  readonly birthNamespace?: number | null;
  /** Whether failures that the tunnel can live with count as failures. */
  readonly strict: boolean;
  /** Aborted with an {@linkcode Interruption} when the user wants it to end. */
  readonly signal: AbortSignal;
  /** Prints a line on stderr. */
  readonly print: (line: string) => void;
}

/** A signal asked the command to stop. */
export class Interruption extends Error {
  override readonly name = "Interruption";

  /** @param code the exit code: 128 and the signal's number */
  constructor(signal: Deno.Signal, readonly code: number) {
    super(`interrupted by ${signal}`);
  }
}

/** One run of `up` or `down` on one interface. */
export class Session {
  readonly name: string;
  readonly system: System;
  readonly scope: JournalScope;
  readonly directory: string;
  readonly backend: Backend;
  readonly birthNamespace: number | null;
  readonly strict: boolean;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;

  constructor(options: SessionOptions) {
    this.name = options.name;
    this.system = options.system;
    this.scope = options.scope;
    this.directory = options.directory;
    this.backend = options.backend ?? "userspace";
    this.birthNamespace = options.birthNamespace ?? null;
    this.strict = options.strict;
    this.signal = options.signal;
    this.print = options.print;
  }

  /** The same, but nothing interrupts it any more: what is begun is brought to its end. */
  uninterrupted(): Session {
    return new Session({ ...this, signal: new AbortController().signal });
  }

  /** Prints a command that is about to be carried out. */
  trace(command: string): void {
    this.print(`[#] ${command}`);
  }

  /** Prints what the user should know, though it isn't an error. */
  warn(text: string): void {
    this.print(`wgts: warning: ${text}`);
  }

  /** Waits until no other `up` or `down` of this interface runs. */
  async lockInterface(): Promise<Disposable> {
    const path = journalPath(this.directory, this.scope.namespace, this.name) + ".lock";
    return await this.#lock(path, `another wgts works on ${this.name}`);
  }

  /** Waits until nobody else changes what tunnels share. To be held for moments only. */
  async lockShared(): Promise<Disposable> {
    return await this.#lock(`${this.directory}/lock`, "another wgts changes shared settings");
  }

  async #lock(path: string, reason: string): Promise<Disposable> {
    const onWait = () => this.print(`wgts: waiting: ${reason}`);
    for (;;) {
      Deno.mkdirSync(this.directory, { recursive: true, mode: 0o700 });
      try {
        const lock = await FileLock.acquire(path, { signal: this.signal, onWait });
        return {
          [Symbol.dispose]: () => {
            lock.release();
            this.#tidyDirectory();
          },
        };
      } catch (error) {
        // Whoever finished just now may have removed the directory.
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
  }

  /** Removes the lock files of the dead, and the directory when nothing else is in it. */
  #tidyDirectory(): void {
    try {
      for (const { name } of Deno.readDirSync(this.directory)) {
        if (/(^|\.)lock$/.test(name)) FileLock.tryAcquire(`${this.directory}/${name}`)?.release();
      }
      Deno.removeSync(this.directory);
    } catch {
      // Another tunnel's journal is in it, or another process removed it.
    }
  }
}

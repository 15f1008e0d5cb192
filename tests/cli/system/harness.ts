import { Session } from "../../../cli/system/session.ts";
import type { Backend, Made } from "../../../core/plan.ts";
import type { System } from "../../../cli/system/system.ts";
import type { JournalScope } from "../../../cli/journal.ts";

/** Where the tests' journals belong to. */
export const SCOPE: JournalScope = {
  namespace: { device: 4, inode: 4026531840, cookie: "1" },
  bootId: "8d5f",
};

/** Of an interface that was given nothing. */
export const NOTHING_MADE: Made = {
  addresses: [],
  routes: [],
  fwmark: null,
  endpoints: {},
  settingsOfUp: {},
  complete: true,
};

/** What a test may set of a session. */
export interface SessionSettings {
  readonly name?: string;
  readonly backend?: Backend;
  readonly strict?: boolean;
  readonly signal?: AbortSignal;
  readonly scope?: JournalScope;
}

/** A directory for journals, and what was printed. */
export class Harness implements Disposable {
  readonly directory = `${Deno.makeTempDirSync(inMemory())}/wgts`;
  readonly printed: string[] = [];

  /** A run of `up` or `down`. */
  session(system: System, settings: SessionSettings = {}): Session {
    return new Session({
      name: settings.name ?? "wg0",
      system,
      scope: settings.scope ?? SCOPE,
      directory: this.directory,
      backend: settings.backend ?? "userspace",
      strict: settings.strict ?? false,
      signal: settings.signal ?? new AbortController().signal,
      print: (line) => this.printed.push(line),
    });
  }

  /** The files of the directory with their contents; empty when it doesn't exist. */
  files(): Record<string, string> {
    const files: Record<string, string> = {};
    try {
      for (const { name } of Deno.readDirSync(this.directory)) {
        files[name] = Deno.readTextFileSync(`${this.directory}/${name}`);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return files;
  }

  /** Makes the directory hold these files and no others. */
  restore(files: Readonly<Record<string, string>>): void {
    this.clear();
    Deno.mkdirSync(this.directory, { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      Deno.writeTextFileSync(`${this.directory}/${name}`, text);
    }
  }

  /** Whether the directory is still there. */
  exists(): boolean {
    try {
      return Deno.statSync(this.directory).isDirectory;
    } catch {
      return false;
    }
  }

  clear(): void {
    if (this.exists()) Deno.removeSync(this.directory, { recursive: true });
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.directory.replace(/\/wgts$/, ""), { recursive: true });
  }
}

/** A journal is written out with each change, which takes its time on a disk. */
function inMemory(): Deno.MakeTempOptions {
  try {
    return Deno.statSync("/dev/shm").isDirectory ? { dir: "/dev/shm" } : {};
  } catch {
    return {};
  }
}

import type { QuickInterfaceConfig } from "../../core/config/types.ts";
import { readConfig } from "./config_file.ts";
import { messageOf } from "./message_of.ts";

/** The `[Interface]` of a config's file as it is now, or as it last was when it can't be understood. */
export class EventHookConfig {
  readonly #path: string;
  readonly #log: (line: string) => void;
  #config: QuickInterfaceConfig | null = null;
  #stamp = "";

  /** @param log told why the file can't be understood, once for each change */
  constructor(path: string, log: (line: string) => void) {
    this.#path = path;
    this.#log = log;
  }

  /** Reads it when it has changed. Null when it could never be read. */
  read(): QuickInterfaceConfig | null {
    const stamp = stampOf(this.#path);
    if (stamp === this.#stamp) return this.#config;
    this.#stamp = stamp;
    try {
      this.#config = readConfig(this.#path, () => {}, { withKeys: false }).config.interface;
    } catch (error) {
      this.#log(messageOf(error));
    }
    return this.#config;
  }
}

/** What tells a file from what it was before, as far as it can be told without reading it. */
function stampOf(path: string): string {
  try {
    const { dev, ino, size, mtime } = Deno.statSync(path);
    return [dev, ino, size, mtime?.getTime()].join();
  } catch {
    return "none";
  }
}

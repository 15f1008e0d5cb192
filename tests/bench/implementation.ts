/** What can be measured. */
import type { MeasureGroup } from "./metrics.ts";
import type { ProgramName } from "./programs.ts";

/** One row of the table. */
export interface Implementation {
  /** For `--only` and the results. */
  readonly id: string;
  /** For people, with the version. */
  readonly name: string;
  /**
   * `wgts`: the program of this repository; `reference`: what it is made of, so no peer of it;
   * `userspace` and `kernel`: other implementations.
   */
  readonly kind: "wgts" | "userspace" | "kernel" | "reference";
  /** The command that serves the interface `device` in the foreground; null without a process. */
  readonly serve: ((device: string) => readonly string[]) | null;
  /**
   * A program that serves nothing: its memory is measured when it has created the file that is appended
   * to this command.
   */
  readonly program?: readonly string[];
  /** What must have been compiled. */
  readonly needs?: ProgramName;
  /** For its environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What can't be measured here, or has no meaning. */
  readonly without?: readonly MeasureGroup[];
  /** Left out unless `--only` names it. */
  readonly onRequest?: true;
}

/** The host's own WireGuard. */
export const KERNEL: Implementation = {
  id: "kernel",
  name: "the kernel's WireGuard",
  kind: "kernel",
  serve: null,
  without: ["memory", "idle", "handshake"],
};

/** The wire between the two namespaces, without a tunnel. */
export const DIRECT: Implementation = {
  id: "direct",
  name: "no tunnel",
  kind: "reference",
  serve: null,
  without: ["start", "memory", "idle", "handshake"],
};

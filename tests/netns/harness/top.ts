/** `wgts top` in a real terminal. */
import { wgts } from "./program.ts";
import type { Site } from "./site.ts";
import { Tmux } from "./tmux.ts";
import { waitFor } from "./wait.ts";

/** Its command line. */
export const TOP = [...wgts(), "top", "--interval=0.2"].join(" ");

export const WIDE = { columns: 110, rows: 24 };

/** Modes of a terminal that belongs to the shell. */
export const SHELL = { alternate: false, cursor: true, wrap: true };
/** Modes of one that `top` has taken over. */
export const SCREEN = { alternate: true, cursor: false, wrap: false };

/** `top` in a terminal. */
export interface Running {
  readonly site: Site;
  readonly terminal: Tmux;
  /** As seen from outside. */
  readonly pid: number;
}

export interface StartOptions {
  readonly env?: Record<string, string>;
  readonly shell?: readonly string[];
  /** What runs `top`. */
  readonly command?: string;
}

/** Starts `top` and waits until it shows wg0. */
export async function startTop(
  site: Site,
  { env = {}, shell = ["sh"], command = `${TOP}; echo code $?` }: StartOptions = {},
): Promise<Running> {
  const terminal = await Tmux.start(site.host, WIDE, env, shell);
  await terminal.command(command);
  await terminal.waitForText(/^wg0 .* up\b/m);
  const pid = await waitFor("top's process", async () => {
    for (const pid of await site.host.processes()) {
      const command = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
      if (command.includes("\0top\0")) return pid;
    }
  });
  return { site, terminal, pid };
}

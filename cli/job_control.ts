import { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP } from "../ffi/layout.ts";
import { withDefaultActions } from "../ffi/signal.ts";

/** Those that end a process. */
const END_SIGNALS = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/**
 * Stops this process, or all of its process group, as SIGTSTP does; returns when it goes on. So it does at
 * once where no shell could let it: where it ignores SIGTSTP, or its process group is orphaned (setpgid(2)).
 * Meanwhile the signals that end a process do so by themselves: its own handlers would wait for the event
 * loop, which a process in the background, where it can't read from the terminal, may never get to.
 */
export function stopUntilContinued(whom: "process" | "process group"): void {
  // A SIGTSTP that comes before its handler is back stops the process too: none is lost.
  withDefaultActions([SIGTSTP, ...END_SIGNALS], () => {
    Deno.kill(whom === "process" ? Deno.pid : 0, "SIGTSTP");
  });
}

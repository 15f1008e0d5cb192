import { formatUtc, isClockSet } from "../../core/wall_clock.ts";
import type { Session } from "./session.ts";

/**
 * Warns when the clock was never set, as on a host without one that keeps time, before NTP runs.
 *
 * @throws Error instead, if failures that the tunnel can live with count as failures
 */
export function checkClock(session: Session): void {
  const wall = session.system.wallClock();
  if (isClockSet(wall)) return;
  const text = `the clock isn't set, it says ${formatUtc(wall)}: peers that were in touch before ` +
    "refuse handshakes until it is, since those carry the time (TAI64N); ";
  const advice = "set it (timedatectl, NTP outside of the tunnel)";
  if (session.strict) {
    throw new Error(
      `${text}--strict makes that an error: ${advice} first, or go without --strict: the tunnel ` +
        "will work once it is set",
    );
  }
  session.warn(`${text}${advice}, and the tunnel will work without another \`up'`);
}

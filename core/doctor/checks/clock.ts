import { formatUtc, isClockSet } from "../../wall_clock.ts";
import { type DoctorFinding, findingsOf } from "../finding.ts";
import type { HostView } from "../host_view.ts";

const finding = findingsOf("clock");
/** How far a file's time may be ahead, in milliseconds: file systems and other hosts round. */
const TOLERANCE_MS = 60_000;

/** Whether handshakes carry a time that peers accept. */
export function checkClock(
  { wall, newestFile }: Pick<HostView, "wall" | "newestFile">,
): DoctorFinding[] {
  const now = formatUtc(wall);
  if (!isClockSet(wall)) {
    return [finding("problem", `the clock says ${now}: it was never set`, { meaning, advice })];
  }
  if (newestFile !== null && wall + TOLERANCE_MS < newestFile.time) {
    const written = formatUtc(newestFile.time);
    const seen = `the clock says ${now}, but ${newestFile.path} is of ${written}`;
    return [finding("warning", seen, { meaning, advice })];
  }
  return [finding("ok", `the clock says ${now}`)];
}

const meaning = "peers refuse handshakes that are older than the last one they saw (TAI64N), " +
  "until the clock has caught up";
const advice = "timedatectl set-ntp true; without NTP: date -u -s 'YYYY-MM-DD hh:mm'";

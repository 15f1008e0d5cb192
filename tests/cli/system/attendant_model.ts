import type { AttendantIdentity } from "../../../cli/journal.ts";
import type { Attended } from "../../../cli/system/attend.ts";
import type { ProcessIdentity } from "../../../cli/system/system.ts";

const FIRST_PID = 900_000;

/** The processes that run commands for events. */
export class AttendantModel {
  /** All that were started. */
  readonly all: { readonly attended: Attended; ended: boolean }[] = [];
  /** Whether it is said to be `up --foreground` itself. */
  inForeground = false;

  start(attended: Attended): AttendantIdentity {
    const pid = FIRST_PID + this.all.push({ attended, ended: false });
    return { pid, startTime: `t${pid}`, inForeground: this.inForeground };
  }

  end(pid: number): void {
    const attendant = this.all[pid - FIRST_PID - 1];
    if (attendant !== undefined) attendant.ended = true;
  }

  identify(pid: number): ProcessIdentity | null {
    return this.all[pid - FIRST_PID - 1]?.ended === false ? { pid, startTime: `t${pid}` } : null;
  }
}

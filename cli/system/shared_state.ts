/**
 * The setting that tunnels share, net.ipv4.conf.all.src_valid_mark: whoever finds it unset sets it, and
 * whoever leaves last restores it. Its owners are the journals that mention it. Hold
 * `Session.lockShared` around each of these.
 *
 * @module
 */
import { type JournalEntry, readJournals } from "../journal.ts";
import type { Session } from "./session.ts";

/** Whether the setting is on without any tunnel of ours having a part in it. */
export function srcValidMarkIsForeign(session: Session): boolean {
  return ownersBefore(session) === null && readCurrent(session) === "1";
}

/** What the setting was before the first of the tunnels that own it now. */
export function srcValidMarkBefore(session: Session): string {
  return ownersBefore(session) ?? session.system.readSrcValidMark();
}

/** The value to restore when `entry`'s tunnel leaves; null when it is to stay as it is. */
export function srcValidMarkToRestore(session: Session, entry: JournalEntry): string | null {
  if (entry.before === null || entry.before === "1" || ownersBefore(session) !== null) return null;
  return readCurrent(session) === "1" ? entry.before : null;
}

/** What other tunnels that own the setting say it was before; null when there are none. */
function ownersBefore(session: Session): string | null {
  for (const { entries } of readJournals(session.directory, session.scope, session.name)) {
    for (const { action, undone, before } of entries) {
      if (action.kind === "set-src-valid-mark" && !undone && before !== null) return before;
    }
  }
  return null;
}

function readCurrent(session: Session): string | null {
  try {
    return session.system.readSrcValidMark();
  } catch {
    return null; // no /proc/sys: nothing that could have been changed
  }
}

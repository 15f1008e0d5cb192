import { type DoctorFinding, findingsOf } from "../finding.ts";
import type { HostView } from "../host_view.ts";

const finding = findingsOf("engines");

/** Which interfaces died. */
export function checkEngines({ ended }: Pick<HostView, "ended">): DoctorFinding[] {
  if (ended.length === 0) return [finding("ok", "no engine died")];
  return ended.map(({ name, pid, reason }) =>
    finding("problem", `the engine of ${name}${pid === null ? "" : ` (process ${pid})`} died`, {
      interfaces: [name],
      meaning: `${reason}; until it is up again, its routes refuse packets or are gone`,
      advice: `wgts up ${name} (or wgts down ${name}, which cleans up)`,
    })
  );
}

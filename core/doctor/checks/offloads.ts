import { type DoctorFinding, findingsOf } from "../finding.ts";
import type { HostView } from "../host_view.ts";

const finding = findingsOf("offloads");

/** Whether the kernel takes and gives many packets at once. */
export function checkOffloads(
  { missingOffloads }: Pick<HostView, "missingOffloads">,
): DoctorFinding[] {
  if ("hidden" in missingOffloads) return [finding("unknown", missingOffloads.hidden)];
  const missing = missingOffloads.value;
  if (missing.length === 0) return [finding("ok", "the kernel has all offloads")];
  return [finding("warning", `the kernel lacks ${missing.join(", ")}`, {
    meaning: "tunnels work, but more slowly, since packets are passed one by one",
    advice: "Linux 6.2 or newer has all of them (uname -r)",
  })];
}

import { type DoctorFinding, findingsOf } from "../finding.ts";
import type { HostView } from "../host_view.ts";

const finding = findingsOf("capabilities");

/** Whether tunnels may be brought up. */
export function checkCapabilities(
  { isRoot, netAdmin }: Pick<HostView, "isRoot" | "netAdmin">,
): DoctorFinding[] {
  if (netAdmin) return [finding("ok", "CAP_NET_ADMIN is there")];
  if (!isRoot) {
    return [finding("unknown", "this user lacks CAP_NET_ADMIN", {
      meaning: "some of the host can't be seen, and only root can bring up tunnels",
      advice: "sudo wgts doctor",
    })];
  }
  return [finding("problem", "root lacks CAP_NET_ADMIN here", {
    meaning: "no tunnel can be brought up: the container, or the service, was started without it",
    advice: "docker run --cap-add NET_ADMIN; in a systemd unit: AmbientCapabilities=CAP_NET_ADMIN",
  })];
}

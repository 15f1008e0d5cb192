import { type DoctorFinding, findingsOf } from "../finding.ts";
import type { HostView } from "../host_view.ts";

const finding = findingsOf("ipv6");

/** Whether the tunnels that want IPv6 get it. */
export function checkIpv6({ ipv6, tunnels }: Pick<HostView, "ipv6" | "tunnels">): DoctorFinding[] {
  if (ipv6 === "on") return [finding("ok", "IPv6 is switched on")];
  const seen = ipv6 === "absent"
    ? "the kernel has no IPv6"
    : "IPv6 is switched off (net.ipv6.conf.default.disable_ipv6=1)";
  const interfaces = tunnels.filter(({ config, allowedIps }) =>
    [...config?.addresses ?? [], ...allowedIps].some(({ family }) => family === 6)
  ).map(({ name }) => name);
  if (interfaces.length === 0) return [finding("ok", `${seen}, and no tunnel wants it`)];
  return [finding("warning", seen, {
    interfaces,
    meaning: `${interfaces.join(", ")}: goes without its IPv6 addresses and routes`,
    advice: ipv6 === "absent"
      ? "boot without ipv6.disable=1, or take IPv6 out of Address and AllowedIPs"
      : "sysctl -w net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0",
  })];
}
